import { readFileSync } from 'node:fs';
import { type SecureContext, createSecureContext, getCACertificates } from 'node:tls';
import pg from 'pg';
import { errorFields, type Log } from './log.ts';
import { scramOnly } from './scram-only.ts';
import { type Server, serversOf } from './servers.ts';
import { isReadOnly, refusedByServer, sqlState } from './sql-state.ts';
import { firstWriter, needWriter, type Pool } from './writer.ts';

export type { Pool } from './writer.ts';

export interface DatabaseSettings {
  /** One server, or several with commas between them, of which the one that takes writes is used: `db1,db2:5433`. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  /** Whether to use TLS, and whether the server's certificate must then be valid. */
  readonly secured: boolean;
  readonly securedValidation: boolean;
  /** File with authorities in PEM that are trusted beside those of the system; null, or nothing: none. */
  readonly authority?: string | null;
}

/** Runs single statements, each its own transaction. */
export interface Database {
  /**
   * Runs a statement and returns its rows. Throws DatabaseUnavailable when the server cannot be reached or went away,
   * and the error of the driver when the server refuses the statement.
   */
  query<Row>(text: string, values?: readonly unknown[]): Promise<Row[]>;
  close(): Promise<void>;
}

/** The server cannot be reached, or the connection broke. Trying again later makes sense. */
export class DatabaseUnavailable extends Error {
  constructor(cause: unknown) {
    super('the database cannot be reached', { cause });
    this.name = 'DatabaseUnavailable';
  }
}

export interface PoolOptions {
  /** What the server calls its sessions. */
  readonly name?: string;
  /** How many it may have at once. */
  readonly connections?: number;
  /** Whether statements are planned once for each connection: for services that ask the same ones all the time. */
  readonly prepared?: boolean;
}

const contexts = new Map<string | null, SecureContext>();
/**
 * Authorities that the system trusts, beside those that Node does: an administrator adds one of their own to the former. They are read
 * once: hundreds of certificates in every single connection would be megabytes for each attempt to reach a server that is away.
 */
function trusting(authority: string | null): SecureContext {
  const known = contexts.get(authority);
  if (known !== undefined) return known;
  const own = authority === null ? [] : [readFileSync(authority, 'utf8')];
  const context = createSecureContext({ ca: [...getCACertificates('default'), ...getCACertificates('system'), ...own] });
  contexts.set(authority, context);
  return context;
}

/** How a connection is encrypted. */
function tlsOf({ secured, securedValidation, authority = null }: DatabaseSettings): pg.PoolConfig['ssl'] {
  if (!secured) return false;
  if (!securedValidation) return { rejectUnauthorized: false };
  return { secureContext: trusting(authority) };
}

/**
 * How each connection to a server is made.
 * @param name what the server calls its sessions
 */
export const connectionTo = ({ host, port }: Server, settings: DatabaseSettings, name: string) =>
  ({
    host,
    port,
    user: settings.user,
    password: settings.password,
    database: settings.database,
    ssl: tlsOf(settings),
    keepAlive: true,
    connectionTimeoutMillis: 5_000,
    application_name: name,
  }) as const;

/** So many different statements are kept prepared; further ones, such as searches that people type, are planned each time. */
const mostPrepared = 200;

type Statement = (text: string, values: unknown[]) => pg.QueryConfig;

const planned: Statement = (text, values) => ({ text, values });

/** Statements that the clients of a pool prepare, as far as they come first. */
function prepared(): Statement {
  const names = new Map<string, string>();
  return (text, values) => {
    if (!names.has(text) && names.size < mostPrepared) names.set(text, `s${names.size}`);
    const name = names.get(text);
    return name === undefined ? { text, values } : { name, text, values };
  };
}

/** The pool of the driver, as the part of one that is needed here. */
const poolOf = (pool: pg.Pool, statement: Statement): Pool => ({
  async connect() {
    const client = await pool.connect();
    return {
      query: (text, values) => client.query(statement(text, values)),
      release: (destroy) => client.release(destroy),
    };
  },
  end: async () => pool.end(),
});

/** Opens a small pool. Connects only when the first statement is run, so servers that are down do not matter yet. */
export function openDatabase(settings: DatabaseSettings, log: Log, options: PoolOptions = {}): Database {
  return createDatabase(firstWriter(serversOf(settings.host, settings.port).map((server) => openPool(server, settings, log, options))));
}

/** The pool of one server. */
function openPool(
  server: Server,
  settings: DatabaseSettings,
  log: Log,
  { name = 'engine', connections = 10, prepared: isPrepared = false }: PoolOptions,
): Pool {
  const pool = new pg.Pool({
    ...connectionTo(server, settings, name),
    Client: scramOnly(pg.Client),
    max: connections,
    idleTimeoutMillis: 60_000,
    statement_timeout: 10_000,
    query_timeout: 15_000,
    // The pool waits for it, whatever its types say.
    // eslint-disable-next-line @typescript-eslint/no-misused-promises
    onConnect: needWriter,
  });
  // Without a listener the end of an idle connection would end the process. The pool replaces it by itself.
  pool.on('error', (error) => log.warning('an idle database connection was lost', { error: errorFields(error).error }));
  // A client that is lent out has nobody listening either: it may die between two statements. Its next statement says so.
  pool.on('connect', (client) => client.on('error', () => undefined));
  return poolOf(pool, isPrepared ? prepared() : planned);
}

/** Wraps a pool. A statement that was surely not carried out, because its connection was dead or takes no writes, is tried once more. */
export function createDatabase(pool: Pool): Database {
  async function run(text: string, values: unknown[], mayRepeat: boolean): Promise<unknown[]> {
    const client = await pool.connect().catch((error: unknown) => {
      throw refusedByServer(error) ? error : new DatabaseUnavailable(error);
    });
    try {
      const { rows } = await client.query(text, values);
      client.release(false);
      return rows;
    } catch (error) {
      const broken = isBroken(error);
      client.release(broken);
      if (!broken) throw error;
      if (!mayRepeat || !(nothingWasSent(error) || isReadOnly(error))) throw new DatabaseUnavailable(error);
    }
    return run(text, values, false);
  }
  return {
    query: async <Row>(text: string, values: readonly unknown[] = []) => (await run(text, [...values], true)) as Row[],
    close: () => pool.end(),
  };
}

/** Everything that is not an answer to the statement itself: sockets, time limits, a server that shuts down, or takes no writes any more. */
const isBroken = (error: unknown): boolean => {
  const state = sqlState(error);
  return state === null || /^(08|57P0[1-5])/.test(state) || isReadOnly(error);
};

/** The driver's words for a statement that it refused to send because the connection was already gone. */
const nothingWasSent = (error: unknown): boolean => error instanceof Error && error.message.endsWith('is not queryable');
