import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DatabaseAddress } from '#kit';
import { type Carried, carryOver } from '#steps';
import { sandboxHost } from '../../src/setup/host/sandbox.ts';
import { type Migration, shippedMigrations } from '../../src/setup/render/shipped.ts';
import { type TestPostgres, postgresVersions, startPostgres } from '../support/postgres.ts';

const host = sandboxHost('/nonexistent');
const [, system] = postgresVersions;
const migrations = {
  public: shippedMigrations('src/services/engine/schema/engine'),
  aaa_jdbc: shippedMigrations('src/services/engine/schema/aaa_jdbc'),
};
const engine: Carried = { name: 'engine', owner: 'engine', schemas: migrations };

/** Every table with the number and a digest of its rows, every sequence with its value, and who owns what. */
const everything = `select n.nspname || '.' || c.relname as name, pg_get_userbyid(c.relowner) as owner,
  (xpath('//x/text()', query_to_xml(case c.relkind
    when 'r' then format('select count(*) || '' '' || coalesce(md5(string_agg(t::text, chr(10) order by t::text)), '''') as x from %I.%I t', n.nspname, c.relname)
    when 'S' then format('select last_value || '' '' || is_called as x from %I.%I', n.nspname, c.relname)
    else 'select 0 as x' end, false, true, '')))[1]::text as content
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where n.nspname in ('public', 'aaa_jdbc') and c.relkind in ('r', 'S', 'v') order by 1`;

/** What is hard to carry: characters that COPY escapes, nothing at all, gaps in a sequence, rows that refer to later ones. */
const seed = `insert into audit_log (log_time, log_type, log_type_name, severity, message, user_name)
    select now(), 1, 'SEED', 0, E'tab\\there\\nline \\\\N \\\\. "quoted" ü 漢 ' || n, case when n % 2 = 0 then null else '' end from generate_series(1, 1000) n;
  delete from audit_log where audit_log_id > 990 and log_type_name = 'SEED';
  select setval('aaa_jdbc.groups_id_seq', 4711, false);
  update vdc_options set option_value = 'changed by hand' where option_name = 'SSHKeyAlias'`;

