import { describe, expect, test } from 'vitest';
import { type DatabaseAddress, DatabaseUnavailable, type Host, type Json, type Sql, type Step, type Text, type Undo, file } from '#kit';
import { execute } from '../../../../src/setup/core/execute.ts';
import { rollBack } from '../../../../src/setup/core/rollback.ts';
import { type Accident, type Machine, memoryHost, newMachine } from '../../../../src/setup/host/memory/index.ts';
import type { Migration } from '../../../../src/setup/render/shipped.ts';
import { schema } from '../../../../src/setup/steps/schema.ts';
import { database, identifier, literal, lookOr, role, rows } from '../../../../src/setup/steps/sql.ts';
import { english, newJournal, notingObserver } from '../../../support/fakes.ts';

const admin: DatabaseAddress = { host: 'localhost', port: 5432, name: 'postgres', user: 'postgres', password: 'admin-password' };
const at: DatabaseAddress = { ...admin, name: 'engine', user: 'engine', password: 'engine-password' };
const heading = (id: string) => ({ id, chapter: 'database.engine', title: id }) as const;

/** A machine with a running, empty server. */
async function server(): Promise<Machine> {
  const machine = newMachine({ prefix: '/srv/trial' });
  const host = memoryHost(machine);
  await host.files.write('/pw', file('admin-password\n', 0o600));
  await host.run({ argv: ['/x/initdb', '--pgdata=/srv/trial/var/lib/pgsql/data', '--pwfile=/srv/trial/pw'] });
  machine.disk.set('/etc/systemd/system/postgresql.service', file('', 0o644));
  machine.running.set('postgresql', '');
  return machine;
}
async function apply(steps: readonly Step[], machine: Machine, ...accidents: readonly Accident[]) {
  const host = memoryHost(machine, ...accidents);
  const journal = await newJournal(host, `run${[...machine.disk.keys()].length}`);
  const on = { host, journal, observer: notingObserver(), signal: new AbortController().signal };
  return { on, done: execute(steps, on), takeBack: () => rollBack(steps, on) };
}
const cluster = (machine: Machine): string =>
  Buffer.from((machine.disk.get('/var/lib/pgsql/data/base/cluster.json') as { content: Uint8Array }).content).toString();
const undo = (step: Step, host: Host, kept: never): Promise<void> =>
  (step.undo as Exclude<Undo, string | { readonly never: Text }>).run(host, kept);

const makeRole = (password = at.password): Step => role(heading('role'), { admin, name: 'engine', password });
const makeDatabase = database(heading('database'), { admin, name: 'engine', owner: 'engine' });
const migration = (version: string): Migration => ({
  version,
  script: `${version}.sql`,
  sql: `create table t_${version} ()`,
  checksum: 'x',
});
const makeSchema = (...versions: readonly string[]): Step =>
  schema(heading('schema'), { at, admin, schema: 'public', migrations: versions.map(migration) });

const installed = async (...versions: readonly string[]): Promise<Machine> => {
  const machine = await server();
  const { done } = await apply([makeRole(), makeDatabase, ...(versions.length === 0 ? [] : [makeSchema(...versions)])], machine);
  await done;
  return machine;
};

test('names and texts are quoted so that they cannot end early', () => {
  expect(identifier('a"b')).toBe('"a""b"');
  expect(literal("it's")).toBe("'it''s'");
});

test('a look at a database that is not there has an answer; other errors are thrown', async () => {
  const host = memoryHost(newMachine());
  expect(await lookOr(host, at, 'nothing', () => Promise.resolve('something'))).toBe('nothing');
  const on = memoryHost(await installed());
  expect(await lookOr(on, at, 'nothing', () => Promise.resolve('something'))).toBe('something');
  await expect(lookOr(on, at, 'nothing', () => Promise.reject(new Error('a mistake')))).rejects.toThrow('a mistake');
  await expect(lookOr(on, at, 'nothing', () => Promise.reject(new DatabaseUnavailable('denied', 'x')))).resolves.toBe('nothing');
});

