import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { schemas } from '../../src/services/engine/schemas.ts';
import { newestVersion } from '../../src/services/frame/schema-version.ts';
import { applySchemas, postgresVersions, startPostgres, type TestPostgres } from '../support/postgres.ts';

describe.each(postgresVersions)('the schemas on $name', ({ programs, missing }) => {
  let postgres: TestPostgres;
  beforeAll(async () => {
    if (missing) return;
    postgres = await startPostgres({ ...(programs === undefined ? {} : { programs }), schemas: false });
    const { host, port, user, password, database } = postgres;
    await applySchemas({ host, port, user, password, database });
  });
  afterAll(async () => (missing ? undefined : postgres.stop()));

  it.skipIf(missing)('know their versions', async () => {
    for (const { name, folder } of schemas) {
      const [newest] = await postgres.query(`select version, installed_by, state from ${name}.schema_version where current`);
      expect(newest).toEqual({ version: await newestVersion(folder), installed_by: 'engine', state: 'INSTALLED' });
    }
  });

  it.skipIf(missing)('need no extension', async () => {
    expect(await postgres.query('select extname from pg_extension')).toEqual([{ extname: 'plpgsql' }]);
  });

  it.skipIf(missing)('give a role to a user of a directory, once however often it is asked for', async () => {
    const attach = () => postgres.query(`select attach_user_to_role('admin', 'internal-authz', '*', 'an-external-id', 'SuperUser')`);
    await attach();
    await attach();
    expect(await postgres.query('select username, domain, namespace, external_id from users')).toEqual([
      { username: 'admin', domain: 'internal-authz', namespace: '*', external_id: 'an-external-id' },
    ]);
    expect(
      await postgres.query('select p.role_id, p.object_id, p.object_type_id from permissions p join users on user_id = ad_element_id'),
    ).toEqual([{ role_id: '00000000-0000-0000-0000-000000000001', object_id: 'aaa00000-0000-0000-0000-123456789aaa', object_type_id: 1 }]);
  });

  it.skipIf(missing)('refuse a role that does not exist', async () => {
    await expect(postgres.query(`select attach_user_to_role('x', 'y', '*', 'z', 'Nobody')`)).rejects.toThrow('there is no role Nobody');
  });
});
