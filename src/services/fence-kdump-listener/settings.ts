import { isIP } from 'node:net';
import { type Config, ConfigError } from '../frame/config.ts';
import { readDatabase } from '../frame/database-settings.ts';
import type { DatabaseSettings } from '../frame/database.ts';

export interface ListenerSettings {
  readonly address: string;
  readonly port: number;
  readonly heartbeatMs: number;
  readonly syncMs: number;
  readonly reopenMs: number;
  readonly finishedMs: number;
  readonly healthSocket: string | null;
  readonly database: DatabaseSettings;
}

const longestSeconds = 86_400;

/**
 * Takes what the listener needs from its own configuration, and the way into the database from the engine's.
 * Throws ConfigError naming the key and its line.
 */
export function readSettings(own: Config, engine: Config): ListenerSettings {
  const milliseconds = (key: string): number => own.integer(key, 1, longestSeconds) * 1_000;
  const address = own.text('LISTENER_ADDRESS');
  if (isIP(address) === 0) throw new ConfigError(['LISTENER_ADDRESS must be an IP address; :: stands for all of IPv6 and IPv4']);
  return {
    address,
    port: own.port('LISTENER_PORT'),
    heartbeatMs: milliseconds('HEARTBEAT_INTERVAL'),
    syncMs: milliseconds('SESSION_SYNC_INTERVAL'),
    reopenMs: milliseconds('REOPEN_DB_CONNECTION_INTERVAL'),
    finishedMs: milliseconds('KDUMP_FINISHED_TIMEOUT'),
    healthSocket: own.optionalText('LISTENER_HEALTH_SOCKET'),
    database: readDatabase(engine, 'ENGINE_DB'),
  };
}
