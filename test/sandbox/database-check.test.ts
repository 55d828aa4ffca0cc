import { execa } from 'execa';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { database } from '../../src/setup/host/database.ts';
import type { DatabaseAddress } from '../../src/setup/kit/host.ts';
import { judgeAccess } from '../../src/setup/postgres/access.ts';
import { cidrOf, maskedOf } from '../../src/setup/postgres/hba-addresses.ts';
import { type HbaRecord, parseHba } from '../../src/setup/postgres/hba.ts';
import { type TestPostgres, postgresVersions, startPostgres } from '../support/postgres.ts';
import { run } from '../support/trial.ts';

/* Databases of somebody else, on real servers: what is wrong with them is told at once, and what is told to mend it does. */

const folder = mkdtempSync(join(tmpdir(), 'database-check-'));
afterAll(() => rmSync(folder, { recursive: true }));

const superuser = (server: TestPostgres): DatabaseAddress => ({
  ...{ host: server.host, port: server.port, name: 'postgres', user: 'postgres', password: server.superPassword },
});
const administer = (server: TestPostgres, text: string): Promise<unknown> => database.change(superuser(server), (sql) => sql.rows(text));

interface Report {
  readonly fits: boolean;
  readonly databases: readonly {
    readonly found?: object;
    readonly findings: readonly { readonly id: string; readonly level: string; readonly message: string }[];
    readonly snippet: readonly string[];
  }[];
}

function passwordFile(password: string): string {
  const path = join(folder, 'password');
  writeFileSync(path, `${password}\n`);
  chmodSync(path, 0o600);
  return path;
}

async function check(server: TestPostgres, ...more: readonly string[]): Promise<{ readonly code: number | null; readonly report: Report }> {
  const at = [`--host=${server.host}`, `--port=${server.port}`, `--password-file=${passwordFile(server.password)}`];
  const { code, stdout, stderr } = await run(['db', 'check', '--json', ...at, ...more]);
  expect(stdout + stderr).not.toContain(server.password);
  return { code, report: JSON.parse(stdout) as Report };
}
const ids = ({ report }: { readonly report: Report }): readonly string[] => (report.databases[0]?.findings ?? []).map(({ id }) => id);

/** The statements that a snippet gives to psql, as psql takes them. */
async function apply(server: TestPostgres, snippet: readonly string[]): Promise<void> {
  const end = snippet.findIndex((line) => line.includes('| sudo'));
  const { stdout } = await execa('sh', ['-c', snippet.slice(0, end).join('\n').replace(/ \\$/, '')]);
  for (const line of stdout.split('\n')) {
    if (!line.endsWith('\\gexec')) {
      // What is there already is refused, and the rest goes on.
      await administer(server, line).catch((error: unknown) => expect(String(error)).toMatch(/42710|42P04/));
      continue;
    }
    const rows = (await administer(server, line.replace(' \\gexec', ''))) as readonly Record<string, string>[];
    for (const statement of rows.flatMap((row) => Object.values(row))) await administer(server, statement);
  }
  await server.restart();
}

