import { type Config, ConfigError } from '../frame/config.ts';
import { readTlsListener, type TlsListener } from '../frame/tls-listener.ts';
import type { LocalPlaces } from './images/blocks.ts';

export interface ListenSettings extends TlsListener {
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

/** Takes what the service needs from its configuration. Throws ConfigError naming the key and its line. */
export function readSettings(config: Config): Settings {
  return {
    role: readRole(config),
    listen: readListen(config),
    localSocket: config.optionalText('LOCAL_SOCKET')?.replace(/^@/, '\0') ?? null,
    controlSocket: config.path('CONTROL_SOCKET'),
    most: { read: config.integer('MAX_READERS', 1, 1_000), write: config.integer('MAX_WRITERS', 1, 1_000) },
    maxConnections: config.integer('MAX_CONNECTIONS', 1, 100_000),
    silenceMs: 1_000 * config.integer('INACTIVITY_TIMEOUT', 1, 86_400),
    removeWithinMs: 1_000 * config.integer('REMOVE_TIMEOUT', 0, 3_600),
    healthSocket: config.optionalText('HEALTH_SOCKET'),
  };
}

function readRole(config: Config): Settings['role'] {
  if (config.choice('ROLE', ['daemon', 'proxy']) === 'daemon') {
    const folders = config.words('IMAGE_FOLDERS', (folder) => (folder.startsWith('/') ? null : 'must be paths from the root'));
    return { kind: 'daemon', places: { folders: folders.map((folder) => folder.replace(/\/+$/, '')), qemuNbd: config.path('QEMU_NBD') } };
  }
  return {
    kind: 'proxy',
    hosts: {
      certificate: config.text('HOST_CERTIFICATE'),
      key: config.text('HOST_KEY'),
      ca: config.text('HOST_CA'),
      networks: config.words('HOST_NETWORKS'),
    },
  };
}

function readListen(config: Config): ListenSettings {
  const clientCa = config.optionalText('CLIENT_CA');
  const clientMustHaveOne = config.yesNo('CLIENT_CERTIFICATE_REQUIRED');
  if (clientMustHaveOne && clientCa === null) throw new ConfigError(['CLIENT_CERTIFICATE_REQUIRED needs CLIENT_CA']);
  return { ...readTlsListener(config, { address: 'LISTEN_HOST', port: 'LISTEN_PORT' }), clientCa, clientMustHaveOne };
}
