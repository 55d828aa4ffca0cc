import { describe, expect, test } from 'vitest';
import { file, textOf } from '#kit';
import { reconfigureSsl } from '../../../../plugins/apache/settings.ts';
import databasePlugin from '../../../../plugins/database/index.ts';
import { fixConfiguration } from '../../../../plugins/database/condition.ts';
import { disconnectExisting } from '../../../../plugins/dwh/settings.ts';
import { ignoreLostFilters } from '../../../../plugins/engine/settings.ts';
import environmentPlugin from '../../../../plugins/environment/index.ts';
import { developerMode } from '../../../../plugins/environment/settings.ts';
import { type Machine, memoryHost, newMachine } from '../../../../src/setup/host/memory/index.ts';
import { dialogue, goodPassword } from '../../../support/dialogue.ts';
import { english } from '../../../support/fakes.ts';
import { conf, install } from '../../../support/installation.ts';

/* What is asked only where an installation is there already, and something about it has changed since. */

const given = { 'OVESETUP_CONFIG/adminPassword': goodPassword };

const installed = async (machine = newMachine()): Promise<Machine> => {
  const { outcome, screen } = await install({ machine, files: [conf({ 'OVESETUP_CONFIG/adminPassword': `str:${goodPassword}` })] });
  expect(outcome.failure, screen).toBeUndefined();
  return machine;
};

/** What has the server of its own, below a directory. */
const trial = (): Machine => newMachine({ prefix: '/srv/trial' });