describe.each(postgresVersions.filter(({ missing }) => !missing))('$name', ({ programs }) => {
  let server: TestPostgres;
  beforeAll(async () => {
    server = await startPostgres({ schemas: false, ...(programs === undefined ? {} : { programs }) });
  });
  afterAll(() => server.stop());

  test('has all that differs told at once, and fits after that was mended', async () => {
    await administer(server, 'drop database engine');
    await administer(server, "create database engine template template0 encoding 'SQL_ASCII'");
    const before = await check(server);
    expect([before.code, before.report.fits]).toEqual([4, false]);
    expect(ids(before)).toEqual(['database-encoding', ...Array<string>(5).fill('database-settings'), 'database-owner', 'database-copies']);
    await apply(server, before.report.databases[0]?.snippet ?? []);
    const after = await check(server);
    expect([after.code, ids(after)]).toEqual([0, []]);
    expect(after.report.databases[0]).toMatchObject({
      found: { encoding: 'UTF8', collation: 'C', owner: 'engine', encrypted: false, objects: 0, schema: null },
      snippet: [],
    });
  });

  test('is told what it lacks also where the database is not there, or nobody is let in', async () => {
    const missing = await check(server, '--kind=dwh', '--user=engine');
    expect([missing.code, ids(missing)]).toEqual([4, ['database-no-database']]);
    await apply(server, missing.report.databases[0]?.snippet ?? []);
    expect((await check(server, '--kind=dwh', '--user=engine')).code).toBe(0);
    const denied = await check(server, '--user=other', '--database=others');
    expect([denied.code, ids(denied)]).toEqual([4, ['database-denied']]);
    await administer(server, 'alter system set max_connections = 500');
    await apply(server, denied.report.databases[0]?.snippet ?? []);
    await administer(server, `alter role other password '${server.password.replaceAll("'", "''")}'`);
    expect((await check(server, '--user=other', '--database=others')).code).toBe(0);
    // What was more than enough has stayed.
    expect(await server.query("select current_setting('max_connections') as max")).toEqual([{ max: '500' }]);
  });

  test('is not for a database with something of others in it, nor without TLS where it is wanted', async () => {
    expect(ids(await check(server, '--tls=required'))).toEqual(['database-no-tls']);
    await server.query('create function f() returns int language sql as $$ select 1 $$');
    const other = await check(server);
    expect([other.code, ids(other)]).toEqual([4, ['database-not-empty']]);
    expect(other.report.databases[0]?.snippet).toEqual([]);
    await server.query('drop function f()');
  });

  test('reads access rules as we do, down to the lines that are wrong', async () => {
    const lines = [
      'local all all peer',
      'local "all",b,/^c  +d,"e f" ident map=m',
      'host sameuser,samerole,samegroup,replication,"x""y" all 192.0.2.7/24 scram-sha-256',
      'host all all 192.0.2.0 255.255.0.255 md5',
      'hostssl all all 2001:db8::/33 cert clientcert=verify-full',
      'hostnossl all \\\nall ::ffff:192.0.2.1/128 reject # a note',
      'host all all .example.org trust',
      'host all all db.example.org "trust"',
      'host all all samenet trust',
      'hostnogssenc all all all password',
      'host all all all ident map="m, n"',
      'hst all all all trust',
      'host all all 1.2.3.4/40 trust',
      'host all all 1.2.3.4 trust',
      'host all all x.example.org/8 trust',
      'host all all all peer',
      'host all',
      'local all all nothing',
      'local all all trust option',
    ];
    const text = `# rules\n${lines.join('\n')}\n`;
    const [row] = await database.look(superuser(server), (sql) => sql.rows<{ path: string }>("select current_setting('hba_file') as path"));
    const kept = await database.look(superuser(server), (sql) =>
      sql.rows<{ text: string }>('select pg_read_file($1) as text', [row?.path]),
    );
    writeFileSync(row!.path, text);
    const theirs = await database.look(superuser(server), (sql) => sql.rows<Rule>('select * from pg_hba_file_rules order by line_number'));
    writeFileSync(row!.path, kept[0]!.text);
    const ours = parseHba(text);
    expect(ours.map(({ line, kind }) => [line, kind])).toEqual(
      theirs.map((rule) => [rule.line_number, rule.type === null ? 'flaw' : 'record']),
    );
    for (const [at, entry] of ours.entries()) if (entry.kind === 'record') expect(asTold(entry)).toEqual(asRead(theirs[at]!));
  });

  test('has its administrator warned of open doors and old verifiers', async () => {
    const at = { ...superuser(server), name: 'engine', user: 'engine' };
    expect(await judgeAccess({ database }, superuser(server), at)).toEqual([]);
    const [row] = await database.look(superuser(server), (sql) =>
      sql.rows<{ path: string; text: string }>(
        "select current_setting('hba_file') as path, pg_read_file(current_setting('hba_file')) as text",
      ),
    );
    writeFileSync(row!.path, `${row!.text}\nhost all all 192.0.2.0/24 trust\nhost all all\n`);
    await administer(server, "set password_encryption = 'md5'; alter role engine password 'old'");
    const found = await judgeAccess({ database }, superuser(server), at);
    expect(found.map(({ id, level }) => [id, level])).toEqual([
      ['access-rules', 'error'],
      ['trust-access', 'warning'],
      ['md5-verifier', 'warning'],
    ]);
    writeFileSync(row!.path, row!.text);
  });
});

interface Rule {
  readonly line_number: number;
  /** null: the line is wrong. One that cannot count because the server has no TLS has an error and is none the less right. */
  readonly type: string | null;
  readonly database: readonly string[];
  readonly user_name: readonly string[];
  readonly address: string | null;
  readonly netmask: string | null;
  readonly auth_method: string;
}

/** One of our records with the words that the server has for it. */
const asTold = ({ type, databases, users, address, method }: HbaRecord) => ({
  type,
  databases: databases.map((name) => ('text' in name ? name.text : name.kind)),
  users: users.map((name) => ('text' in name ? name.text : name.kind)),
  address: address?.kind === 'network' ? address.network : address?.kind === 'name' ? address.text : (address?.kind ?? null),
  method,
});
const asRead = ({ type, database: databases, user_name: users, address, netmask, auth_method: method }: Rule) => ({
  type,
  databases: databases.map((name) => name.replace(/^samegroup$/, 'samerole').replace(/^\//, '')),
  users: users.map((name) => name.replace(/^[+/]/, '')),
  address: netmask === null || address === null ? address : (maskedOf(address, netmask) ?? cidrOf(address)),
  method,
});
