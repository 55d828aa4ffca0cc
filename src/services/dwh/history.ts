import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { connectionTo, createDatabase, type Database, type DatabaseSettings } from '../frame/database.ts';
import { scramOnly } from '../frame/scram-only.ts';
import { type Server, serversOf } from '../frame/servers.ts';
import { firstOf, needWriter } from '../frame/writer.ts';

/**
 * The one session through which the history is written. It holds the lock that makes its owner the only writer: when the
 * connection is lost so is the lock, and nothing can be written without it.
 */
export interface History extends Database {
  /** Runs some work as one transaction. */
  atomically<T>(work: () => Promise<T>): Promise<T>;
}

/** Another data warehouse writes to the same history. */
export class HistoryTaken extends Error {
  constructor(database: string) {
    super(`another data warehouse is running on the database ${database}; there can be only one`);
    this.name = 'HistoryTaken';
  }
}

/** The schema of the history, and the folder of SQL files it is made from. */
export const historySchema = { name: 'public', folder: fileURLToPath(new URL('schema', import.meta.url)) } as const;

/** `DWH` in bytes: a key that means something to whoever looks into pg_locks. */
const lockKey = 0x445748;
const statementMs = 120_000;

/**
 * Opens the session. Hours and days are those of the given time zone.
 * Throws HistoryTaken when somebody else holds the lock, DatabaseUnavailable when the server cannot be reached,
 * and the error of the driver when it refuses us.
 */
export async function openHistory(settings: DatabaseSettings, timeZone: string): Promise<History> {
  const servers = serversOf(settings.host, settings.port);
  const history = sessionOn(() => firstOf(servers.map((server) => () => connect(server, settings, timeZone))));
  try {
    const [lock] = await history.query<{ mine: boolean }>('select pg_try_advisory_lock($1) as mine', [lockKey]);
    if (lock?.mine !== true) throw new HistoryTaken(settings.database);
    return history;
  } catch (error) {
    await history.close();
    throw error;
  }
}

/** Connects to one server, if it takes writes. */
async function connect(server: Server, settings: DatabaseSettings, timeZone: string): Promise<pg.Client> {
  const client = new (scramOnly(pg.Client))({
    ...connectionTo(server, settings, 'ovirt-engine-dwhd'),
    statement_timeout: statementMs,
    // The server itself may be stuck, or the network gone.
    query_timeout: statementMs + 10_000,
    // An hour of a large installation is summed up in memory.
    options: `-c TimeZone=${timeZone} -c work_mem=64MB`,
  });
  // Without a listener an error would end the process; whoever waits for an answer hears of it.
  client.on('error', () => undefined);
  try {
    await client.connect();
    await needWriter(client);
    return client;
  } catch (error) {
    await client.end().catch(() => undefined);
    throw error;
  }
}

function sessionOn(open: () => Promise<pg.Client>): History {
  let lost = false;
  let connected: Promise<pg.Client> | undefined;
  const opened = async (): Promise<pg.Client> => {
    const client = await open();
    client.on('error', () => (lost = true));
    client.on('end', () => (lost = true));
    return client;
  };
  const database = createDatabase({
    async connect() {
      // Never a second time: a new connection would not have the lock.
      const client = await (connected ??= opened());
      if (lost) throw new Error('the connection to the history was lost');
      return {
        query: (text, values) => client.query(text, values),
        release: (destroy) => {
          lost ||= destroy;
        },
      };
    },
    end: async () => {
      await connected?.then((client) => client.end()).catch(() => undefined);
    },
  });
  return {
    ...database,
    async atomically(work) {
      await database.query('begin');
      try {
        const result = await work();
        await database.query('commit');
        return result;
      } catch (error) {
        // If this fails too, the session is gone, and the server rolls back by itself.
        await database.query('rollback').catch(() => undefined);
        throw error;
      }
    },
  };
}
