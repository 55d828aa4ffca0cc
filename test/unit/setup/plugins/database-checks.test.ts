import { describe, expect, test } from 'vitest';
import { file, textOf } from '#kit';
import database from '../../../../plugins/database/index.ts';
import { type Machine, memoryHost, newMachine } from '../../../../src/setup/host/memory/index.ts';
import { dialogue, goodPassword } from '../../../support/dialogue.ts';
import { english } from '../../../support/fakes.ts';

const given = { 'OVESETUP_CONFIG/adminPassword': goodPassword, 'OVESETUP_DWH_CORE/enable': false };

describe('the checks of a server that setup makes', () => {
  const findings = async (machine: Machine) =>
    english(await database.preflight?.((await dialogue({ machine, given })).answers, memoryHost(machine)));

  test('find nothing on a machine as it should be', async () => {
    for (const prefix of ['', '/srv/trial']) expect(await findings(newMachine({ prefix }))).toEqual([]);
  });

  test('find that the server of this host is too old', async () => {
    const machine = newMachine({ changedSettings: { server_version_num: '120022' } });
    await memoryHost(machine).packages.install(['postgresql-15']);
    expect(await findings(machine)).toMatchObject([
      { id: 'database-version', level: 'error', message: expect.stringContaining('PostgreSQL 12') },
    ]);
  });

  test('find rules of others that let everybody into our databases, but not those that come after ours', async () => {
    const machine = newMachine();
    await memoryHost(machine).packages.install(['postgresql-15']);
    const rules = (text: string): void => void machine.disk.set('/etc/postgresql/15/main/pg_hba.conf', file(text, 0o640));
    rules('local all postgres peer\nhost all all 127.0.0.1/32 scram-sha-256\nhost app app all trust\n');
    expect(await findings(machine)).toEqual([]);
    rules('local all postgres peer\nhost all all 192.0.2.0/24 trust\n');
    expect(await findings(machine)).toMatchObject([
      { id: 'trust-access', level: 'warning', message: expect.stringContaining('/etc/postgresql/15/main/pg_hba.conf:2 lets everybody') },
    ]);
  });

  test.each([
    ['host all all samenet trust', true],
    ['host all all 192.0.2.0/24 trust', false],
    ['host all all 127.0.0.0/8 reject', true],
    ['host all all ::1/128 md5', true],
    ['host all all localhost md5', true],
    ['hostssl all all all reject', false],
    ['local all all reject', false],
  ])('put our rules before %j of others, where that decides about us: %j', async (rule, again) => {
    const machine = newMachine();
    await memoryHost(machine).packages.install(['postgresql-15']);
    const ours =
      '# BEGIN engine-setup\nhost    "engine"  "engine"  127.0.0.1/32    scram-sha-256\nhost    "engine"  "engine"  ::1/128         scram-sha-256\n# END engine-setup';
    machine.disk.set('/etc/postgresql/15/main/pg_hba.conf', file(`${rule}\n${ours}\n`, 0o640));
    const { answers } = await dialogue({ machine });
    const step = database.steps?.(answers).find(({ id }) => id === 'database/access');
    const host = memoryHost(machine);
    await step?.apply(host, () => undefined);
    expect(textOf(await host.files.read('/etc/postgresql/15/main/pg_hba.conf')).startsWith(again ? '# BEGIN' : rule)).toBe(true);
  });

  test('find a cluster in the way that setup has not made', async () => {
    const machine = newMachine({ prefix: '/srv/trial' });
    machine.disk.set('/var/lib/pgsql/data/anything', { kind: 'directory', mode: 0o700 });
    expect(await findings(machine)).toMatchObject([{ id: 'database-in-the-way', level: 'error' }]);
    machine.disk.set('/var/lib/pgsql/admin-password', { kind: 'file', content: Buffer.from('canary-Daten-88\n'), mode: 0o600 });
    expect(await findings(machine)).toEqual([]);
  });
});