describe('a role', () => {
  test('is made with a verifier; its password is never sent', async () => {
    const machine = await server();
    const { on, done, takeBack } = await apply([makeRole()], machine);
    await done;
    expect(cluster(machine)).toContain('SCRAM-SHA-256$4096:');
    expect(cluster(machine) + on.host.effects.join() + JSON.stringify(on.journal.entries())).not.toContain(at.password);
    expect(await takeBack()).toEqual([]);
    expect(cluster(machine)).not.toContain('SCRAM');
  });

  test('gets another password when that is wanted', async () => {
    const machine = await installed();
    expect(await makeRole().check(memoryHost(machine))).toEqual({ kind: 'none' });
    expect(english(await makeRole('another-password').check(memoryHost(machine)))).toEqual({
      kind: 'update',
      note: 'engine: another password',
    });
    const { on, done } = await apply([makeRole('another-password')], machine);
    await done;
    expect(on.host.effects.some((effect) => effect.startsWith('alter role "engine" with login nosuperuser'))).toBe(true);
    expect(await makeRole('another-password').check(memoryHost(machine))).toEqual({ kind: 'none' });
  });

  test('whose password was changed cannot get the former one back, and a rollback says so', async () => {
    const machine = await installed();
    const { done, takeBack } = await apply([makeRole('another-password')], machine);
    await done;
    expect(english(await takeBack())).toEqual(['role: the former password of role engine is not kept anywhere']);
  });

  test('whose password was about to be changed is as before after a rollback', async () => {
    const machine = await installed();
    const before = cluster(machine);
    const { done, takeBack } = await apply(
      [{ ...makeRole('another-password'), apply: () => Promise.reject(new Error('too early')) }],
      machine,
    );
    await expect(done).rejects.toThrow('too early');
    expect(await takeBack()).toEqual([]);
    expect(cluster(machine)).toBe(before);
  });

  test('that was there before stays when the run is taken back', async () => {
    const machine = await installed();
    await undo(makeRole('other'), memoryHost(machine), 'present' as never);
    expect(await makeRole().check(memoryHost(machine))).toEqual({ kind: 'none' });
  });
});

describe('a database', () => {
  test('is made for its owner, and goes away only if it was not there before', async () => {
    const machine = await server();
    const first = await apply([makeRole(), makeDatabase], machine);
    await first.done;
    expect(await makeDatabase.check(memoryHost(machine))).toEqual({ kind: 'none' });
    await undo(makeDatabase, memoryHost(machine), 'engine' as never);
    expect(await makeDatabase.check(memoryHost(machine))).toEqual({ kind: 'none' });
    expect(await first.takeBack()).toEqual([]);
    expect(await makeDatabase.check(memoryHost(machine))).toEqual({ kind: 'create', note: 'engine' });
  });

  test('can be planned before the server is there', async () => {
    for (const step of [makeRole(), makeDatabase, makeSchema('04050001')])
      expect((await step.check(memoryHost(newMachine()))).kind).toBe('create');
  });
});

