import { describe, expect, test } from 'vitest';
import { file, textOf } from '#kit';
import ovn from '../../../../plugins/ovn/index.ts';
import { defaultCredentials, ovnPassword, ovnUser, paths, unit } from '../../../../plugins/ovn/settings.ts';
import { isRemembered } from '../../../../src/setup/core/answers.ts';
import { type Machine, memoryHost, newMachine } from '../../../../src/setup/host/memory/index.ts';
import { dialogue, goodPassword } from '../../../support/dialogue.ts';
import { changeCluster, clusterOf } from '../../../support/debian-cluster.ts';
import { english } from '../../../support/fakes.ts';
import { conf, diskOf, install } from '../../../support/installation.ts';

const byDefault = 'ovirt-provider-ovn-default-credentials';
const user = 'ovirt-provider-ovn-user';
const password = 'ovirt-provider-ovn-password';
const own = 'canary-Netz-99';

const ask = async (on: Parameters<typeof dialogue>[0] = {}) => {
  const result = await dialogue({ typed: {}, ...on, given: { 'OVESETUP_CONFIG/adminPassword': goodPassword, ...on.given } });
  return {
    ...result,
    asked: result.asked.filter((name) => [byDefault, user, password].includes(name)),
    values: [result.find(defaultCredentials), result.find(ovnUser), result.find(ovnPassword)],
  };
};

describe('the credentials of the OVN provider', () => {
  test.each([
    ['those of the administrator, for Enter', {}, [byDefault], [true, 'admin@internal', goodPassword]],
    ['others', { [byDefault]: 'no', [user]: 'ovn@internal', [password]: own }, [byDefault, user, password], [false, 'ovn@internal', own]],
    [
      'those of the administrator with a password of their own',
      { [byDefault]: 'no', [user]: '', [password]: 'another-Wort-88' },
      [byDefault, user, password],
      [false, 'admin@internal', 'another-Wort-88'],
    ],
  ] as const)('are %s', async (_, typed, asked, values) => {
    const result = await ask({ typed });
    expect(result.asked).toEqual(asked);
    expect(result.values).toEqual(values);
  });

  test('are not asked for where the provider is declined, the engine is elsewhere, or a trial has no OVN', async () => {
    expect((await ask({ given: { 'OVESETUP_OVN/ovirtProviderOvn': false } })).values).toEqual([undefined, undefined, undefined]);
    const elsewhere = { 'OVESETUP_ENGINE_CORE/enable': false, 'OVESETUP_ENGINE_CONFIG/fqdn': 'engine.example.net' };
    expect((await ask({ given: elsewhere })).asked).toEqual([]);
    const trial = await ask({ sandbox: true, machine: newMachine({ withoutOvn: true }) });
    expect([trial.asked, trial.values]).toEqual([[], [undefined, undefined, undefined]]);
    const said = 'ovirt-provider-ovn is left out of this trial: the programs of OVN are not here, which the package ovn-central brings';
    expect(trial.dialog.logged).toContainEqual(['info', said]);
  });

  test('are taken from a file, which then decides that they are not those of the administrator', async () => {
    const given = { 'OVESETUP_OVN/ovirtProviderOvnUser': 'ovn@internal', 'OVESETUP_OVN/ovirtProviderOvnPassword': own };
    const { asked, values, problems } = await ask({ given });
    expect([asked, problems]).toEqual([[], []]);
    expect(values).toEqual([undefined, 'ovn@internal', own]);
    const { 'OVESETUP_OVN/ovirtProviderOvnPassword': _, ...without } = given;
    expect((await dialogue({ given: { 'OVESETUP_CONFIG/adminPassword': goodPassword, ...without } })).problems).toMatchObject([
      { id: 'OVESETUP_OVN/ovirtProviderOvnPassword' },
    ]);
  });

  test.each(['admin', '@internal', 'a b@internal', 'a@b@c', ''])('have no user %j', async (name) => {
    const { problems } = await dialogue({
      given: { 'OVESETUP_CONFIG/adminPassword': goodPassword, 'OVESETUP_OVN/ovirtProviderOvnUser': name },
    });
    expect(problems).toContainEqual(expect.objectContaining({ message: expect.stringContaining('A user is written as NAME@PROFILE') }));
  });

  test('are remembered only as far as somebody gave them: the password of the administrator is not theirs', async () => {
    const { answers } = await ask();
    expect(isRemembered(ovnPassword, answers)).toBe(false);
    const typed = await ask({ typed: { [byDefault]: 'no', [user]: 'ovn@internal', [password]: own } });
    expect(isRemembered(ovnPassword, typed.answers)).toBe(true);
  });

  test('are not asked for again by later runs, and nothing is missing then', async () => {
    const machine = newMachine();
    const { outcome } = await install({ machine, files: [conf({ 'OVESETUP_CONFIG/adminPassword': `str:${goodPassword}` })] });
    expect(outcome.failure).toBeUndefined();
    expect((await dialogue({ machine, typed: {} })).asked.filter((name) => name.startsWith('ovirt-provider-ovn'))).toEqual([]);
    expect((await dialogue({ machine })).problems).toEqual([]);
  });

  test('are asked for where a later run brings the provider in, when nobody knows the password of the administrator any more', async () => {
    const machine = newMachine();
    const answers = { 'OVESETUP_CONFIG/adminPassword': `str:${goodPassword}`, 'OVESETUP_OVN/ovirtProviderOvn': 'bool:False' };
    await install({ machine, files: [conf(answers)] });
    const typed = { [user]: '', [password]: own };
    const { asked, find } = await dialogue({ machine, typed, more: { reconfigureOptional: true } });
    expect(asked.filter((name) => name.startsWith('ovirt-provider-ovn'))).toEqual(['ovirt-provider-ovn', user, password]);
    expect([find(ovnUser), find(ovnPassword)]).toEqual(['admin@internal', own]);
  });
});

