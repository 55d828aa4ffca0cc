import { beforeEach, describe, expect, test } from 'vitest';
import type { Step } from '#kit';
import { consistent, unchecked, violations } from '#steps';
import { engineDatabase } from '../support/engine-database.ts';
import { applySchemas, postgresVersions } from '../support/postgres.ts';

const schemas = ['public', 'aaa_jdbc'];
const id = (digit: number): string => `00000000-0000-0000-0000-00000000000${digit}`;
const nobody = id(9);

/** What a restore that bypasses triggers may leave behind: the keys are not looked at. */
const damage = `
  set session_replication_role = replica;
  insert into permissions (role_id, ad_element_id, object_id, object_type_id) values ('${nobody}', '${nobody}', '${nobody}', 1);
  insert into job (job_id, action_type, description, status, owner_id, start_time, last_update_time, correlation_id)
    values ('${id(1)}', 'a', 'kept without its owner', 'FINISHED', '${nobody}', now(), now(), 'c');
  insert into tags (tag_id, tag_name, parent_id) values ('${id(1)}', 'orphan', '${nobody}'), ('${id(2)}', 'its child', '${id(1)}');
  insert into aaa_jdbc.user_attributes (user_id, name, value) values (4711, 'department', 'none');
  -- A row with a null in it refers to nothing that has to be there.
  create table pairs (a integer, b integer, primary key (a, b));
  create table pair_users (a integer, b integer, foreign key (a, b) references pairs on delete set null);
  insert into pair_users values (1, null), (1, 2);
  alter table pairs owner to engine;
  alter table pair_users owner to engine;
  alter table pairs add constraint small check (a < 10) not valid;`;

describe.each(postgresVersions)('an inconsistent database on $name', (version) => {
  const { missing } = version;
  const database = engineDatabase(version, ['engine_before_mending']);
  const { host } = database;
  beforeEach(async () => {
    if (missing) return;
    await applySchemas(database.server);
    await host.database.change({ ...database.admin, name: 'engine' }, (sql) => sql.rows(damage));
  });

  const step = (more: { readonly agreed?: boolean; readonly concerns?: boolean } = {}): Step =>
    consistent(
      { id: 'consistency', chapter: 'engine.schema', title: 'Consistency' },
      {
        at: database.at,
        admin: database.admin,
        schemas,
        concerns: () => Promise.resolve(more.concerns ?? true),
        agreed: more.agreed ?? true,
        remedy: 'Mend it.',
      },
    );
  const found = async (): Promise<readonly string[]> =>
    (await host.database.look(database.at, (sql) => violations(sql, schemas))).map(
      ({ key, rows }) => `${key.schema}.${key.table} ${key.columns.join()} -> ${key.parentSchema}.${key.parentTable}: ${rows}`,
    );
  const all = [
    'aaa_jdbc.user_attributes user_id -> aaa_jdbc.users: 1',
    'public.job owner_id -> public.users: 1',
    'public.pair_users a,b -> public.pairs: 1',
    'public.permissions role_id -> public.roles: 1',
    'public.tags parent_id -> public.tags: 1',
  ];

  test.skipIf(missing)('is found out, key by key, with constraints that were never checked', async () => {
    expect(await found()).toEqual(all);
    expect(await host.database.look(database.at, (sql) => unchecked(sql, schemas))).toEqual([
      { name: 'small', schema: 'public', table: 'pairs' },
    ]);
  });

  test.skipIf(missing)('is mended by what the rule of each key would have done, and its keys are as strict as before', async () => {
    const said: string[] = [];
    await step().prepare?.(host);
    await step().apply(host, (line) => said.push(line));
    expect(await found()).toEqual([]);
    expect(await step().check(host)).toEqual({ kind: 'none' });
    expect(await database.server.query('select description, owner_id from job')).toEqual([
      { description: 'kept without its owner', owner_id: null },
    ]);
    expect(await database.server.query('select a, b from pair_users order by a nulls last')).toEqual([
      { a: 1, b: null },
      { a: null, b: null },
    ]);
    // The child of a tag that went: only then it referred to nothing.
    expect(await database.server.query('select tag_name from tags where tag_id = any($1)', [[id(1), id(2)]])).toEqual([]);
    expect(said).toContain('public.tags, tags_parent_id_fkey: 2');
    expect(said).toHaveLength(5);
    expect(
      await database.server.query(
        "select condeferrable as late from pg_constraint where conname = any('{tags_parent_id_fkey,cluster_mac_pool_id_fkey}')",
      ),
    ).toEqual([{ late: false }, { late: false }]);
  });

  test.skipIf(missing)('comes back as it was when the step is undone, however often', async () => {
    const kept = (await step().prepare?.(host)) ?? null;
    await step().apply(host, () => undefined);
    const { undo } = step();
    if (typeof undo !== 'object' || !('run' in undo)) throw new Error('it cannot be undone');
    await undo.run(host, kept);
    expect(await found()).toEqual(all);
    await undo.run(host, kept);
    expect(await found()).toEqual(all);
    await step().prepare?.(host);
    await step().apply(host, () => undefined);
    await step().discard?.(host, kept);
    // Without violations and without the copy, what was removed is gone.
    await expect(undo.run(host, kept)).rejects.toMatchObject({ code: 'failed' });
  });

  test.skipIf(missing)('ends the run where nobody has agreed, and is left alone where nothing is upgraded', async () => {
    await expect(step({ agreed: false }).check(host)).rejects.toMatchObject({ code: 'refused', remedy: 'Mend it.' });
    expect(await step({ agreed: false, concerns: false }).check(host)).toEqual({ kind: 'none' });
    expect(await found()).toEqual(all);
  });
});
