import { describe, expect, test } from 'vitest';
import { file, textOf } from '#kit';
import { disconnectExisting } from '../../../../plugins/dwh/settings.ts';
import { type Machine, copyOf } from '../../../../src/setup/host/memory/index.ts';
import { changeCluster, clusterOf } from '../../../support/debian-cluster.ts';
import { dialogue } from '../../../support/dialogue.ts';
import {
  besideEngineHost,
  engineDatabaseOf,
  engineName,
  engineServer,
  keyHolder,
  warehouseName,
} from '../../../support/engine-elsewhere.ts';
import { conf, diskOf, install } from '../../../support/installation.ts';
import { authorityOfEngine } from '../../../support/engine-authority.ts';

/* A data warehouse on a host of its own, for an engine on another one. */

const [rootPassword, databasePassword] = ['canary-Wurzel-55', 'canary-Daten-88'];
const given = {
  'OVESETUP_ENGINE_CORE/enable': 'bool:False',
  'OVESETUP_OVN/ovirtProviderOvn': 'bool:False',
  'OVESETUP_CONFIG/websocketProxyConfig': 'bool:False',
  'OVESETUP_CONFIG/imageioProxyConfig': 'bool:False',
  'OVESETUP_CONFIG/fqdn': `str:${warehouseName}`,
  'OVESETUP_CONFIG/updateFirewall': 'bool:False',
  'OVESETUP_ENGINE_CONFIG/fqdn': `str:${engineName}`,
  'OVESETUP_DB/host': `str:${engineName}`,
  'OVESETUP_DB/password': `str:${databasePassword}`,
};
const overSsh = { ...given, 'OVESETUP_CONFIG/remoteEngineHostRootPassword': `str:${rootPassword}` };
const byHand = {
  ...given,
  'OVESETUP_CONFIG/remoteEngineSetupStyle': 'str:manual_files',
  'OVESETUP_CONFIG/remoteEngineAuthorityFile': 'str:/root/engine-ca.pem',
};

type Commands = { command: string; input: string }[];
function machineWithSsh(commands: Commands = [], more: Partial<Machine> = {}): Machine {
  return besideEngineHost(databasePassword, { sshServers: new Map([[`${engineName}:22`, engineServer(rootPassword, commands)]]), ...more });
}
const run = (machine: Machine, answers: Readonly<Record<string, string>> = overSsh, more = {}) =>
  install({ machine, files: [conf(answers)], more: { allowed: new Set(['remote-host-key']), ...more } });
async function setUp(machine: Machine, answers: Readonly<Record<string, string>> = overSsh): ReturnType<typeof run> {
  const result = await run(machine, answers);
  expect(result.outcome.failure, result.screen).toBeUndefined();
  return result;
}
const text = ({ disk }: Machine, path: string): string => textOf(disk.get(path));
const changes = ({ effects }: { readonly effects: readonly string[] }): readonly string[] =>
  effects.filter((effect) => !effect.includes('/setup/answers/'));
const [home, unit] = ['/etc/ovirt-engine-dwh', 'ovirt-engine-dwhd'];
const example = `${home}/examples/10-setup-dwh-database.conf`;

