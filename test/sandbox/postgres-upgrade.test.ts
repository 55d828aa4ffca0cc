import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { formerProgram } from '../support/former-program.ts';
import { postgresVersions } from '../support/postgres.ts';
import { runSql } from '../support/sql.ts';
import { type Trial, eventually, manifest, newTrial, ownPaths, run, start } from '../support/trial.ts';
import { request } from '../support/trial-client.ts';
import { execa } from 'execa';

/* A trial that was installed when the program came with PostgreSQL 15, and is taken on by a program with a newer one. */

const [, system] = postgresVersions;
const directories: string[] = [];
const trials: Trial[] = [];

interface Former {
  readonly trial: Trial;
  /** Folder of the program that has installed it. */
  readonly program: string;
}

async function installedBefore(): Promise<Former> {
  const directory = mkdtempSync(join(tmpdir(), 'engine-setup-former-'));
  directories.push(directory);
  const program = join(directory, 'program');
  await mkdir(program);
  // Whoever PostgreSQL is run as has to get there.
  await execa('chmod', ['755', directory]);
  const trial = await newTrial();
  trials.push(trial);
  const { exitCode, stdout } = await execa(formerProgram(program, system?.programs ?? ''), trial.unattended, { reject: false });
  expect(exitCode, stdout).toBe(0);
  return { trial, program };
}
const at = ({ root }: Trial, ...path: readonly string[]): string => join(root, 'var/lib/pgsql', ...path);
const versionOf = (trial: Trial, data = 'data'): string => {
  const path = at(trial, data, 'PG_VERSION');
  return existsSync(path) ? readFileSync(path, 'utf8').trim() : '';
};

/** As the administrator of the server that runs. */
function sql<Row>(trial: Trial, database: string, text: string): Promise<Row[]> {
  const password = readFileSync(at(trial, 'admin-password'), 'utf8').trim();
  return runSql({ host: 'localhost', port: trial.databasePort, user: 'postgres', password, database }, text);
}
const serverVersion = async (trial: Trial): Promise<string> =>
  (await sql<{ server_version_num: string }>(trial, 'postgres', 'show server_version_num'))[0]?.server_version_num.slice(0, 2) ?? '';

/** Rows in both databases: of the history so many that they take a while. */
async function seed(trial: Trial): Promise<void> {
  await sql(
    trial,
    'engine',
    `insert into audit_log (log_time, log_type, log_type_name, severity, message)
     select now(), 1, 'SEED', 0, E'tab\\there, line\\nü \\\\N ' || n from generate_series(1, 500) n`,
  );
  await sql(
    trial,
    'ovirt_engine_history',
    `insert into users_details_history (user_id, username, create_date, active)
     select gen_random_uuid(), 'user ' || n, now(), n % 2 = 0 from generate_series(1, 400000) n`,
  );
}
const seeded = async (trial: Trial): Promise<unknown> => [
  await sql(
    trial,
    'engine',
    "select count(*)::int as n, md5(string_agg(a::text, ' ' order by audit_log_id)) from audit_log a where log_type_name = 'SEED'",
  ),
  await sql(
    trial,
    'ovirt_engine_history',
    // Not delete_date: the data warehouse sets it, when it next looks, on users that the engine does not have.
    `select count(*)::int as n, md5(string_agg((history_id, user_id, username, create_date, active)::text, ' ' order by history_id))
     from users_details_history where username like 'user %'`,
  ),
];
const login = async (trial: Trial): Promise<number> => {
  const authorization = `Basic ${Buffer.from(`admin@internal:${trial.password}`).toString('base64')}`;
  return (await request(trial, '/ovirt-engine/api', { headers: { authorization } })).status;
};
/** What the log of the last run says. */
const lastLog = ({ root }: Trial): string => {
  const folder = join(root, 'var/log/ovirt-engine/setup');
  return readFileSync(join(folder, readdirSync(folder).sort().at(-1) ?? ''), 'utf8');
};
const unitsOf = ({ root }: Trial): readonly string[] =>
  readdirSync(join(root, 'etc/systemd/system')).filter((name) => name.startsWith('postgresql'));

afterAll(async () => {
  for (const trial of trials) await trial.remove();
  for (const directory of directories) rmSync(directory, { recursive: true, force: true });
});