describe('the provider of networks', () => {
  const given = { 'OVESETUP_CONFIG/adminPassword': `str:${goodPassword}` };
  const declined = { ...given, 'OVESETUP_OVN/ovirtProviderOvn': 'bool:False' };
  const setUp = async (machine: Machine, answers: Readonly<Record<string, string>> = given) => {
    const { outcome, host, screen, log } = await install({ machine, files: [conf(answers)] });
    expect(outcome.failure, screen).toBeUndefined();
    return { screen, log, effects: host.effects.filter((effect) => !effect.includes('/setup/answers/')) };
  };
  interface Known {
    readonly clients?: Readonly<Record<string, { readonly scope: string; readonly redirects: readonly string[] }>>;
    readonly providers?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  }
  const known = (machine: Machine): Known => clusterOf(machine).databases['engine'] as Known;
  const ovnDatabases = ({ disk }: Machine) => ['nb', 'sb'].map((name) => textOf(disk.get(`/var/lib/ovn/ovn${name}_db.db`)));

  test('is told to the engine, which can sign in to it, and reached with TLS alone', async () => {
    const machine = newMachine();
    const { screen, log, effects } = await setUp(machine);
    const { clients, providers } = known(machine);
    expect(providers?.[unit]).toMatchObject({
      url: 'https://engine.example.net:9696',
      authUrl: 'https://engine.example.net:35357/v2.0/',
      authUser: 'admin@internal',
      clusters: ['the-default-cluster'],
    });
    expect(memoryHost(machine).crypto.unseal('', String(providers?.[unit]?.['authPassword']))).toBe(goodPassword);
    expect(clients?.[unit]).toMatchObject({ scope: expect.stringContaining('ovirt-ext=token-info:validate'), redirects: [] });
    const pki = '/etc/pki/ovirt-engine';
    expect(ovnDatabases(machine).map((text) => JSON.parse(text) as unknown)).toEqual(
      [['ovn-ndb', 6641] as const, ['ovn-sdb', 6642] as const].map(([name, port]) => ({
        tls: [`${pki}/keys/${name}.key.nopass`, `${pki}/certs/${name}.cer`, `${pki}/ca.pem`],
        targets: [`pssl:${port}:[::]`],
      })),
    );
    expect(effects).toContain(
      'ovn-sbctl --timeout=30 set-ssl /etc/pki/ovirt-engine/keys/ovn-sdb.key.nopass /etc/pki/ovirt-engine/certs/ovn-sdb.cer ' +
        '/etc/pki/ovirt-engine/ca.pem TLSv1.2 HIGH -- --inactivity-probe=60000 set-connection read-write role= pssl:6642:[::]',
    );
    const configuration = machine.disk.get(paths.configuration);
    expect(configuration).toMatchObject({ mode: 0o640 });
    const [secret = ''] = /(?<=ovirt-sso-client-secret=).+/.exec(textOf(configuration)) ?? [];
    expect(secret).toMatch(/^[\w-]{32}$/);
    for (const text of [screen, log, JSON.stringify(clusterOf(machine))]) expect(text).not.toContain(secret);
    expect(machine.running.has(unit)).toBe(true);
    expect((await setUp(machine)).effects).toEqual([]);
    expect((await setUp(machine, {})).effects).toEqual([]);
  });

  test('listens on IPv4 alone where the kernel has no IPv6', async () => {
    const machine = newMachine();
    machine.disk.set('/sys/module/ipv6/parameters/disable', file('1\n', 0o444));
    await setUp(machine);
    expect(ovnDatabases(machine).join()).toContain('"targets":["pssl:6641"]');
  });

  test('leaves alone where else the databases listen', async () => {
    const machine = newMachine();
    await setUp(machine, declined);
    await memoryHost(machine).packages.install(['ovn-central']);
    await memoryHost(machine).services.start('ovn-central');
    await memoryHost(machine).run({ argv: ['ovn-nbctl', 'set-connection', 'ptcp:6640:127.0.0.1'] });
    const credentials = {
      ...given,
      'OVESETUP_OVN/ovirtProviderOvnUser': 'str:ovn@internal',
      'OVESETUP_OVN/ovirtProviderOvnPassword': `str:${own}`,
    };
    await setUp(machine, { ...credentials, 'OVESETUP_OVN/ovirtProviderOvn': 'bool:True' });
    expect(ovnDatabases(machine)[0]).toContain('"targets":["ptcp:6640:127.0.0.1","pssl:6641:[::]"]');
    expect(textOf(machine.disk.get(paths.configuration))).toContain('ovirt-admin-user-name=ovn@internal\n');
    await setUp(machine, declined);
    expect(ovnDatabases(machine)).toEqual(['{"tls":[],"targets":["ptcp:6640:127.0.0.1"]}', '']);
  });

  test('goes when it is declined, and OVN stays', async () => {
    const machine = newMachine();
    await setUp(machine);
    await setUp(machine, declined);
    expect(machine.running.has(unit)).toBe(false);
    expect(machine.running.has('ovn-central')).toBe(true);
    for (const path of [paths.configuration, `/etc/systemd/system/${unit}.service`]) expect(machine.disk.has(path)).toBe(false);
    expect([known(machine).providers, Object.keys(known(machine).clients ?? {})]).toEqual([undefined, ['ovirt-engine-core']]);
    expect(ovnDatabases(machine)).toEqual(['', '']);
    expect((await setUp(machine, declined)).effects).toEqual([]);
  });

  test('has its address changed with the name of the host, and keeps its credentials', async () => {
    const machine = newMachine();
    await setUp(machine);
    const before = known(machine).providers?.[unit];
    changeCluster(machine, ({ databases }) =>
      Object.assign((databases['engine'] as Known).providers?.[unit] ?? {}, { url: 'https://former.example.net:9696' }),
    );
    expect((await setUp(machine, {})).effects.filter((effect) => effect.startsWith('update providers'))).toHaveLength(1);
    expect(known(machine).providers?.[unit]).toEqual(before);
  });

  test('of somebody else under its name is not taken over, and ports that are taken are named', async () => {
    const machine = newMachine({
      foreignPorts: new Map([
        [9696, 'neutron-server'],
        [6641, 'ovsdb-server'],
      ]),
    });
    const { answers } = await dialogue({ machine, given: { 'OVESETUP_CONFIG/adminPassword': goodPassword } });
    expect(english(await ovn.preflight?.(answers, memoryHost(machine)))).toMatchObject([
      { id: 'ovn-neutron-port', message: 'Port 9696, wanted for ovirt-provider-ovn, is taken by neutron-server (process 4711)' },
    ]);
    const other = newMachine();
    await setUp(other, declined);
    changeCluster(other, ({ databases }) =>
      Object.assign(databases['engine'] ?? {}, { providers: { [unit]: { url: 'https://elsewhere:9696' } } }),
    );
    const before = diskOf(other);
    const again = await install({
      machine: other,
      files: [conf({ 'OVESETUP_OVN/ovirtProviderOvn': 'bool:True', 'OVESETUP_OVN/ovirtProviderOvnPassword': `str:${own}` })],
    });
    expect(again.screen).toContain('The engine has a provider ovirt-provider-ovn already, which is at https://elsewhere:9696');
    expect(diskOf(other)['/var/lib/postgresql/15/main/base/cluster.json']).toBe(before['/var/lib/postgresql/15/main/base/cluster.json']);
  });

  test('that was promised by an earlier version is no reason to end, and comes once its credentials are given', async () => {
    const machine = newMachine();
    await setUp(machine, declined);
    const post = '/etc/ovirt-engine-setup.conf.d/20-setup-ovirt-post.conf';
    const entry = machine.disk.get(post);
    if (entry?.kind !== 'file') throw new Error('no post-install file');
    machine.disk.set(post, {
      ...entry,
      content: Buffer.from(textOf(entry).replace('ovirtProviderOvn=bool:False', 'ovirtProviderOvn=bool:True')),
    });
    const { screen } = await setUp(machine, {});
    expect(screen).toContain('ovirt-provider-ovn was chosen with an earlier version, which did not install it.');
    expect(machine.running.has(unit)).toBe(false);
    await setUp(machine, { 'OVESETUP_OVN/ovirtProviderOvnPassword': `str:${own}` });
    expect(machine.running.has(unit)).toBe(true);
    expect((await setUp(machine, {})).screen).not.toContain('earlier version');
  });
});