describe.skipIf(system?.missing === true)('a database that goes from PostgreSQL 15 to 18', () => {
  let old: TestPostgres;
  let fresh: TestPostgres;
  let servers: { readonly from: DatabaseAddress; readonly to: DatabaseAddress };
  const administrator = ({ host: at, port, superPassword }: TestPostgres): DatabaseAddress => ({
    ...{ host: at, port, name: 'postgres', user: 'postgres', password: superPassword },
  });
  /** On one of the servers as its administrator. */
  const on = (at: DatabaseAddress, text: string, name = 'engine'): Promise<readonly Record<string, unknown>[]> =>
    host.database.change({ ...at, name }, (sql) => sql.rows(text));
  const empty = async (): Promise<void> => {
    await on(servers.to, 'drop database if exists engine with (force)', 'postgres');
    await on(servers.to, 'drop role if exists engine', 'postgres');
  };
  const carry = (wanted: Carried = engine): Promise<readonly string[]> => {
    const said: string[] = [];
    return carryOver(host, servers, [wanted], (line) => said.push(line)).then(() => said);
  };

  beforeAll(async () => {
    old = await startPostgres({ programs: system?.programs ?? '' });
    fresh = await startPostgres({ schemas: false });
    servers = { from: administrator(old), to: administrator(fresh) };
    await on(servers.from, seed);
  });
  afterAll(async () => {
    await old.stop();
    await fresh.stop();
  });

  test('leaves no copy of an earlier run behind, which a run that is taken back would take for its own', async () => {
    await empty();
    for (const name of ['engine_before_public', 'engine_failed'])
      await on(servers.from, `create database ${name} owner engine`, 'postgres');
    await carry();
    const left = await on(servers.from, "select datname as name from pg_database where datname like 'engine%'", 'postgres');
    expect(left).toEqual([{ name: 'engine' }]);
  });

  test('is the same there: every row, every sequence, every owner, and its role with the same password', async () => {
    await empty();
    const before = await on(servers.from, everything);
    expect(await carry()).toEqual([expect.stringMatching(/^engine: \d\d tables, \d{4} rows$/)]);
    const after = await on(servers.to, everything);
    expect(after).toEqual(before);
    expect(after.find(({ name }) => name === 'public.audit_log')).toMatchObject({
      owner: 'engine',
      content: expect.stringMatching(/^99\d /),
    });
    // As its owner, by the password that it had; nobody else may connect.
    const own = { ...servers.to, name: 'engine', user: 'engine', password: old.password };
    const [row] = await host.database.change(own, (sql) =>
      sql.rows<{ id: string }>(
        "insert into audit_log (log_time, log_type, log_type_name, severity, message) values (now(), 1, 'NEXT', 0, '') returning audit_log_id::text as id",
      ),
    );
    const [last] = await on(
      servers.from,
      "select max(last_value)::text as id from pg_sequences where sequencename = 'audit_log_audit_log_id_seq'",
    );
    expect(Number(row?.id)).toBe(Number(last?.['id']) + 1);
    expect(await on(servers.to, "select has_database_privilege('public', 'engine', 'connect') as open")).toEqual([{ open: false }]);
  });

  test('comes in the version that it has, which the ordinary migrations then bring on', async () => {
    await empty();
    const next: Migration = { version: '99000001', script: '99_00_0001_next.sql', sql: 'create table next (id integer)', checksum: 'next' };
    await carry({ ...engine, schemas: { ...migrations, public: [...migrations.public, next] } });
    expect(await on(servers.to, "select to_regclass('public.next') is null as old")).toEqual([{ old: true }]);
    expect(await on(servers.to, 'select version from schema_version where current')).toEqual(
      await on(servers.from, 'select version from schema_version where current'),
    );
  });

  test('newer than the program is refused', async () => {
    await empty();
    const older = { ...migrations, public: migrations.public.slice(0, -1) };
    await expect(carry({ ...engine, schemas: older })).rejects.toMatchObject({
      code: 'refused',
      message: expect.stringContaining('newer than'),
    });
    // One transaction: nothing of it is there.
    expect(await on(servers.to, "select 1 from pg_class where relnamespace = 'public'::regnamespace")).toEqual([]);
  });

  test.each([
    ['a table', 'create table mine (id integer)', 'drop table mine', 'table public.mine'],
    ['a column', 'alter table audit_log add mine text', 'alter table audit_log drop mine', 'column public.audit_log.mine text'],
    ['an index', 'create index mine on audit_log (user_name)', 'drop index mine', 'index public.mine'],
    ['a view', 'create view mine as select 1 as one', 'drop view mine', 'view public.mine'],
    ['a function', "create function mine() returns int language sql as 'select 1'", 'drop function mine', 'function mine()'],
    ['a schema', 'create schema mine', 'drop schema mine', 'schema mine'],
    [
      'a right',
      'grant select on audit_log to pg_monitor',
      'revoke select on audit_log from pg_monitor',
      'grant SELECT on public.audit_log to pg_monitor',
    ],
    ['a large object', 'select lo_create(4711)', 'select lo_unlink(4711)', 'large object 4711'],
    ['a setting', "alter database engine set work_mem = '9MB'", 'alter database engine reset all', 'set work_mem=9MB'],
    ['a setting of its role', "alter role engine set work_mem = '9MB'", 'alter role engine reset all', 'set work_mem=9MB'],
    [
      'a right on a column',
      'grant select (message) on audit_log to pg_monitor',
      'revoke select (message) on audit_log from pg_monitor',
      'grant SELECT on public.audit_log.message to pg_monitor',
    ],
    [
      'a rule',
      'create rule mine as on delete to audit_log where old.severity = 9 do instead nothing',
      'drop rule mine on audit_log',
      'rule mine on public.audit_log',
    ],
    ['a policy', 'create policy mine on audit_log using (true)', 'drop policy mine on audit_log', 'policy mine on public.audit_log'],
    ['statistics', 'create statistics mine on severity, log_type from audit_log', 'drop statistics mine', 'statistics public.mine'],
    ['a publication', 'create publication mine for table audit_log', 'drop publication mine', 'publication mine'],
    ['a role', 'create role reporter', 'drop role reporter', 'role reporter'],
    ['a database', 'create database reports', 'drop database reports', 'database reports'],
    // Named like a copy of ours, for a reason that setup does not know.
    ['another database', 'create database engine_before_moving', 'drop database engine_before_moving', 'database engine_before_moving'],
  ])('with %s of somebody else is refused, and names it', async (_what, make, remove, told) => {
    await empty();
    await on(servers.from, make);
    try {
      await expect(carry()).rejects.toMatchObject({ code: 'failed', message: expect.stringContaining(told) });
      expect(await on(servers.to, "select datname from pg_database where datname = 'reports'", 'postgres')).toEqual([]);
    } finally {
      await on(servers.from, remove);
    }
  });

  test('is refused where somebody keeps tables in the database that every server has', async () => {
    await empty();
    await on(servers.from, 'create table mine (id integer)', 'postgres');
    try {
      await expect(carry()).rejects.toMatchObject({
        code: 'failed',
        message: expect.stringMatching(/^The database postgres holds .*table public\.mine/),
      });
    } finally {
      await on(servers.from, 'drop table mine', 'postgres');
    }
  });

  test('leaves the new one empty where the old server dies on the way', async () => {
    await empty();
    const dying = host.database.transfer({ ...servers.from, name: 'engine' }, servers.to, async ({ to, copy }) => {
      await to.rows('create table half (id bigint)');
      const coming = copy('copy (select n from generate_series(1, 100000000) n) to stdout', 'copy half (id) from stdin');
      await old.kill();
      return coming;
    });
    await expect(dying).rejects.toMatchObject({ why: 'down', message: expect.stringContaining(`:${old.port},`) });
    await old.start();
    expect(await on(servers.to, "select to_regclass('half') is null as gone", 'postgres')).toEqual([{ gone: true }]);
  });
});
