import type { Config } from '../frame/config.ts';
import type { Callers } from './wire/callers.ts';

export interface Settings {
  /** Null: every address of the machine. */
  readonly address: string | null;
  readonly port: number;
  readonly certificate: string;
  readonly key: string;
  readonly ca: string;
  readonly callers: Callers;
  readonly maxConnections: number;
  readonly healthSocket: string | null;
}

/** Takes what the agent needs from its configuration. Throws ConfigError naming the key and its line. */
export function readSettings(config: Config): Settings {
  const keys = config.words('CLIENT_KEYS', (key) =>
    /^[A-Za-z0-9+/]{43}=$/.test(key) ? null : 'must be SHA-256 fingerprints in base64, of 44 characters each',
  );
  return {
    address: config.address('LISTEN_HOST'),
    port: config.port('LISTEN_PORT'),
    certificate: config.text('SSL_CERTIFICATE'),
    key: config.text('SSL_KEY'),
    ca: config.text('SSL_CA'),
    callers: { names: config.words('CLIENT_NAMES'), keys },
    maxConnections: config.integer('MAX_CONNECTIONS', 1, 10_000),
    healthSocket: config.optionalText('HEALTH_SOCKET'),
  };
}
