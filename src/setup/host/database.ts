import { Socket } from 'node:net';
import { getCACertificates } from 'node:tls';
import type { Client, ClientConfig } from 'pg';
import { scramOnly } from '../../services/frame/scram-only.ts';
import { DatabaseUnavailable, SetupError } from '../kit/errors.ts';
import type { DatabaseAddress, Host, Statement } from '../kit/host.ts';
import { serversOf } from '../postgres/servers.ts';
import { allAway, connectionFailure, hasNoTls, statementFailure, takesNoWrites } from './database-errors.ts';
import { openAs } from './peer/open.ts';

const connectMs = 5_000;
const farewellMs = 2_000;

/** How long a statement may take: by the server's own limit, and beyond that by ours. Then the server itself is stuck, or the network gone. */
interface Patience {
  readonly statementMs: number;
  readonly silenceMs: number | undefined;
}
const usual: Patience = { statementMs: 60_000, silenceMs: 70_000 };
/** Work on a whole database takes as long as it takes. */
export const endless: Patience = { statementMs: 0, silenceMs: undefined };

interface Session {
  /** `single`: exactly one statement; otherwise a text without values may hold several. */
  run<R>(text: string, values: readonly unknown[], single: boolean): Promise<readonly R[]>;
  /** Whether a transaction is open. */
  inTransaction(): boolean;
}

/** Authorities that the system trusts, beside those that Node does: an administrator adds one of their own to the former. */
const trusted = (): string[] => [...getCACertificates('default'), ...getCACertificates('system')];

/** Everything is said here, so that neither PG* variables nor ~/.pgpass have a say. */
const configuration = (at: DatabaseAddress, socket: Socket, { statementMs }: Patience): ClientConfig => ({
  host: at.host,
  port: at.port,
  database: at.name,
  user: at.user,
  password: () => at.password,
  application_name: 'engine-setup',
  client_encoding: 'UTF8',
  ssl:
    at.tls === undefined
      ? false
      : at.tls === 'verified'
        ? { ca: [...trusted(), ...(at.authority === undefined ? [] : [at.authority])] }
        : { rejectUnauthorized: false },
  stream: () => socket,
  options: `-c statement_timeout=${statementMs}`,
});

/** Breaks the connection when something takes too long, with an errno like any other broken connection. */
async function within<T>(ms: number | undefined, socket: Socket, work: Promise<T>): Promise<T> {
  if (ms === undefined) return work;
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
    // The only byte that a server has said by now is N: no TLS.
    if (at.tls !== undefined && socket.bytesRead === 1) throw hasNoTls(at);
    // SCRAM gives up on an empty password by itself, without asking the server.
    throw connectionFailure(at, at.password === '' ? { code: '28P01' } : error, true) ?? statementFailure(at, error, '', []);
  }
}

const sessionOf = (client: Client, socket: Socket, at: DatabaseAddress, { silenceMs }: Patience): Session => ({
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

/** PostgreSQL lets the administrator in without a password where the kernel vouches for them; the driver connects by itself otherwise. */
async function peerSocket(at: DatabaseAddress): Promise<Socket> {
  let socket: Socket;
  try {
    socket = await openAs(at.user, `${at.host}/.s.PGSQL.${at.port}`);
  } catch (error) {
    throw connectionFailure(at, error, false) ?? error;
  }
  // It is connected already.
  socket.connect = () => {
    queueMicrotask(() => socket.emit('connect'));
    return socket;
  };
  return socket;
}

export interface OpenSession extends Session {
  readonly client: Client;
  close(): Promise<void>;
}

/** Connects to one server, if it takes writes. Throws DatabaseUnavailable. */
export async function open(at: DatabaseAddress, patience: Patience = usual): Promise<OpenSession> {
  const pg = await import('pg');
  const socket = at.host.startsWith('/') ? await peerSocket(at) : new Socket();
  const client = new (scramOnly(pg.default.Client))(configuration(at, socket, patience));
  // Whoever is waiting for an answer hears of it; without a listener the process would end.
  client.on('error', () => undefined);
  const close = async (): Promise<void> => {
    await within(farewellMs, socket, client.end()).catch(() => undefined);
    socket.destroy();
  };
  try {
    await connect(client, socket, at);
    const opened = sessionOf(client, socket, at, patience);
    const [state] = await opened.run<{ closed: boolean }>(
      "select pg_is_in_recovery() or current_setting('default_transaction_read_only')::boolean as closed",
      [],
      true,
    );
    if (state?.closed !== false) throw takesNoWrites(at);
    return { ...opened, client, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Connects to the server that takes writes. */
async function openAny(at: DatabaseAddress): Promise<OpenSession> {
  const failures: DatabaseUnavailable[] = [];
  for (const server of serversOf(at)) {
    try {
      return await open({ ...at, ...server });
    } catch (error) {
      if (!(error instanceof DatabaseUnavailable)) throw error;
      failures.push(error);
    }
  }
  throw allAway(failures);
}

/** Opens a session for some work, and closes it whatever happens. */
async function session<R>(at: DatabaseAddress, work: (session: Session) => Promise<R>): Promise<R> {
  const opened = await openAny(at);
  try {
    return await work(opened);
  } finally {
    await opened.close();
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
export const database: Omit<Host['database'], 'transfer'> = {
  /** One read-only transaction: a statement that fails ends it, and the session with it. */
  look: (at, work) =>
    session(at, async ({ run }) => {
      await run('SET default_transaction_read_only = on', [], true);
      await run('BEGIN READ ONLY', [], true);
      // After its first query a transaction can no longer be made a writing one.
      await run('SELECT 1', [], true);
      return work({ rows: (text, values = []) => run(text, values, true) });
    }),
  /** A text without values may hold several statements, as migrations do. */
  change: (at, work) =>
    session(at, (opened) =>
      work({
        rows: (text, values = []) => opened.run(text, values, false),
        atomically: (statements) => atomically(opened, statements),
      }),
    ),
};
