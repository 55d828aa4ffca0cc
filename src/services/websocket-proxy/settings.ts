import { type Config, ConfigError } from '../frame/config.ts';
import { tlsProfile } from '../frame/tls-profile.ts';

export interface ListenSettings {
  /** Null: every address of the machine. */
  readonly address: string | null;
  readonly port: number;
  readonly certificate: string;
  readonly key: string;
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3';
  readonly ciphers: string;
}

export interface TargetSettings {
  /** Certificates that vouch for those of hosts. */
  readonly ca: string;
  readonly verifyName: boolean;
  /** Networks in CIDR notation; none means everything that is really reached over a network. */
  readonly networks: readonly string[];
}

export interface Settings {
  readonly listen: ListenSettings;
  /** The certificate whose key signs tickets. */
  readonly signer: string;
  readonly target: TargetSettings;
  readonly maxConsoles: number;
  readonly maxMessageBytes: number;
  readonly healthSocket: string | null;
}

/** Takes what the proxy needs from its configuration. Throws ConfigError naming the key and its line. */
export function readSettings(config: Config): Settings {
  if (!config.yesNo('SSL_ONLY')) throw new ConfigError(['SSL_ONLY must be True: consoles are not sent over networks in the clear']);
  return {
    listen: readListen(config),
    signer: config.text('CERT_FOR_DATA_VERIFICATION'),
    target: {
      ca: config.text('TARGET_CA'),
      verifyName: config.yesNo('TARGET_VERIFY_NAME'),
      networks: (config.optionalText('TARGET_NETWORKS') ?? '').split(/[\s,]+/).filter((word) => word !== ''),
    },
    maxConsoles: config.integer('MAX_CONSOLES', 1, 100_000),
    maxMessageBytes: config.integer('MAX_MESSAGE_BYTES', 1_024, 64 * 2 ** 20),
    healthSocket: config.optionalText('HEALTH_SOCKET'),
  };
}

function readListen(config: Config): ListenSettings {
  const address = config.text('PROXY_HOST');
  const minVersion = config.text('SSL_MIN_VERSION');
  if (minVersion !== 'TLSv1.2' && minVersion !== 'TLSv1.3') throw new ConfigError(['SSL_MIN_VERSION must be TLSv1.2 or TLSv1.3']);
  return {
    address: address === '*' ? null : address,
    port: config.port('PROXY_PORT'),
    certificate: config.text('SSL_CERTIFICATE'),
    key: config.text('SSL_KEY'),
    minVersion,
    ciphers: config.optionalText('SSL_CIPHERS') ?? tlsProfile.ciphers,
  };
}
