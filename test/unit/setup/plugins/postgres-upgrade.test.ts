import { describe, expect, test } from 'vitest';
import { file, inEnglish, textOf } from '#kit';
import databasePlugin from '../../../../plugins/database/index.ts';
import { otherVersion } from '../../../../plugins/database/settings.ts';
import { cleanOld, upgradeServer } from '../../../../plugins/database/upgrade.ts';
import { type Machine, memoryHost, newMachine } from '../../../../src/setup/host/memory/index.ts';
import { dialogue } from '../../../support/dialogue.ts';
import { english } from '../../../support/fakes.ts';
import { conf, install, samples } from '../../../support/installation.ts';

/* A trial whose cluster is of another major version than the programs that come with setup now. */

const sample = samples.filter(({ path }) => path === 'answers/sandbox.yaml');
const [key, question] = ['OVESETUP_PROVISIONING/postgresUpgrade', 'UPGRADE_DBMS'];
const [cleanKey, cleanQuestion] = ['OVESETUP_PROVISIONING/postgresUpgradeCleanold', 'UPGRADE_DBMS_CLEANUPOLD'];

async function onPostgres15(more: Partial<Machine> = {}): Promise<Machine> {
  const machine = newMachine({ prefix: '/srv/trial', postgresVersion: '15' });
  const { outcome, screen } = await install({ machine, files: sample });
  expect(outcome.failure, screen).toBeUndefined();
  return { ...machine, postgresVersion: '18', systemPostgres: ['15'], ...more };
}

const findings = async (machine: Machine, given: Readonly<Record<string, unknown>> = {}): Promise<unknown> => {
  const { answers } = await dialogue({ machine, given });
  return english(await databasePlugin.preflight?.(answers, memoryHost(machine)));
};

describe('the questions', () => {
  test('name both versions and the size, and mean yes', async () => {
    const { dialog, find } = await dialogue({ machine: await onPostgres15(), typed: {} });
    expect(dialog.logged).toContainEqual([
      'warning',
      'The database cluster was made by PostgreSQL 15, and the programs on this host are PostgreSQL 18',
    ]);
    expect(dialog.asked.find(({ name }) => name === question)).toMatchObject({
      initial: 'Yes',
      notes: expect.arrayContaining([expect.stringContaining('The DWH database is on the same server')]),
    });
    expect(dialog.asked.find(({ name }) => name === cleanQuestion)).toMatchObject({
      initial: 'Yes',
      notes: [expect.stringContaining('48 MiB'), '    /srv/trial/var/lib/pgsql/data-15'],
    });
    expect([find(upgradeServer), find(cleanOld)]).toEqual([true, true]);
  });

  test.each([
    ['by their keys', { [key]: true, [cleanKey]: false }],
    ['by their names', { [`QUESTION/1/${question}`]: 'yes', [`QUESTION/1/${cleanQuestion}`]: 'no' }],
  ])('are answered unattended %s', async (_how, given) => {
    const { find, problems } = await dialogue({ machine: await onPostgres15(), given });
    expect(problems).toEqual([]);
    expect([find(upgradeServer), find(cleanOld)]).toEqual([true, false]);
  });

  test('end the run where PostgreSQL shall stay as it is', async () => {
    expect((await dialogue({ machine: await onPostgres15(), given: { [key]: false } })).problems).toMatchObject([{ id: key }]);
  });

  test('do not arise where the versions are the same, nor on a host of its own', async () => {
    for (const machine of [await onPostgres15({ postgresVersion: '15' }), newMachine()]) {
      const { asked } = await dialogue({ machine, typed: {} });
      expect(asked).not.toContain(question);
      expect(asked).not.toContain(cleanQuestion);
    }
  });
});

