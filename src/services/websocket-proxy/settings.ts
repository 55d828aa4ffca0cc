import { type Config, ConfigError } from '../frame/config.ts';
import { readTlsListener, type TlsListener } from '../frame/tls-listener.ts';

export interface TargetSettings {
  /** Certificates that vouch for those of hosts. */
  readonly ca: string;
  readonly verifyName: boolean;
  /** Networks in CIDR notation; none means everything that is really reached over a network. */
  readonly networks: readonly string[];
}

export interface Settings {
  readonly listen: TlsListener;
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
    listen: readTlsListener(config, { address: 'PROXY_HOST', port: 'PROXY_PORT' }),
    signer: config.text('CERT_FOR_DATA_VERIFICATION'),
    target: {
      ca: config.text('TARGET_CA'),
      verifyName: config.yesNo('TARGET_VERIFY_NAME'),
      networks: config.words('TARGET_NETWORKS'),
    },
    maxConsoles: config.integer('MAX_CONSOLES', 1, 100_000),
    maxMessageBytes: config.integer('MAX_MESSAGE_BYTES', 1_024, 64 * 2 ** 20),
    healthSocket: config.optionalText('HEALTH_SOCKET'),
  };
}