describe.skipIf(system?.missing === true)('a trial on PostgreSQL 15', () => {
  let trial: Trial;
  let rows: unknown;
  beforeAll(async () => {
    ({ trial } = await installedBefore());
    await seed(trial);
    rows = await seeded(trial);
    expect(versionOf(trial)).toBe('15');
  });

  test('shows in the plan what would be done, and stays as it is', async () => {
    const { code, stdout, stderr } = await run(['plan', ...trial.unattended]);
    expect(code, stdout).toBe(0);
    expect(stderr).toContain('The database cluster was made by PostgreSQL 15, and the programs on this host are PostgreSQL 18');
    expect(stdout).toMatch(/^ {2}> database\/upgrade +Upgrading PostgreSQL +15 -> 18, by copying \d+ MiB$/m);
    expect(stdout).toMatch(/^ {2}- database\/old-data .*the old data are removed when everything has succeeded$/m);
    expect(stdout).toContain('Stopped meanwhile, if they run: ovirt-engine, ovirt-fence-kdump-listener, ovirt-engine-dwhd.');
    expect(await serverVersion(trial)).toBe('15');
  });

  test('is left alone where somebody declines, with the versions', async () => {
    const before = manifest(trial.root, [...ownPaths, '/var/log', '/run', '/var/lib/pgsql/data', '/var/cache']);
    const { code, stdout } = await run([...trial.unattended, '--set', 'QUESTION/1/UPGRADE_DBMS=No']);
    expect(code, stdout).toBe(4);
    expect(stdout).toContain('The database cluster has to be upgraded before setup can go on');
    expect(manifest(trial.root, [...ownPaths, '/var/log', '/run', '/var/lib/pgsql/data', '/var/cache'])).toEqual(before);
  });

  test('has its old server back, with everything, where the upgrade fails', async () => {
    await sql(trial, 'ovirt_engine_history', 'create table mine as select 1 as one');
    const { code, stdout } = await run(trial.unattended);
    expect(code, stdout).toBe(1);
    expect(stdout).toMatch(/The database ovirt_engine_history holds what setup has not made and cannot carry over: .*table public\.mine/);
    expect(readdirSync(at(trial))).toEqual(['admin-password', 'data']);
    expect(unitsOf(trial)).toEqual(['postgresql.service']);
    expect([versionOf(trial), await serverVersion(trial)]).toEqual(['15', '15']);
    await sql(trial, 'ovirt_engine_history', 'drop table mine');
    expect(await seeded(trial)).toEqual(rows);
    await eventually('the engine answers again', async () => (await login(trial)) === 200);
  });

  /** The database of the engine is on the new server then, and that of the history on its way. */
  async function killedInTheMiddle(): Promise<void> {
    const killed = start(trial.unattended);
    await killed.until('Upgrading PostgreSQL');
    await eventually('half is copied', () => lastLog(trial).includes('step database/upgrade: engine: '));
    killed.child.kill('SIGKILL');
    expect((await killed.ended).code).toBeNull();
    expect(versionOf(trial)).toBe('15');
    expect(versionOf(trial, 'data.new')).toBe('18');
    expect(unitsOf(trial)).toContain('postgresql-old.service');
  }

  test('has its old server back by a rollback after setup was killed in the middle of the copy', async () => {
    await killedInTheMiddle();
    const { code, stdout } = await run(['rollback', `--root=${trial.root}`]);
    expect(code, stdout).toBe(0);
    expect(readdirSync(at(trial))).toEqual(['admin-password', 'data']);
    expect(unitsOf(trial)).toEqual(['postgresql.service']);
    await eventually('the old server answers', async () => (await serverVersion(trial).catch(() => '')) === '15');
    expect(await seeded(trial)).toEqual(rows);
  });

  test('is upgraded by the run after one that was killed in the middle of the copy; the old data are removed', async () => {
    await killedInTheMiddle();
    const { code, stdout } = await run(trial.unattended);
    expect(code, stdout).toBe(0);
    expect(stdout).toContain('did not come to its end; this one takes up its work');
    expect([versionOf(trial), await serverVersion(trial)]).toEqual(['18', '18']);
    expect(readdirSync(at(trial))).toEqual(['admin-password', 'data']);
    expect(unitsOf(trial)).toEqual(['postgresql.service']);
    expect(await seeded(trial)).toEqual(rows);
    expect(await login(trial)).toBe(200);
    expect((await trial.status()).state).toBe('running');
  });

  test('goes on counting where the old one was, and has nothing to do the next time', async () => {
    const [row] = await sql<{ fits: boolean }>(
      trial,
      'ovirt_engine_history',
      `with next as (insert into users_details_history (user_id, create_date) values (gen_random_uuid(), now()) returning history_id)
       select next.history_id > (select max(history_id) from users_details_history where username like 'user %') as fits from next`,
    );
    expect(row?.fits).toBe(true);
    const { stdout } = await run(['plan', ...trial.unattended, '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ pending: 0, owedRestarts: [] });
  });
});

describe.skipIf(system?.missing === true)('a trial whose programs of PostgreSQL 15 were replaced while it was stopped', () => {
  test('is upgraded by those of the system, and keeps its old data where that is answered', async () => {
    const { trial, program } = await installedBefore();
    expect((await run(['sandbox', 'stop', `--root=${trial.root}`])).code).toBe(0);
    rmSync(program, { recursive: true });
    const { code, stdout } = await run([...trial.unattended, '--set', 'OVESETUP_PROVISIONING/postgresUpgradeCleanold=False']);
    expect(code, stdout).toBe(0);
    expect(stdout).toContain(`The data of PostgreSQL 15 are kept in ${at(trial, 'data-15')}`);
    expect([versionOf(trial), versionOf(trial, 'data-15'), await serverVersion(trial)]).toEqual(['18', '15', '18']);
    expect(await login(trial)).toBe(200);
  });
});
