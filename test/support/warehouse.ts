import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import type { DatabaseSettings } from '../../src/services/frame/database.ts';
import type { TestPostgres } from './postgres.ts';
import { logged, startService } from './service-process.ts';
import { runSql } from './sql.ts';

const inProgram = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const schemaFolder = inProgram('src/services/dwh/schema');

export interface TestHistory extends DatabaseSettings {
  query<Row>(text: string, values?: unknown[]): Promise<Row[]>;
}

const role = 'ovirt_engine_history';
const password = 'History-Canary:"\\$';

/** Makes the role and the database of the history on a server, with its schema as setup applies it. */
export async function makeHistory(postgres: Pick<TestPostgres, 'host' | 'port' | 'superPassword'>): Promise<TestHistory> {
  const { host, port } = postgres;
  const superuser = { host, port, user: 'postgres', password: postgres.superPassword, database: 'postgres' };
  await runSql(superuser, `create role ${role} login password ${pg.escapeLiteral(password)}`);
  await runSql(superuser, `create database ${role} owner ${role} template template0 encoding 'UTF8'`);
  const connection = { host, port, user: role, password, database: role };
  for (const name of (await readdir(schemaFolder)).sort()) {
    const version = name.split('_', 3).join('');
    const sql = await readFile(join(schemaFolder, name), 'utf8');
    await runSql(
      connection,
      `begin; ${sql}; update schema_version set current = false;
       insert into schema_version (version, script, checksum, current) values ('${version}', '${name}', '', true); commit`,
    );
  }
  return { ...connection, secured: false, securedValidation: false, query: (text, values) => runSql(connection, text, values) };
}

export const warehouseId = '6f1b3c1e-0000-4000-8000-00000000d0d0';

/** Gives the engine to a warehouse, as setup does, and lets it beat. */
export async function giveEngineTo(postgres: TestPostgres, uuid: string, hostName = 'dwh.example.net'): Promise<void> {
  await postgres.query(
    `update dwh_history_timekeeping set var_value = case var_name when 'dwhUuid' then $1 else $2 end where var_name in ('dwhUuid', 'dwhHostname')`,
    [uuid, hostName],
  );
}

/** A heartbeat of the engine, so many seconds ago. */
export const beat = (postgres: TestPostgres, secondsAgo = 0): Promise<unknown[]> =>
  postgres.query(`update dwh_history_timekeeping set var_datetime = now() - make_interval(secs => $1) where var_name = 'heartBeat'`, [
    secondsAgo,
  ]);

export interface TestWarehouse {
  readonly pid: number;
  readonly healthSocket: string;
  readonly folder: string;
  log(): string;
  /** Waits until its log has this message so many times. */
  sees(message: string, times?: number): Promise<void>;
  /** Sends a signal, or waits for it to end by itself; returns the exit code. */
  end(signal?: NodeJS.Signals | null): Promise<number | null>;
  /** Ends it and removes its files. */
  stop(): Promise<void>;
}

/** Starts the real program. */
export async function startWarehouse(
  engine: TestPostgres,
  history: DatabaseSettings,
  settings: Readonly<Record<string, string>> = {},
): Promise<TestWarehouse> {
  const folder = await mkdtemp(join(tmpdir(), 'warehouse-'));
  const config = join(folder, 'ovirt-engine-dwhd.conf');
  const healthSocket = join(folder, 'dwh.sock');
  const keys = {
    ...databaseKeys('ENGINE_DB', engine),
    ...databaseKeys('DWH_DB', history),
    DWH_UUID: warehouseId,
    DWH_SAMPLING: '1',
    DWH_HEALTH_SOCKET: healthSocket,
    ...settings,
  };
  await mkdir(`${config}.d`);
  const quote = (value: string): string => `"${value.replace(/["\\$]/g, '\\$&')}"`;
  await writeFile(
    `${config}.d/10-setup.conf`,
    Object.entries(keys)
      .map(([key, value]) => `${key}=${quote(value)}\n`)
      .join(''),
  );
  const child = startService({ name: 'dwh', environment: { DWH_CONF: config } });
  return {
    pid: child.pid,
    healthSocket,
    folder,
    log: child.log,
    sees: (message, times) => child.sees(logged(message), times),
    end: child.end,
    async stop() {
      await child.end();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

const databaseKeys = (
  prefix: string,
  { host, port, user, password, database }: Omit<DatabaseSettings, 'secured' | 'securedValidation'>,
) => ({
  [`${prefix}_HOST`]: host,
  [`${prefix}_PORT`]: String(port),
  [`${prefix}_USER`]: user,
  [`${prefix}_PASSWORD`]: password,
  [`${prefix}_DATABASE`]: database,
});
