import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type HostReader, file } from '#kit';
import { consistency } from '../../plugins/engine/consistency.ts';
import { hostedEngines } from '../../plugins/engine/hosted-engine.ts';
import { tasks } from '../../plugins/engine/tasks.ts';
import { levels } from '../../plugins/engine/levels.ts';
import { ended } from '../../plugins/engine/stale-tasks.ts';
import { postInstall } from '../../plugins/engine/settings.ts';
import { upgrade } from '../../plugins/engine/upgrade.ts';
import { paths } from '../../plugins/database/settings.ts';
import { sandboxHost } from '../../src/setup/host/sandbox.ts';
import { type TestPostgres, startPostgres } from '../support/postgres.ts';

/* What an upgrade asks a real database before the first question. */

let server: TestPostgres;
let host: HostReader;
let runs = true;
beforeAll(async () => {
  server = await startPostgres();
  const password = server.password.replace(/["\\]/g, '\\$&');
  const configuration = `ENGINE_DB_HOST="${server.host}"\nENGINE_DB_PORT="${server.port}"\nENGINE_DB_DATABASE="engine"\nENGINE_DB_USER="engine"\nENGINE_DB_PASSWORD="${password}"\n`;
  const disk = new Map([
    [paths.engineConfiguration, configuration],
    [postInstall, 'OVESETUP_CORE/generatedByVersion=str:1\n'],
  ]);
  const bare = sandboxHost('/nonexistent');
  host = {
    ...bare,
    files: {
      ...bare.files,
      read: (path) => Promise.resolve(disk.has(path) ? file(disk.get(path) ?? '', 0o600) : undefined),
    },
    services: { ...bare.services, isActive: () => Promise.resolve(runs) },
  };
});
afterAll(() => server.stop());
beforeEach(() => void (runs = true));

test('whether a schema lacks migrations, and then alone whether its rows fit together', async () => {
  expect(await upgrade.probe(host)).toBe(false);
  const superuser = { host: server.host, port: server.port, name: 'engine', user: 'postgres', password: server.superPassword };
  await sandboxHost('/nonexistent').database.change(superuser, (sql) =>
    sql.rows(`set session_replication_role = replica;
      insert into permissions (role_id, ad_element_id, object_id, object_type_id)
        select gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 1 from generate_series(1, 3)`),
  );
  expect((await consistency.probe(host)).violations).toEqual([]);
  await server.query("update aaa_jdbc.schema_version set version = '01000001' where current");
  expect(await upgrade.probe(host)).toBe(true);
  expect((await consistency.probe(host)).violations).toMatchObject([
    { rows: 3, key: { table: 'permissions', name: 'permissions_role_id_fkey' } },
  ]);
});

test('what other programs have begun in the engine and not ended', async () => {
  await server.query(`insert into job (job_id, action_type, description, status, owner_id, start_time, last_update_time, correlation_id, is_external)
    select gen_random_uuid(), 'AddExternalJob', status, status, null,
      '2026-01-02 02:00+01', now(), 'c', true from unnest('{STARTED,FINISHED}'::text[]) status`);
  expect(await tasks.probe(host)).toMatchObject([{ name: 'STARTED', owner: '-', since: '2026-01-02 01:00 UTC' }]);
  runs = false;
  expect(await tasks.probe(host)).toEqual([]);
});

test('what of that is stale, and that it is ended with its steps, and runs again when the step is undone', async () => {
  runs = true;
  const [old, young] = ['0b000000-0000-4000-8000-000000000001', '0b000000-0000-4000-8000-000000000002'];
  await server.query('delete from job');
  await server.query(`insert into job (job_id, action_type, description, status, start_time, last_update_time, correlation_id)
    values ('${old}', 'AddExternalJob', 'old', 'STARTED', now() - interval '9 days', now() - interval '50 hours 1 minute', 'c'),
      ('${young}', 'AddExternalJob', 'young', 'STARTED', now() - interval '9 days', now() - interval '49 hours', 'c')`);
  await server.query(`insert into step (step_id, job_id, step_type, description, step_number, status, start_time, end_time, correlation_id)
    select gen_random_uuid(), j.job_id, 'EXECUTING', s, 1, s, now(), case s when 'STARTED' then null else now() end, 'c'
    from job j, unnest('{STARTED,FAILED}'::text[]) s`);
  const look = (): Promise<unknown> =>
    server.query(`select j.description, j.status, j.end_time is null as open, j.last_update_time > now() - interval '1 hour' as told,
      (select string_agg(s.status || coalesce(s.end_time::date::text, ''), ' ' order by s.status) from step s where s.job_id = j.job_id) as steps
      from job j order by 1`);
  expect((await tasks.probe(host)).map(({ name, stale }) => [name, stale])).toEqual(
    expect.arrayContaining([
      ['old', true],
      ['young', false],
    ]),
  );
  const before = await look();
  const at = { host: server.host, port: server.port, name: 'engine', user: 'engine', password: server.password };
  const step = ended({ id: 'engine/stale-tasks', chapter: 'engine.schema', title: 'Cleaning' }, at);
  const real = sandboxHost('/nonexistent');
  const kept = await step.prepare?.(real);
  expect(await step.check(real)).toMatchObject({ kind: 'update' });
  await step.apply(real, () => undefined);
  expect(await step.check(real)).toEqual({ kind: 'none' });
  expect(await look()).toMatchObject([
    { description: 'old', status: 'UNKNOWN', open: false, told: true, steps: expect.stringMatching(/^FAILED\S+ UNKNOWN\S+$/) },
    { description: 'young', status: 'STARTED', open: true, told: false, steps: expect.stringMatching(/^FAILED\S+ STARTED$/) },
  ]);
  await (step.undo as { run: (host: unknown, kept: unknown) => Promise<void> }).run(real, kept);
  expect(await look()).toEqual(before);
});

test('which levels of compatibility there are', async () => {
  await server.query("update cluster set compatibility_version = '3.6' where name = 'Default'");
  expect(await levels.probe(host)).toEqual([
    { kind: 'cluster', name: 'Default', level: '3.6' },
    { kind: 'data center', name: 'Default', level: '4.8' },
  ]);
});

test('which machine the engine runs in, and whether it may be stopped there', async () => {
  const view = (rows: string): Promise<unknown> =>
    server.query(
      `create or replace view setup_hosted_engine_view as
       select vm_name, host_name, is_global_maintenance from (values ${rows}) as t (vm_name, host_name, is_global_maintenance)`,
    );
  expect(await hostedEngines.probe(host)).toEqual([]);
  await view("('HostedEngine', 'host1', true), ('Another', 'host2', false), ('Lost', null, null)");
  expect(await hostedEngines.probe(host)).toEqual([
    { name: 'Another', host: 'host2', safe: false },
    { name: 'HostedEngine', host: 'host1', safe: true },
    { name: 'Lost', host: null, safe: false },
  ]);
  // A schema that is older than the question.
  await server.query('drop view setup_hosted_engine_view');
  expect(await hostedEngines.probe(host)).toEqual([]);
});