describe('the provider of networks in a trial', () => {
  const given = { 'OVESETUP_CONFIG/fqdn': 'str:localhost', 'OVESETUP_CONFIG/adminPassword': `str:${goodPassword}` };
  const key = 'OVESETUP_OVN/ovirtProviderOvn';
  const newTrial = (more: Partial<Machine> = {}): Machine => newMachine({ prefix: '/srv/trial', ...more });
  const setUp = async (machine: Machine, answers: Readonly<Record<string, string>> = {}) => {
    const { outcome, host, screen } = await install({ machine, files: [conf({ ...given, ...answers })] });
    expect(outcome.failure, screen).toBeUndefined();
    return { screen, effects: host.effects.filter((effect) => !effect.includes('/setup/answers/')) };
  };
  const units = ['ovn-ovsdb-server-nb', 'ovn-ovsdb-server-sb', 'ovn-northd', unit];
  const running = (machine: Machine) => units.filter((name) => machine.running.has(name));
  const unitOf = ({ disk }: Machine, name: string): string => textOf(disk.get(`/etc/systemd/system/${name}.service`));
  const databases = ['/var/lib/ovn/ovnnb_db.db', '/var/lib/ovn/ovnsb_db.db'];

  test('has databases of its own, which are reached with TLS on loopback', async () => {
    const machine = newTrial();
    await setUp(machine);
    expect(running(machine)).toEqual(units);
    const northbound = unitOf(machine, 'ovn-ovsdb-server-nb');
    expect(northbound).toContain(' /srv/trial/var/lib/ovn/ovnnb_db.db ');
    expect(northbound.match(/--remote=\S+/g)).toEqual(['--remote=punix:/srv/trial/run/ovn/ovnnb_db.sock', '--remote=pssl:16641:127.0.0.1']);
    expect(northbound).toContain('--private-key=/srv/trial/etc/pki/ovirt-engine/keys/ovn-ndb.key.nopass');
    const configuration = textOf(machine.disk.get(paths.configuration));
    expect(configuration).toContain('listen-address=127.0.0.1\nkeystone-port=45357\nneutron-port=19696\n');
    expect(configuration).toContain('ovn-remote=ssl:127.0.0.1:16641\n');
    expect([...configuration.matchAll(/=(\/.*)$/gm)].filter(([, path = '']) => !path.startsWith('/srv/trial/'))).toEqual([]);
    expect((await setUp(machine)).effects).toEqual([]);
  });

  test('goes with its databases, whose content stays, and comes back', async () => {
    const machine = newTrial();
    await setUp(machine);
    await setUp(machine, { [key]: 'bool:False' });
    expect(running(machine)).toEqual([]);
    expect(units.filter((name) => unitOf(machine, name) !== '')).toEqual([]);
    expect(databases.filter((path) => machine.disk.has(path))).toEqual(databases);
    expect((await setUp(machine, { [key]: 'bool:False' })).effects).toEqual([]);
    const { effects } = await setUp(machine, { [key]: 'bool:True', 'OVESETUP_OVN/ovirtProviderOvnPassword': `str:${own}` });
    expect(running(machine)).toEqual(units);
    expect(effects.filter((effect) => effect.includes('ovsdb-tool'))).toEqual([]);
  });

  test('moves to other ports', async () => {
    const machine = newTrial();
    await setUp(machine);
    await setUp(machine, { 'OVESETUP_OVN/northboundPort': 'int:26641', 'OVESETUP_OVN/ovirtProviderOvnNeutronPort': 'int:29696' });
    expect(machine.running.get('ovn-ovsdb-server-nb')).toContain('pssl:26641:127.0.0.1');
    expect(machine.running.get(unit)).toContain('ovn-remote=ssl:127.0.0.1:26641\n');
    expect(machine.running.get(unit)).toContain('neutron-port=29696\n');
  });

  test('names what has one of its ports, and how to choose another', async () => {
    const machine = newTrial({ foreignPorts: new Map([[16_642, 'ovsdb-server']]) });
    const { screen, outcome } = await install({ machine, files: [conf(given)] });
    expect(outcome.failure).toBeDefined();
    expect(screen).toContain('Port 16642, wanted for databases of OVN, is taken by ovsdb-server');
    expect(screen).toContain('--set OVESETUP_OVN/southboundPort=PORT');
  });

  test('is left out where OVN is not installed, and comes when it is there and somebody gives the password', async () => {
    const without = newTrial({ withoutOvn: true });
    expect((await setUp(without)).screen).toContain('which the package ovn-central brings');
    expect(running(without)).toEqual([]);
    const { 'OVESETUP_CONFIG/adminPassword': _, ...unattended } = given;
    const machine: Machine = { ...without, withoutOvn: false };
    const later = await install({ machine, files: [conf(unattended)] });
    expect(later.outcome.failure).toBeUndefined();
    expect(later.screen).toContain('ovirt-provider-ovn is not in this trial yet.');
    expect(running(machine)).toEqual([]);
    await setUp(machine, { 'OVESETUP_OVN/ovirtProviderOvnPassword': `str:${own}` });
    expect(running(machine)).toEqual(units);
  });
});
