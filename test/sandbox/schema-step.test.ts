import { describe, expect, test } from 'vitest';
import type { Step } from '#kit';
import { schema } from '#steps';
import { type Migration, shippedMigrations } from '../../src/setup/render/shipped.ts';
import { engineDatabase } from '../support/engine-database.ts';
import { english } from '../support/fakes.ts';
import { postgresVersions } from '../support/postgres.ts';

const shipped = shippedMigrations('src/services/engine/schema/engine');
const next = (version: string, sql: string): Migration => ({ version, script: `${version}.sql`, sql, checksum: version });
const good = next(
  '04059001',
  "create table things (id integer primary key); insert into things select generate_series(1, 3); update vdc_options set option_value = 'changed' where option_name = 'SSHKeyAlias'",
);
const bad = next('04059002', 'create table more (id integer); select 1 / 0');

describe.each(postgresVersions)('the schema step on $name', (version) => {
  const { missing } = version;
  const database = engineDatabase(version, ['engine_before_public']);
  const { host } = database;

  const withoutCopy = (...more: readonly Migration[]): Step =>
    schema(
      { id: 'schema', chapter: 'engine.schema', title: 'Schema' },
      { at: database.at, admin: database.admin, schema: 'public', migrations: [...shipped, ...more], copies: false },
    );
  const step = (...more: readonly Migration[]): Step =>
    schema(
      { id: 'schema', chapter: 'engine.schema', title: 'Schema' },
      { at: database.at, admin: database.admin, schema: 'public', migrations: [...shipped, ...more] },
    );
  const apply = async (what: Step): Promise<unknown> => {
    const kept = (await what.prepare?.(host)) ?? null;
    await what.apply(host, () => undefined);
    return kept;
  };
  const alias = async (): Promise<string | undefined> =>
    (await database.server.query<{ option_value: string }>("select option_value from vdc_options where option_name = 'SSHKeyAlias'"))[0]
      ?.option_value;
  const undo = async (what: Step, kept: unknown): Promise<void> => {
    if (typeof what.undo === 'object' && 'run' in what.undo) await what.undo.run(host, kept as null);
  };

  test.skipIf(missing)('makes everything from nothing, and then has nothing to do', async () => {
    expect(await step().check(host)).toMatchObject({ kind: 'create' });
    expect(await apply(step())).toBeNull();
    expect(await step().check(host)).toEqual({ kind: 'none' });
    expect(await alias()).toBe('ovirt-engine');
  });

  test.skipIf(missing)('takes what it made from nothing away again', async () => {
    await undo(step(), await apply(step()));
    expect(await database.server.query("select 1 from pg_class where relnamespace = 'public'::regnamespace")).toEqual([]);
    await apply(step());
    expect(await step().check(host)).toEqual({ kind: 'none' });
  });

  test.skipIf(missing)(
    'never drops what was there because a run that wanted no copy is taken back by one that would have made one',
    async () => {
      await apply(step());
      const kept = await apply(withoutCopy(good));
      expect(kept).toMatchObject({ version: expect.stringMatching(/^04/) });
      // The answer that there shall be no copy is gone with the run that was cut off.
      await expect(undo(step(good), kept)).rejects.toMatchObject({ code: 'failed' });
      expect(await alias()).toBe('changed');
      // A run that wants a copy does not take that for one.
      expect(await step(good).holds?.(host, kept as null)).toBe(false);
      expect(await withoutCopy(good).holds?.(host, kept as null)).toBe(true);
    },
  );

  test.skipIf(missing)('runs only the migrations that are missing, and notes each', async () => {
    await apply(step());
    expect(english(await step(good).check(host))).toMatchObject({
      kind: 'update',
      note: `${shipped.at(-1)?.version ?? ''} -> ${good.version}`,
    });
    await apply(step(good));
    expect(await step(good).check(host)).toEqual({ kind: 'none' });
    expect(await database.server.query('select version from schema_version where current')).toEqual([{ version: good.version }]);
    expect(await database.server.query('select count(*)::int as n from things')).toEqual([{ n: 3 }]);
  });

  test.skipIf(missing)('a migration that fails leaves nothing of itself, and undo brings back what was before the first one', async () => {
    await apply(step());
    const what = step(good, bad);
    const kept = await what.prepare?.(host);
    await expect(what.apply(host, () => undefined)).rejects.toThrow('division by zero');
    expect(await database.server.query("select to_regclass('more') as there")).toEqual([{ there: null }]);
    expect(await alias()).toBe('changed');
    await undo(what, kept);
    expect(await alias()).toBe('ovirt-engine');
    const owner = "select pg_get_userbyid(datdba) as owner from pg_database where datname = 'engine'";
    expect(await database.server.query(owner)).toEqual([{ owner: 'engine' }]);
    expect(await step().check(host)).toEqual({ kind: 'none' });
    // Undoing again, as after a power cut in between, changes nothing more.
    await undo(what, kept);
    expect(await alias()).toBe('ovirt-engine');
  });

  test.skipIf(missing)('throws the copy away once the run has succeeded', async () => {
    await apply(step());
    const what = step(good);
    const kept = await apply(what);
    const copies = () =>
      host.database.look(database.admin, (sql) => sql.rows("select 1 from pg_database where datname = 'engine_before_public'"));
    expect(await copies()).toHaveLength(1);
    await what.discard?.(host, kept as null);
    expect(await copies()).toHaveLength(0);
  });

  test.skipIf(missing)('refuses a schema that is newer than the program', async () => {
    await apply(step(good));
    await expect(step().check(host)).rejects.toThrow('newer than');
  });
});
