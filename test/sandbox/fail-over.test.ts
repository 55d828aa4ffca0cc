import { afterAll, beforeAll, expect, test } from 'vitest';
import { openHistory } from '../../src/services/dwh/history.ts';
import { DatabaseUnavailable, openDatabase } from '../../src/services/frame/database.ts';
import { database } from '../../src/setup/host/database.ts';
import { addAdmin, adminPassword, startEngine } from '../support/engine.ts';
import { basic } from '../support/https-client.ts';
import { type TestPostgres, startPostgres } from '../support/postgres.ts';
import { runSql } from '../support/sql.ts';
import { until } from '../support/waiting.ts';
import { beat, giveEngineTo, makeHistory, startWarehouse, type TestHistory, warehouseId } from '../support/warehouse.ts';

/* A primary, a standby that copies it, and programs that know both. */

let primary: TestPostgres;
let standby: TestPostgres;
let history: TestHistory;
/** Both, with the one that takes no writes in front. */
let both: string;
const stopped: { stop(): Promise<unknown> }[] = [];

beforeAll(async () => {
  primary = await startPostgres();
  await addAdmin(primary);
  history = await makeHistory(primary);
  await giveEngineTo(primary, warehouseId);
  await beat(primary);
  standby = await primary.standby();
  both = `127.0.0.1:${standby.port},127.0.0.1:${primary.port}`;
});
afterAll(async () => {
  for (const one of stopped.reverse()) await one.stop();
  await standby.stop();
  await primary.stop();
});

/** As an administrator, or a manager of clusters, does it. */
const promote = ({ host, port, superPassword: password }: TestPostgres): Promise<unknown> =>
  runSql({ host, port, user: 'postgres', password, database: 'postgres' }, 'select pg_promote()');

const log = { info: () => undefined, warning: () => undefined, error: () => undefined };
const settings = (host: string) => ({ ...primary, host, port: 1, secured: false, securedValidation: false });
const address = (host: string) => ({ host, port: 1, name: primary.database, user: primary.user, password: primary.password });
const superuser = ({ host, port, superPassword: password }: TestPostgres) => ({ host, port, name: 'postgres', user: 'postgres', password });

test('services and setup find the server that takes writes, wherever it stands in the list', async () => {
  const pool = openDatabase(settings(both), log);
  stopped.push({ stop: () => pool.close() });
  const ports = [
    await pool.query<{ port: number }>('select inet_server_port() as port'),
    await database.look(address(both), (sql) => sql.rows<{ port: number }>('select inet_server_port() as port')),
    await database.change(address(both), (sql) => sql.rows<{ port: number }>('select inet_server_port() as port')),
  ];
  expect(ports).toEqual(ports.map(() => [{ port: primary.port }]));
});

test('a standby alone is not there for whoever writes, and says why', async () => {
  const alone = `127.0.0.1:${standby.port}`;
  const pool = openDatabase(settings(alone), log);
  const error: unknown = await pool.query('select 1').catch((thrown: unknown) => thrown);
  await pool.close();
  expect(error).toBeInstanceOf(DatabaseUnavailable);
  expect((error as Error).cause).toMatchObject({ name: 'TakesNoWrites' });
  await expect(openHistory({ ...history, host: alone }, 'UTC')).rejects.toBeInstanceOf(DatabaseUnavailable);
  await expect(database.look(address(alone), (sql) => sql.rows('select 1'))).rejects.toMatchObject({
    why: 'down',
    message: expect.stringContaining('takes no writes'),
  });
});

test('a server that is made read-only under a session counts as away, until it takes writes again', async () => {
  const write = 'update vdc_options set option_value = option_value where option_name = $1';
  const pool = openDatabase(settings(both), log);
  stopped.push({ stop: () => pool.close() });
  await pool.query(write, ['SSHKeyAlias']);
  // A session that is there has to notice by itself.
  await pool.query('set default_transaction_read_only = on');
  await database.change(superuser(primary), (sql) => sql.rows('alter database engine set default_transaction_read_only = on'));
  await expect(pool.query(write, ['SSHKeyAlias'])).rejects.toBeInstanceOf(DatabaseUnavailable);
  await database.change(superuser(primary), (sql) => sql.rows('alter database engine reset default_transaction_read_only'));
  await pool.query(write, ['SSHKeyAlias']);
});

test('an engine and a data warehouse outlive the fail-over to another server', async () => {
  const engine = await startEngine(primary, { settings: { ENGINE_DB_HOST: both, ENGINE_DB_PORT: '1' } });
  stopped.push(engine);
  const warehouse = await startWarehouse(primary, history, { ENGINE_DB_HOST: both, DWH_DB_HOST: both });
  stopped.push(warehouse);
  await warehouse.sees('ready');
  const health = async () => (await engine.client('/ovirt-engine/services/health')).status;
  const addTag = async (name: string) => {
    const headers = { authorization: basic('admin@internal', adminPassword), 'content-type': 'application/xml' };
    return (await engine.client('/ovirt-engine/api/tags', { method: 'POST', headers, body: `<tag><name>${name}</name></tag>` })).status;
  };
  const tagsOn = async (server: TestPostgres) =>
    (await server.query<{ name: string }>("select tag_name as name from tags where tag_name like 'fail-over-%' order by 1")).map(
      ({ name }) => name,
    );

  expect([await health(), await addTag('fail-over-1')]).toEqual([200, 201]);
  await until(async () => (await tagsOn(standby)).length === 1);

  await primary.kill();
  await until(async () => (await health()) === 500);
  // The standby can be read, and is no substitute.
  expect(await addTag('fail-over-2')).toBe(503);

  await promote(standby);
  await until(async () => (await health()) === 200);
  expect(await addTag('fail-over-3')).toBe(201);
  expect(await tagsOn(standby)).toEqual(['fail-over-1', 'fail-over-3']);
  await warehouse.sees('working again');
  expect(await engine.end()).toBe(0);
  expect(await warehouse.end()).toBe(0);
});