describe('a data warehouse without its engine', () => {
  test('gets what it needs, and nothing else', async () => {
    const machine = machineWithSsh();
    const { host } = await setUp(machine);
    expect([...machine.running.keys()].sort()).toEqual([unit, 'postgresql@15-main']);
    expect(host.effects.filter((effect) => effect.startsWith('apt-get'))).toEqual(['apt-get install postgresql-15 logrotate']);
    const configuration = text(machine, `${home}/${unit}.conf.d/10-setup-database.conf`);
    expect(configuration).toContain(`ENGINE_DB_HOST="${engineName}"`);
    expect(configuration).toContain('ENGINE_DB_SECURED="True"\nENGINE_DB_SECURED_VALIDATION="True"\n');
    expect(configuration).toContain(`ENGINE_DB_SECURED_AUTHORITY="${home}/engine-ca.pem"\n`);
    expect(text(machine, `${home}/engine-ca.pem`).trim()).toBe(authorityOfEngine.trim());
    // Its server is nobody else's business.
    expect(text(machine, '/etc/postgresql/15/main/pg_hba.conf')).not.toMatch(/^hostssl|"engine"/m);
    expect(Object.keys(diskOf(machine)).filter((path) => /apache|\/pki\/|ovirt-engine\.service/.test(path))).toEqual([]);
  });

  test('is known to the engine, whose host is told over ssh, without a secret in a command', async () => {
    const commands: Commands = [];
    const machine = machineWithSsh(commands);
    const { log, screen } = await setUp(machine);
    expect(engineDatabaseOf(machine).timekeeping).toMatchObject({ dwhHostname: warehouseName });
    const told = commands.at(-1);
    expect(told?.command).toContain('/etc/ovirt-engine/engine.conf.d/10-setup-dwh-database.conf');
    expect(told?.input).toContain(`DWH_DB_HOST="${warehouseName}"`);
    expect(told?.input).toBe(text(machine, example));
    expect(machine.disk.get(example)).toMatchObject({ mode: 0o600 });
    const secret = /DWH_DB_PASSWORD="(.+)"/.exec(told?.input ?? '')?.[1] ?? 'none';
    expect(secret.length).toBeGreaterThan(8);
    for (const said of [...commands.map(({ command }) => command), log, screen])
      for (const word of [secret, rootPassword, databasePassword]) expect(said).not.toContain(word);
  });

  test('has nothing to do in a second run, which asks nothing of the engine either', async () => {
    const commands: Commands = [];
    const machine = machineWithSsh(commands);
    await setUp(machine);
    commands.length = 0;
    const { host } = await install({ machine, files: [] });
    expect(changes(host)).toEqual([]);
    expect(commands).toEqual([]);
    const { asked } = await dialogue({ machine, typed: {} });
    expect(asked.filter((name) => /REMOTE_ENGINE|ENGINE_DB|NETWORK/.test(name))).toEqual([]);
  });

  test('prepares by hand what is to be carried over, and knows the engine by the file that was brought', async () => {
    const machine = besideEngineHost(databasePassword);
    machine.disk.set('/root/engine-ca.pem', file(`# of the engine\n${authorityOfEngine}`, 0o644));
    const { screen } = await setUp(machine, byHand);
    expect(screen).toContain(`Copy ${example} to ${engineName} as`);
    expect(text(machine, `${home}/engine-ca.pem`).trim()).toBe(authorityOfEngine.trim());
    const again = await install({ machine, files: [] });
    expect(again.screen).not.toContain('Copy /etc/');
    expect(changes(again.host)).toEqual([]);
  });

  test('is taken back wholly when it fails, also from the host of the engine', async () => {
    const { host } = await setUp(machineWithSsh());
    const start = host.effects.findIndex((effect) => effect === `start ${unit}`);
    const commands: Commands = [];
    const machine = machineWithSsh(commands);
    const before = copyOf(machine);
    const { outcome, screen } = await run(machine, overSsh, {});
    expect(outcome.failure, screen).toBeUndefined();
    const failing = machineWithSsh(commands);
    commands.length = 0;
    const failed = await install({
      machine: failing,
      files: [conf(overSsh)],
      accidents: [{ at: start + 1, how: 'fail' }],
      more: { allowed: new Set(['remote-host-key']) },
    });
    expect(failed.outcome.failure).toBeDefined();
    expect(failed.outcome.leftOver).toEqual([]);
    expect(engineDatabaseOf(failing)).toEqual(engineDatabaseOf(before));
    expect(failing.disk.has(example)).toBe(false);
    expect(commands.at(-1)?.command).toContain('rm -f /etc/ovirt-engine/engine.conf.d/10-setup-dwh-database.conf');
  });

  test('has the schema of its history brought up to date, while it stands still', async () => {
    const machine = machineWithSsh();
    await setUp(machine);
    const newest = clusterOf(machine).databases['ovirt_engine_history']?.schemas;
    changeCluster(machine, ({ databases }) => {
      Object.assign(databases['ovirt_engine_history'] ?? {}, { schemas: { public: { version: '04050001' } } });
    });
    expect(clusterOf(machine).databases['ovirt_engine_history']?.schemas).not.toEqual(newest);
    const { host, screen } = await install({ machine, files: [] });
    expect(screen).toContain('Creating/refreshing DWH database schema');
    expect(clusterOf(machine).databases['ovirt_engine_history']?.schemas).toEqual(newest);
    const done = host.effects.filter((effect) => effect.includes(unit) || effect.startsWith('create database'));
    expect(done).toEqual([`stop ${unit}`, expect.stringContaining('template "ovirt_engine_history"'), `start ${unit}`]);
    expect(Object.keys(clusterOf(machine).databases).sort()).toEqual(['ovirt_engine_history', 'postgres']);
  });

  test('is gone when it is declined, and leaves the engine to others; the history stays', async () => {
    const machine = machineWithSsh();
    await setUp(machine);
    await setUp(machine, { 'OVESETUP_DWH_CORE/enable': 'bool:False' });
    expect(machine.running.has(unit)).toBe(false);
    expect(machine.disk.has(`/etc/systemd/system/${unit}.service`)).toBe(false);
    expect(engineDatabaseOf(machine).timekeeping ?? {}).not.toHaveProperty('dwhUuid');
    expect(machine.disk.has(`${home}/${unit}.conf.d/10-setup-database.conf`)).toBe(true);
  });
});

