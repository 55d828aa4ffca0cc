import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type HostReader, file } from '#kit';
import { consistency } from '../../plugins/engine/consistency.ts';
import { hostedEngines } from '../../plugins/engine/hosted-engine.ts';
import { tasks } from '../../plugins/engine/running-tasks.ts';
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