describe('settings of the PostgreSQL server that do not fit any more', () => {
  const name = 'UPGRADE_PG_CONF_ENGINE';
  const overridden = "# by the server\nmax_connections = '20'\nlog_statement = 'all'\nwork_mem = '64kB'\n";
  const changed = { max_connections: '20', work_mem: '64' };

  test('are asked about, and put right wherever somebody has changed them', async () => {
    const machine: Machine = { ...(await installed(trial())), changedSettings: changed };
    machine.disk.set('/var/lib/pgsql/data/postgresql.auto.conf', file(overridden, 0o600));
    const path = '/var/lib/pgsql/data/postgresql.conf';
    machine.disk.set(path, file(`${textOf(machine.disk.get(path))}max_connections = 20\n`, 0o600));
    const { dialog, find, plan } = await dialogue({ machine, typed: {} });
    expect(dialog.asked.find((one) => one.name === name)).toMatchObject({
      initial: 'Yes',
      notes: expect.arrayContaining(['    max_connections is 20, needed is at least 150', '    work_mem is 64kB, needed is at least 8MB']),
    });
    expect(find(fixConfiguration)).toBe(true);
    const diffs = (await plan()).steps.map(({ step, change }) => [step.id, 'diff' in change ? change.diff() : undefined] as const);
    expect(diffs.find(([id]) => id === 'database/overrides')?.[1]).toMatch(/-max_connections = '20'\n log_statement = 'all'\n-work_mem/);
    // What stands behind the block of setup would win over it.
    expect(diffs.find(([id]) => id === 'database/settings')?.[1]).toMatch(/\+max_connections = 20\n # BEGIN engine-setup/);
  });

  test('are put right on a whole host, too, where ALTER SYSTEM wins over all files', async () => {
    const machine: Machine = { ...(await installed()), changedSettings: changed };
    const path = '/var/lib/postgresql/15/main/postgresql.auto.conf';
    machine.disk.set(path, file(overridden, 0o600));
    const { asked, plan } = await dialogue({ machine, typed: {} });
    expect(asked).toContain(name);
    const step = (await plan()).steps.find(({ step: { id } }) => id === 'database/overrides');
    expect(step !== undefined && 'diff' in step.change ? step.change.diff() : '').toMatch(
      /-max_connections.*\n log_statement.*\n-work_mem/,
    );
    expect(step?.step.notify).toEqual(['postgresql@15-main']);
  });

  test('end the run where they shall stay', async () => {
    const machine: Machine = { ...(await installed()), changedSettings: changed };
    const { problems } = await dialogue({ machine, given: { 'OVESETUP_DB/fixDbConfiguration': false } });
    expect(problems).toMatchObject([{ id: 'OVESETUP_DB/fixDbConfiguration' }]);
  });

  test('are no question where all of them fit', async () => {
    const { asked } = await dialogue({ machine: await installed(), typed: {} });
    expect(asked).not.toContain(name);
  });

  test('are all told at once of a server that somebody else runs', async () => {
    const at = { host: 'db1.example.net', port: 5432, name: 'engine', user: 'engine', password: goodPassword };
    const machine = newMachine({
      names: new Map([...newMachine().names, ['db1.example.net', ['192.0.2.20']]]),
      remoteDatabases: [{ ...at, settings: changed }],
    });
    const lines = ['DATABASE', 'USER', 'PASSWORD', 'HOST', 'PORT'].map((part, at_) => {
      const value = [at.name, at.user, at.password, at.host, String(at.port)][at_] ?? '';
      return `ENGINE_DB_${part}="${value}"\n`;
    });
    machine.disk.set(
      '/etc/ovirt-engine/engine.conf.d/10-setup-database.conf',
      file(`# The server of this database is run by somebody else.\n${lines.join('')}`, 0o600),
    );
    const { answers } = await dialogue({ machine, given: { ...given, 'OVESETUP_DWH_CORE/enable': false } });
    const found = english(await databasePlugin.preflight?.(answers, memoryHost(machine)));
    expect(found).toMatchObject([
      { id: 'database-settings', level: 'error', message: expect.stringMatching(/max_connections is 20[^]*work_mem is 64kB/) },
    ]);
  });
});

describe('filters of the notifier with events that are called otherwise today', () => {
  const path = '/etc/ovirt-engine/notifier/notifier.conf.d/20-mail.conf';

  test('are a reason to end, unless somebody says otherwise', async () => {
    const machine = await installed();
    machine.disk.set(path, file('FILTER="include:VDS_GROUP_HAS_FAILED(smtp:ops@example.net)"\n', 0o644));
    const { asked, dialog, find: settled } = await dialogue({ machine, typed: {} });
    expect(asked).toContain('OVESETUP_WAIT_NOTIFIER_FILTER');
    expect(dialog.asked.at(-1)).toMatchObject({ initial: 'No', notes: expect.arrayContaining([`    ${path}`]) });
    expect(settled(ignoreLostFilters)).toBeUndefined();
    const { find } = await dialogue({ machine, given: { 'OVESETUP_CONFIG/ignoreVdsgroupInNotifier': true } });
    expect(find(ignoreLostFilters)).toBe(true);
  });

  test('are not looked for in comments', async () => {
    const machine = await installed();
    machine.disk.set(path, file('# FILTER="include:VDS_GROUP_HAS_FAILED(smtp:a@b)"\nFILTER="include:CLUSTER_X(smtp:a@b)"\n', 0o644));
    expect((await dialogue({ machine, typed: {} })).asked).not.toContain('OVESETUP_WAIT_NOTIFIER_FILTER');
  });
});

test('the data warehouse of another host is disconnected only if somebody says so', async () => {
  const machine: Machine = { ...(await installed()), warehouse: { dwhUuid: 'other', dwhHostname: 'dwh.example.net' } };
  const { dialog, find: settled } = await dialogue({ machine, typed: {} });
  expect(dialog.asked.find(({ name }) => name === 'OVESETUP_DWH_DISCONNECT_EXISTING')).toMatchObject({
    initial: 'No',
    notes: [expect.stringContaining('dwh.example.net'), expect.anything()],
  });
  expect(settled(disconnectExisting)).toBeUndefined();
  expect((await dialogue({ machine, given: { 'OVESETUP_DWH_DB/disconnectExistingDwh': true } })).find(disconnectExisting)).toBe(true);
  machine.disk.set('/etc/ovirt-engine-dwh/ovirt-engine-dwhd.conf.d/10-setup-uuid.conf', file('DWH_UUID=other\n', 0o644));
  expect((await dialogue({ machine, typed: {} })).asked).not.toContain('OVESETUP_DWH_DISCONNECT_EXISTING');
});

test('TLS of the web server that an earlier run has configured, and somebody has changed, is asked about', async () => {
  const machine = await installed();
  const site = '/etc/apache2/sites-available/z-ovirt-engine-ssl.conf';
  const right =
    'SSLCertificateFile /etc/pki/ovirt-engine/certs/apache.cer\n SSLCertificateKeyFile "/etc/pki/ovirt-engine/keys/apache.key.nopass"\n';
  machine.disk.set(site, file(right, 0o644));
  expect((await dialogue({ machine, typed: {} })).asked).not.toContain('OVESETUP_APACHE_RECONFIG_SSL');
  machine.disk.set(site, file(right.replace('apache.cer', 'snakeoil.pem'), 0o644));
  const { dialog, find } = await dialogue({ machine, typed: { OVESETUP_APACHE_RECONFIG_SSL: 'manual' } });
  expect(dialog.asked.find(({ name }) => name === 'OVESETUP_APACHE_RECONFIG_SSL')?.notes).toContain(
    '    SSLCertificateFile /etc/pki/ovirt-engine/certs/apache.cer',
  );
  expect(find(reconfigureSsl)).toBe(false);
});

describe('who runs setup, and on what kernel', () => {
  const findings = async (machine: Machine, user = { name: 'root', root: true }) => {
    const host = { ...memoryHost(machine), user: () => Promise.resolve(user) };
    const { answers, find } = await dialogue({ machine, given, more: { host } });
    return { found: english(await environmentPlugin.preflight?.(answers, host)), find };
  };

  test('is refused without the rights of root, and told what to do', async () => {
    const { found, find } = await findings(newMachine(), { name: 'ann', root: false });
    expect(found).toMatchObject([{ id: 'not-root', level: 'error', message: expect.stringContaining('ann') }]);
    expect(find(developerMode)).toBe(true);
    expect((await findings(newMachine())).found).toEqual([]);
  });

  const shmmax = '/proc/sys/kernel/shmmax';
  const scarce = (machine: Machine): Machine => {
    machine.disk.set(shmmax, file('33554432\n', 0o644));
    return machine;
  };

  test('is doubted where shared memory is scarce and the host is not ours to change', async () => {
    const machine = scarce(trial());
    expect((await findings(machine)).found).toMatchObject([{ id: 'shared-memory', level: 'doubt' }]);
    machine.disk.set(shmmax, file('18446744073692774399\n', 0o644));
    expect((await findings(machine)).found).toEqual([]);
  });

  test('has shared memory raised on a host of its own, for now and for later, and no more than that', async () => {
    const machine = scarce(newMachine());
    expect((await findings(machine)).found).toEqual([]);
    await installed(machine);
    expect(textOf(machine.disk.get(shmmax))).toBe('41943040');
    expect(textOf(machine.disk.get('/etc/sysctl.d/ovirt-engine.conf'))).toMatch(/^kernel\.shmmax = 41943040$/m);
    expect((await installed()).disk.has('/etc/sysctl.d/ovirt-engine.conf')).toBe(false);
  });

  test('has it as it was when the run fails', async () => {
    const machine = scarce(newMachine());
    const host = memoryHost(machine);
    const failing = { ...host, services: { ...host.services, start: () => Promise.reject(new Error('no')) } };
    const { outcome } = await install({
      machine,
      host: failing,
      files: [conf({ 'OVESETUP_CONFIG/adminPassword': `str:${goodPassword}` })],
    });
    expect(outcome).toMatchObject({ failure: expect.anything(), leftOver: [] });
    expect(textOf(machine.disk.get(shmmax))).toBe('33554432');
    expect(machine.disk.has('/etc/sysctl.d/ovirt-engine.conf')).toBe(false);
  });

  test('is warned of a clock that is behind what happened already', async () => {
    const host = memoryHost(newMachine());
    const query: typeof host.query = async (command) =>
      command.argv[0] === 'find' ? { code: 0, stdout: '/etc/adjtime\n', stderr: '' } : host.query(command);
    const { answers } = await dialogue({ given, more: { host } });
    expect(english(await environmentPlugin.preflight?.(answers, { ...host, query }))).toMatchObject([
      { id: 'clock', level: 'warning', message: expect.stringContaining('/etc/adjtime was changed after that') },
    ]);
  });

  test.each([
    ['inactive\nactive\ninactive\n', []],
    ['inactive\ninactive\n', ['clock-unkept']],
    ['', ['clock-unkept']],
  ])('is warned of a clock that nothing keeps right, where services for it are %j', async (stdout, ids) => {
    const host = memoryHost(newMachine());
    const query: typeof host.query = async (command) =>
      command.argv[0] === 'systemctl' ? { code: 0, stdout, stderr: '' } : host.query(command);
    const { answers } = await dialogue({ given, more: { host } });
    const found = (await environmentPlugin.preflight?.(answers, { ...host, query })) ?? [];
    expect(found.map(({ id, level }) => `${level} ${id}`)).toEqual(ids.map((id) => `warning ${id}`));
  });
});