describe('the database of the engine', () => {
  const typed = { ENGINE: '' };
  const words = (answers: Readonly<Record<string, string>>): Readonly<Record<string, unknown>> =>
    Object.fromEntries(Object.entries(answers).map(([key, value]) => [key, value.replace(/^\w+:/, '')]));

  test('is tried at once, and everything is asked again if that fails', async () => {
    const { 'OVESETUP_DB/host': _, 'OVESETUP_DB/password': __, ...others } = words(overSsh);
    const { asked, dialog } = await dialogue({
      machine: machineWithSsh(),
      given: others,
      typed: {
        ...typed,
        OVESETUP_ENGINE_DB_HOST: [engineName],
        OVESETUP_ENGINE_DB_PASSWORD: ['wrong', databasePassword],
      },
      more: { allowed: new Set(['remote-host-key']) },
    });
    const first = asked.filter((name) => name.startsWith('OVESETUP_ENGINE_DB'));
    expect(first).toEqual([...first.slice(0, first.length / 2), ...first.slice(0, first.length / 2)]);
    expect(dialog.asked.find(({ name }) => name === 'OVESETUP_ENGINE_DB_HOST')?.initial).toBeUndefined();
    expect(dialog.asked.find(({ name }) => name === 'OVESETUP_ENGINE_DB_SECURED')?.initial).toBe('Yes');
  });

  test('has to hold an engine', async () => {
    const machine = machineWithSsh();
    const [path] = [...machine.disk.keys()].filter((one) => one.startsWith('/net/'));
    machine.disk.set(path ?? '', file(text(machine, path ?? '').replace('"public"', '"other"'), 0o600));
    const { outcome } = await run(machine);
    expect(outcome.failure).toMatchObject({ code: 'refused' });
    expect(JSON.stringify(outcome.failure)).toContain('There is no engine in the database');
  });

  test('that belongs to the data warehouse of another host is taken over only if somebody says so', async () => {
    const machine = machineWithSsh([], { warehouse: { dwhUuid: 'other', dwhHostname: 'former.example.net', running: true } });
    const on = { machine, given: words(overSsh), more: { allowed: new Set(['remote-host-key']) } };
    const asked = await dialogue({ ...on, typed: {} });
    expect(asked.dialog.asked.find(({ name }) => name === 'OVESETUP_DWH_DISCONNECT_EXISTING')).toMatchObject({
      initial: 'No',
      notes: [expect.stringContaining('former.example.net'), expect.anything()],
    });
    expect(asked.find(disconnectExisting)).toBeUndefined();
    expect((await run(copyOf(machine))).outcome.failure).toMatchObject({ code: 'refused' });
    await setUp(machine, { ...overSsh, 'OVESETUP_DWH_DB/disconnectExistingDwh': 'bool:True' });
    expect(engineDatabaseOf(machine).timekeeping).toMatchObject({ dwhHostname: warehouseName });
  });
});

test('the authority of the engine is told apart from other files, and root need not type a password', async () => {
  const machine = besideEngineHost(databasePassword);
  machine.disk.set('/root/engine-ca.pem', file('no certificate\n', 0o644));
  expect(JSON.stringify((await run(machine, byHand)).outcome.failure)).toContain('holds no certificates in PEM');
  const withKey = keyHolder(databasePassword);
  await setUp(withKey, given);
  expect(text(withKey, `${home}/engine-ca.pem`).trim()).toBe(authorityOfEngine.trim());
});