describe('the plan', () => {
  test('has the copying with both versions, what becomes of the old data, and nothing else of the server', async () => {
    for (const [clean, kind] of [
      [true, 'remove'],
      [false, 'run'],
    ] as const) {
      const { plan } = await dialogue({ machine: await onPostgres15(), given: { [cleanKey]: clean } });
      const pending = (await plan()).steps.filter(({ step, change }) => step.chapter.startsWith('database.') && change.kind !== 'none');
      expect(pending.map(({ step }) => step.id)).toEqual(['database/upgrade', 'database/old-data']);
      expect(pending.map(({ change }) => (change.kind === 'none' ? '' : inEnglish(change.note)))).toEqual([
        '15 -> 18, by copying 48 MiB',
        clean ? 'the old data are removed when everything has succeeded' : 'the old data are kept in /var/lib/pgsql/data-15',
      ]);
      expect(pending[1]?.change.kind).toBe(kind);
    }
  });
});

describe('is refused, before anything is changed,', () => {
  test('without programs of the former version, with the places where they were looked for', async () => {
    expect(await findings(await onPostgres15({ systemPostgres: ['14'] }))).toMatchObject([
      { id: 'database-version', level: 'error', message: expect.stringMatching(/programs of 15.*\/usr\/lib\/postgresql\/15\/bin/) },
    ]);
  });

  test('where the programs are the older ones', async () => {
    expect(await findings(await onPostgres15({ postgresVersion: '14' }))).toMatchObject([
      { id: 'database-version', level: 'error', message: expect.stringMatching(/PostgreSQL 15.*PostgreSQL 14/) },
    ]);
  });

  test('without room for a second cluster, with both sizes', async () => {
    expect(await findings(await onPostgres15({ freeBytes: 40 * 1024 ** 2 }))).toMatchObject([
      {
        id: 'database-room',
        level: 'error',
        message: '/srv/trial/var/lib/pgsql has 40 MiB left; copying the database cluster needs 48 MiB',
      },
    ]);
  });

  test('where something lies in the place of the old data', async () => {
    const machine = await onPostgres15();
    machine.disk.set('/var/lib/pgsql/data-15/PG_VERSION', file('15\n', 0o600));
    expect(await findings(machine)).toMatchObject([
      { id: 'database-in-the-way', level: 'error', message: expect.stringContaining('/srv/trial/var/lib/pgsql/data-15 is not empty') },
    ]);
  });
});

test.each(['/opt/pg 15/bin', '/opt/pg%$15/bin'])('finds the former programs where the server was run from: %s', async (folder) => {
  const machine = await onPostgres15({ systemPostgres: [] });
  const unit = '/etc/systemd/system/postgresql.service';
  const word = folder.includes(' ') ? `"${folder}/postgres"` : `${folder.replace('$', '$$$$').replace('%', '%%')}/postgres`;
  machine.disk.set(unit, file(`ExecStart=/usr/bin/env ${word} -D /srv/trial/var/lib/pgsql/data\n`, 0o644));
  const host = memoryHost(machine);
  const asked: string[] = [];
  const found = await otherVersion.probe({
    ...host,
    query: async (command) => {
      const program = command.argv.at(-2) ?? '';
      asked.push(program);
      return program === `${folder}/postgres` ? { code: 0, stdout: 'postgres (PostgreSQL) 15.9\n', stderr: '' } : host.query(command);
    },
  });
  expect(found?.former, asked.join(' ')).toBe(folder);
});

test('the history of a data warehouse that was declined later goes along', async () => {
  const machine = await onPostgres15();
  const databases = (): unknown =>
    (JSON.parse(textOf(machine.disk.get('/var/lib/pgsql/data/base/cluster.json'))) as { databases: unknown }).databases;
  const before = databases();
  const { outcome, screen } = await install({ machine, files: [...sample, conf({ 'OVESETUP_DWH_CORE/enable': 'bool:False' })] });
  expect(outcome.failure, screen).toBeUndefined();
  expect(textOf(machine.disk.get('/var/lib/pgsql/data/PG_VERSION'))).toBe('18\n');
  expect(databases()).toMatchObject({ ovirt_engine_history: (before as { ovirt_engine_history: object }).ovirt_engine_history });
});
