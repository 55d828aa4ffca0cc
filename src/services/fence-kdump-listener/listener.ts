import { fileURLToPath } from 'node:url';
import { loadConfig } from '../frame/config.ts';
import { openDatabase } from '../frame/database.ts';
import { createDrain } from '../frame/drain.ts';
import { serveHealth } from '../frame/health.ts';
import type { Log } from '../frame/log.ts';
import type { Mask } from '../frame/mask.ts';
import { ownVersion } from '../frame/own-version.ts';
import { isKdumpMessage } from './kdump-message.ts';
import { kdumpTables } from './kdump-tables.ts';
import { plainAddress } from './plain-address.ts';
import { createSessions } from './sessions.ts';
import { readSettings } from './settings.ts';
import { startSynchronizer } from './synchronizer.ts';
import { openUdpSocket } from './udp-socket.ts';

export interface ListenerParts {
  readonly configFile: string;
  /** The engine's configuration, which names the database. */
  readonly engineConfigFile: string;
  readonly log: Log;
  readonly mask: Mask;
  /** A clock that only runs forward. */
  readonly now: () => number;
  /** Called when the socket breaks: without it the listener is deaf. */
  readonly failed: (error: Error) => void;
}

export interface Listener {
  /** Fulfilled once the first sign of life is in the database. */
  readonly ready: Promise<void>;
  /** Ends it: no more messages, what is known is stored, then the database. */
  readonly stop: (reason: string) => Promise<void>;
}

const defaultsFile = fileURLToPath(new URL('defaults.conf', import.meta.url));
const stopWithinMs = 5_000;
/** More hosts than one engine has would have to crash at once before one of them was turned away. */
const strangersAtMost = 1_024;

/**
 * Starts listening for hosts that write crash dumps (fence_kdump_send), which does not take a database: until one
 * answers, who sends is kept in memory. Throws ConfigError, or what went wrong with the port or the health socket.
 */
export async function startListener({ configFile, engineConfigFile, log, mask, now, failed }: ListenerParts): Promise<Listener> {
  const settings = readSettings(await loadConfig(configFile, defaultsFile), await loadConfig(engineConfigFile, defaultsFile));
  mask.hide(settings.database.password);
  const version = await ownVersion();

  const sessions = createSessions({ finishedMs: settings.finishedMs, strangersAtMost, now });
  const receive = (datagram: Buffer, from: string, port: number): void =>
    sessions.heard(plainAddress(from) ?? from, port, isKdumpMessage(datagram));
  const socket = await openUdpSocket(settings, receive, failed);
  log.info('listening', { address: socket.address, port: socket.port, version });

  const database = openDatabase(settings.database, log, { name: 'fence-kdump-listener', connections: 1 });
  const synchronizer = startSynchronizer({ ...settings, sessions, tables: kdumpTables(database), log, now });
  const report = () =>
    ({
      service: 'fence-kdump-listener',
      version,
      state: synchronizer.connected() ? 'ready' : 'degraded',
      checks: { database: synchronizer.connected() ? 'up' : 'down' },
    }) as const;
  // After the port, so that a second listener fails there and leaves the socket of the first one alone.
  const health = settings.healthSocket === null ? null : await serveHealth(settings.healthSocket, async () => report());

  return {
    ready: synchronizer.ready.then(() => log.info('ready', { version })),
    stop: createDrain(
      [
        { name: 'the socket for messages', end: () => socket.close() },
        { name: 'the last comparison with the database', end: () => synchronizer.end() },
        { name: 'the health socket', end: async () => health?.close() },
        { name: 'the database pool', end: () => database.close() },
      ],
      stopWithinMs,
      log,
    ),
  };
}
