import { type Config, ConfigError } from '../frame/config.ts';
import { tlsProfile } from '../frame/tls-profile.ts';
import type { LocalPlaces } from './images/blocks.ts';

export interface ListenSettings {
  /** Null: every address of the machine. */
  readonly address: string | null;
  readonly port: number;
  readonly certificate: string;
  readonly key: string;
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3';
  readonly ciphers: string;
  /** Certificates that vouch for those of clients; null: clients need none. */
  readonly clientCa: string | null;
  readonly clientMustHaveOne: boolean;
}

/** How hosts are reached. */
export interface HostSettings {
  readonly certificate: string;
  readonly key: string;
  readonly ca: string;
  readonly networks: readonly string[];
}

export interface Settings {
  readonly role: { readonly kind: 'daemon'; readonly places: LocalPlaces } | { readonly kind: 'proxy'; readonly hosts: HostSettings };
  readonly listen: ListenSettings;
  /** Null: there is none. An address of the abstract name space begins with a NUL. */
  readonly localSocket: string | null;
  readonly controlSocket: string;
  readonly most: { readonly read: number; readonly write: number };
  readonly maxConnections: number;
  readonly silenceMs: number;
  readonly removeWithinMs: number;
  readonly healthSocket: string | null;
}

const words = (text: string | null): readonly string[] => (text ?? '').split(/[\s,]+/).filter((word) => word !== '');

/** Takes what the service needs from its configuration. Throws ConfigError naming the key and its line. */
export function readSettings(config: Config): Settings {
  return {
    role: readRole(config),
    listen: readListen(config),
    localSocket: config.optionalText('LOCAL_SOCKET')?.replace(/^@/, '\0') ?? null,
    controlSocket: config.text('CONTROL_SOCKET', isPath),
    most: { read: config.integer('MAX_READERS', 1, 1_000), write: config.integer('MAX_WRITERS', 1, 1_000) },
    maxConnections: config.integer('MAX_CONNECTIONS', 1, 100_000),
    silenceMs: 1_000 * config.integer('INACTIVITY_TIMEOUT', 1, 86_400),
    removeWithinMs: 1_000 * config.integer('REMOVE_TIMEOUT', 0, 3_600),
    healthSocket: config.optionalText('HEALTH_SOCKET'),
  };
}

const isPath = (value: string): string | null => (value.startsWith('/') ? null : 'must be a path from the root');

function readRole(config: Config): Settings['role'] {
  const kind = config.text('ROLE', (value) => (value === 'daemon' || value === 'proxy' ? null : 'must be daemon or proxy'));
  if (kind === 'daemon') {
    const folders = words(config.optionalText('IMAGE_FOLDERS'));
    if (folders.some((folder) => isPath(folder) !== null)) throw new ConfigError(['IMAGE_FOLDERS must be paths from the root']);
    return { kind, places: { folders: folders.map((folder) => folder.replace(/\/+$/, '')), qemuNbd: config.text('QEMU_NBD', isPath) } };
  }
  return {
    kind: 'proxy',
    hosts: {
      certificate: config.text('HOST_CERTIFICATE'),
      key: config.text('HOST_KEY'),
      ca: config.text('HOST_CA'),
      networks: words(config.optionalText('HOST_NETWORKS')),
    },
  };
}

function readListen(config: Config): ListenSettings {
  const address = config.text('LISTEN_HOST');
  const minVersion = config.text('SSL_MIN_VERSION');
  if (minVersion !== 'TLSv1.2' && minVersion !== 'TLSv1.3') throw new ConfigError(['SSL_MIN_VERSION must be TLSv1.2 or TLSv1.3']);
  const clientCa = config.optionalText('CLIENT_CA');
  const clientMustHaveOne = config.yesNo('CLIENT_CERTIFICATE_REQUIRED');
  if (clientMustHaveOne && clientCa === null) throw new ConfigError(['CLIENT_CERTIFICATE_REQUIRED needs CLIENT_CA']);
  return {
    address: address === '*' ? null : address,
    port: config.port('LISTEN_PORT'),
    certificate: config.text('SSL_CERTIFICATE'),
    key: config.text('SSL_KEY'),
    minVersion,
    ciphers: config.optionalText('SSL_CIPHERS') ?? tlsProfile.ciphers,
    clientCa,
    clientMustHaveOne,
  };
}