describe('a schema', () => {
  test('is made by all migrations, each with its row in one transaction, and says each', async () => {
    const machine = await installed();
    const { on, done } = await apply([makeSchema('04050001', '04050002')], machine);
    await done;
    expect(on.observer.seen.filter((line) => line.includes('said'))).toEqual([
      'schema said public: 04050001.sql',
      'schema said public: 04050002.sql',
    ]);
    const sent = on.host.effects.filter((effect) => effect.startsWith('create table'));
    expect(sent).toHaveLength(2);
    for (const effect of sent) expect(effect).toContain('insert into "public".schema_version');
    expect(on.host.effects.filter((effect) => effect.includes('template "engine"'))).toEqual([]);
    expect(await makeSchema('04050001', '04050002').check(memoryHost(machine))).toEqual({ kind: 'none' });
  });

  test('that was made by this run is emptied again', async () => {
    const machine = await installed();
    const before = cluster(machine);
    const { done, takeBack } = await apply([makeSchema('04050001')], machine);
    await done;
    expect(await takeBack()).toEqual([]);
    expect(cluster(machine)).toBe(before);
  });

  const two = makeSchema('04050001', '04050002');

  test('is upgraded by the missing migrations alone, after a copy of the whole database', async () => {
    const machine = await installed('04050001');
    expect(english(await two.check(memoryHost(machine)))).toEqual({ kind: 'update', note: '04050001 -> 04050002' });
    const { on, done } = await apply([two], machine);
    await done;
    const changes = on.host.effects.filter((effect) => /create table|_before_/.test(effect)).map((effect) => effect.split(';')[0]);
    // A copy that an earlier run has left would be of an older state.
    expect(changes).toEqual([
      'drop database if exists "engine_before_public" with (force)',
      'create database "engine_before_public" template "engine" owner "engine"',
      'create table t_04050002 ()',
    ]);
    expect(on.journal.entries()[0]).toMatchObject({ kept: { copy: 'engine_before_public', version: '04050001' } });
    await two.discard!(on.host, { copy: 'engine_before_public', version: '04050001' });
    expect(cluster(machine)).not.toContain('engine_before_public');
    expect(await two.check(memoryHost(machine))).toEqual({ kind: 'none' });
  });

  test('that was upgraded comes back from the copy', async () => {
    const machine = await installed('04050001');
    const before = cluster(machine);
    const { done, takeBack } = await apply([two], machine);
    await done;
    expect(await takeBack()).toEqual([]);
    expect(JSON.parse(cluster(machine))).toEqual(JSON.parse(before));
    expect(await makeSchema('04050001').check(memoryHost(machine))).toEqual({ kind: 'none' });
  });

  test('comes back also where the undoing was cut off at any point and is done again', async () => {
    for (let lost = 0; lost < 3; lost++) {
      const machine = await installed('04050001');
      const { done } = await apply([two], machine);
      await done;
      const cut = memoryHost(machine, { at: lost + 1, how: 'cut-after' });
      await undo(two, cut, { copy: 'engine_before_public', version: '04050001' } as never).catch(() => undefined);
      await undo(two, memoryHost(machine), { copy: 'engine_before_public', version: '04050001' } as never);
      expect(await makeSchema('04050001').check(memoryHost(machine)), `cut after ${lost + 1}`).toEqual({ kind: 'none' });
      expect(cluster(machine)).not.toContain('engine_before_public');
    }
  });

  test('that is newer than the program is refused and left alone', async () => {
    const machine = await installed('04050001', '04050009');
    const { on, done } = await apply([makeSchema('04050001', '04050002')], machine);
    await expect(done).rejects.toMatchObject({
      code: 'refused',
      message: 'The public schema has version 04050009, newer than the 04050002 of this program',
    });
    expect(on.host.effects.filter((effect) => effect.startsWith('create table'))).toEqual([]);
  });
});

describe('rows', () => {
  const stored = async (sql: Sql): Promise<string | undefined> =>
    (await sql.rows<{ value: string }>('select option_name as name, option_value as value from vdc_options', [['Option']]))[0]?.value;
  const insert = (value: Json) => ({ text: 'insert into vdc_options', values: ['Option', value] });
  const clear = { text: 'delete from vdc_options', values: ['Option'] };
  const optionsOf = (version: string): Step =>
    rows(heading('options'), {
      at,
      note: version,
      isRight: async (sql) => (await stored(sql)) === version,
      keep: async (sql) => (await stored(sql)) ?? null,
      statements: () => [clear, insert(version)],
      undo: (kept) => [clear, ...(kept === null ? [] : [insert(kept)])],
    });

  test('are made in one transaction, and taken back to how they were', async () => {
    const machine = await installed('04050001');
    const empty = cluster(machine);
    const first = await apply([optionsOf('1')], machine);
    await first.done;
    expect(first.on.host.effects).toContain('delete from vdc_options; insert into vdc_options');
    expect(await optionsOf('1').check(memoryHost(machine))).toEqual({ kind: 'none' });
    const second = await apply([optionsOf('2')], machine);
    await second.done;
    expect(second.on.journal.entries()[0]).toMatchObject({ kept: '1' });
    expect(await second.takeBack()).toEqual([]);
    expect(await optionsOf('1').check(memoryHost(machine))).toEqual({ kind: 'none' });
    expect(await first.takeBack()).toEqual([]);
    expect(cluster(machine)).toBe(empty);
  });

  test('are not changed at all where one of the statements fails', async () => {
    const machine = await installed('04050001');
    const before = cluster(machine);
    const broken = rows(heading('broken'), {
      at,
      note: 'x',
      isRight: () => Promise.resolve(false),
      statements: () => [insert('1'), { text: 'nonsense' }],
      undo: () => [],
    });
    const { done } = await apply([broken], machine);
    await expect(done).rejects.toThrow('nonsense');
    expect(cluster(machine)).toBe(before);
  });
});
