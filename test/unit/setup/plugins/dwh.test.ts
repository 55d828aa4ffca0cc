import { describe, expect, test } from 'vitest';
import { file } from '#kit';
import { historySchema } from '../../../../plugins/dwh/schema.ts';
import { fields, performBackup, places, present, vacuum } from '../../../../plugins/dwh/settings.ts';
import { memoryHost, newMachine } from '../../../../src/setup/host/memory/index.ts';
import { dialogue, goodPassword } from '../../../support/dialogue.ts';

const given = { 'OVESETUP_CONFIG/adminPassword': goodPassword, 'OVESETUP_PROVISIONING/postgresProvisioningEnabled': true };
const where = 'OVESETUP_DWH_PROVISIONING_POSTGRES_LOCATION';
const how = 'OVESETUP_DWH_PROVISIONING_POSTGRES_ENABLED';
const isAbout = (name: string): boolean => /^(OVESETUP_DWH_(PROV|DB|PERFORM|VERIFY)|DWH_)/.test(name);

const ask = async (on: Parameters<typeof dialogue>[0] = {}) => {
  const result = await dialogue({ typed: {}, ...on, given: { ...given, ...on.given } });
  return { ...result, asked: result.asked.filter(isAbout) };
};
/** A machine on which an earlier run has made the history database. */
const withHistory = () => {
  const machine = newMachine();
  const content = 'DWH_DB_DATABASE="ovirt_engine_history"\n';
  machine.disk.set('/etc/ovirt-engine-dwh/ovirt-engine-dwhd.conf.d/10-setup-database.conf', file(content, 0o640));
  return machine;
};

test('the history database of an earlier run is known by its configuration', async () => {
  expect(await present.probe(memoryHost(withHistory()))).toMatchObject({ name: 'ovirt_engine_history', foreign: false });
  expect((await present.probe(memoryHost(newMachine()))).name).toBeUndefined();
});

describe('a new history database', () => {
  test('is made by setup on this host for Enter, with a password of its own that nobody has to think of', async () => {
    const { asked, find, answers } = await ask();
    expect(asked).toEqual([where, how]);
    expect(find(places.provisioning)).toBe(true);
    expect([find(fields.host), find(fields.port)]).toEqual(['localhost', 5432]);
    const keys = [...answers.all.keys()].map(({ key }) => key).filter((key) => key.startsWith('OVESETUP_DWH_DB/'));
    expect(keys).toEqual(['OVESETUP_DWH_DB/host', 'OVESETUP_DWH_DB/port', 'OVESETUP_DWH_DB/password']);
  });

  test('may be made by hand on another host, and is tried', async () => {
    const remote = {
      host: 'db1.example.net',
      port: 5432,
      name: 'ovirt_engine_history',
      user: 'ovirt_engine_history',
      password: 'canary-Daten-88',
    };
    const machine = newMachine({
      names: new Map([
        ['engine.example.net', ['192.0.2.10']],
        ['db1.example.net', ['192.0.2.20']],
      ]),
      remoteDatabases: [{ ...remote, settings: {} }],
    });
    const typed = { [where]: 'remote', OVESETUP_DWH_DB_HOST: remote.host, OVESETUP_DWH_DB_PASSWORD: ['wrong', remote.password] };
    const { asked, answers, dialog, problems } = await ask({ machine, typed });
    expect(problems).toEqual([]);
    const once = ['HOST', 'PORT', 'SECURED', 'DATABASE', 'USER', 'PASSWORD'].map((field) => `OVESETUP_DWH_DB_${field}`);
    expect(asked).toEqual([where, ...once, ...once]);
    expect(dialog.logged).toContainEqual([
      'error',
      expect.stringContaining('Cannot connect to the database ovirt_engine_history@db1.example.net'),
    ]);
    expect(fields.address(answers)).toEqual(remote);
    // A cluster that this run makes for the engine can be taken away with all that is in it; the history is elsewhere.
    expect(historySchema(answers)[0]).toMatchObject({ id: 'dwh/schema', inside: [] });
  });

  test('is not asked about where the data warehouse is declined, nor below a root', async () => {
    expect((await ask({ given: { 'OVESETUP_DWH_CORE/enable': false } })).asked).toEqual([]);
    expect((await ask({ sandbox: true })).asked).toEqual([]);
  });
});

describe('a history database that is there', () => {
  test('is asked about a backup and a vacuum, and nothing else', async () => {
    const { asked, find } = await ask({ machine: withHistory() });
    expect(asked).toEqual(['OVESETUP_DWH_PERFORM_BACKUP', 'DWH_VACUUM_FULL']);
    expect([find(performBackup), find(vacuum)]).toEqual([true, false]);
  });

  test('goes without a backup only if somebody is sure', async () => {
    const typed = { OVESETUP_DWH_PERFORM_BACKUP: ['no', ''], OVESETUP_DWH_VERIFY_NO_BACKUP: '' };
    const unsure = await ask({ machine: withHistory(), typed });
    expect(unsure.asked).toEqual([
      'OVESETUP_DWH_PERFORM_BACKUP',
      'OVESETUP_DWH_VERIFY_NO_BACKUP',
      'OVESETUP_DWH_PERFORM_BACKUP',
      'DWH_VACUUM_FULL',
    ]);
    expect(unsure.find(performBackup)).toBe(true);
    const sure = await ask({ machine: withHistory(), typed: { ...typed, OVESETUP_DWH_VERIFY_NO_BACKUP: 'yes' } });
    expect(sure.find(performBackup)).toBe(false);
    expect(sure.dialog.logged).toContainEqual([
      'warning',
      'Without a backup the history database cannot be brought back if its upgrade fails',
    ]);
  });
});
