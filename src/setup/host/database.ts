import { Socket } from 'node:net';
import type { Client, ClientConfig } from 'pg';
import { SetupError } from '../kit/errors.ts';
import type { DatabaseAddress, Host, Statement } from '../kit/host.ts';
import { connectionFailure, statementFailure } from './database-errors.ts';

const connectMs = 5_000;
const statementMs = 60_000;
/** Beyond the server's own limit: the server itself is stuck, or the network is gone. */
const silenceMs = statementMs + 10_000;
const farewellMs = 2_000;

interface Session {
  /** `single`: exactly one statement; otherwise a text without values may hold several. */
  run<R>(text: string, values: readonly unknown[], single: boolean): Promise<readonly R[]>;
  /** Whether a transaction is open. */
  inTransaction(): boolean;
}

/** Everything is said here, so that neither PG* variables nor ~/.pgpass have a say. */
const configuration = (at: DatabaseAddress, socket: Socket, options: string): ClientConfig => ({
  host: at.host,
  port: at.port,
  database: at.name,
  user: at.user,
  password: () => at.password,
  application_name: 'engine-setup',
  client_encoding: 'UTF8',
  ssl: at.tls === undefined ? false : { rejectUnauthorized: at.tls === 'verified', servername: at.host },
  stream: () => socket,
  options: `-c statement_timeout=${statementMs}${options}`,
});

/** Breaks the connection when something takes too long, with an errno like any other broken connection. */
async function within<T>(ms: number, socket: Socket, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const error = Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' });
      socket.destroy(error);
      reject(error);
    }, ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** A server that dies in the middle lets go of the connection without any error. */
const isLost = (socket: Socket): boolean => socket.destroyed || socket.readyState !== 'open';

async function connect(client: Client, socket: Socket, at: DatabaseAddress): Promise<void> {
  try {
    await within(connectMs, socket, client.connect());
  } catch (error) {
    const failure = connectionFailure(at, error, false);
    if (failure !== undefined) throw failure;
    // SCRAM gives up on an empty password by itself, without asking the server.
    throw connectionFailure(at, at.password === '' ? { code: '28P01' } : error, true) ?? statementFailure(at, error, '', []);
  }
}

const sessionOf = (client: Client, socket: Socket, at: DatabaseAddress): Session => ({
  async run<R>(text: string, values: readonly unknown[], single: boolean) {
    try {
      // The extended protocol takes exactly one statement, so that nothing can be smuggled in behind a COMMIT.
      const query = { text, values: [...values], ...(single ? { queryMode: 'extended' } : {}) };
      const answer: unknown = await within(silenceMs, socket, client.query(query));
      const last = (Array.isArray(answer) ? answer.at(-1) : answer) as { readonly rows: readonly R[] };
      return last.rows;
    } catch (error) {
      throw connectionFailure(at, error, isLost(socket)) ?? statementFailure(at, error, text, values);
    }
  },
  inTransaction: () => client.getTransactionStatus() === 'T',
});

/** Opens a session for some work, and closes it whatever happens. */
async function session<R>(at: DatabaseAddress, options: string, work: (session: Session) => Promise<R>): Promise<R> {
  const pg = await import('pg');
  const socket = new Socket();
  const client = new pg.default.Client(configuration(at, socket, options));
  // Whoever is waiting for an answer hears of it; without a listener the process would end.
  client.on('error', () => undefined);
  try {
    await connect(client, socket, at);
    return await work(sessionOf(client, socket, at));
  } finally {
    await within(farewellMs, socket, client.end()).catch(() => undefined);
    socket.destroy();
  }
}

/** All statements or none. */
async function atomically({ run, inTransaction }: Session, statements: readonly Statement[]): Promise<void> {
  await run('BEGIN', [], true);
  try {
    for (const { text, values = [] } of statements) {
      await run(text, values, false);
      if (!inTransaction()) throw new SetupError('failed', 'A statement ended the transaction that it was to be a part of');
    }
    await run('COMMIT', [], true);
  } catch (error) {
    // If this fails too, the session is gone, and PostgreSQL rolls back by itself.
    await run('ROLLBACK', [], true).catch(() => undefined);
    throw error;
  }
}

/** Sessions on PostgreSQL, one for each piece of work. */
export const database: Host['database'] = {
  /** One read-only transaction: a statement that fails ends it, and the session with it. */
  look: (at, work) =>
    session(at, ' -c default_transaction_read_only=on', async ({ run }) => {
      await run('BEGIN READ ONLY', [], true);
      // After its first query a transaction can no longer be made a writing one.
      await run('SELECT 1', [], true);
      return work({ rows: (text, values = []) => run(text, values, true) });
    }),
  /** A text without values may hold several statements, as migrations do. */
  change: (at, work) =>
    session(at, '', (opened) =>
      work({
        rows: (text, values = []) => opened.run(text, values, false),
        atomically: (statements) => atomically(opened, statements),
      }),
    ),
};
