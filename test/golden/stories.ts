import { expect } from 'vitest';
import { type Catalogue, file, textOf } from '#kit';
import { type Machine, afterPowerCut, copyOf, memoryHost, newMachine } from '../../src/setup/host/memory/index.ts';
import { privateKey } from '../../src/setup/host/memory/private-keys.ts';
import { makeRequest } from '../../src/setup/pki/request.ts';
import { type Trial, conf, install, outdated } from '../support/installation.ts';
import { engineServer, host as warehouseHost, withEngine } from '../support/engine-elsewhere.ts';
import { machines, withIptables } from '../support/machines.ts';
import { authorityOfEngine } from '../support/engine-authority.ts';
import { signedFor, signingServer } from '../support/signing-server.ts';
import { sshServers } from '../support/ssh-server.ts';

export const password = 'canary-Wort-77';
export const databasePassword = 'canary-Daten-88';

export interface Story {
  readonly name: string;
  /** What happened on the machine before. */
  readonly before?: (machine: Machine) => Promise<Machine>;
  readonly machine?: Partial<Machine>;
  readonly answers?: Readonly<Record<string, string>>;
  readonly typed?: readonly string[];
}

export const complete = {
  'OVESETUP_CONFIG/fqdn': 'str:engine.example.net',
  'OVESETUP_CONFIG/adminPassword': `str:${password}`,
  'OVESETUP_DB/password': `str:${databasePassword}`,
  'OVESETUP_PKI/organization': 'str:Example',
};

const installed = async (machine: Machine): Promise<Machine> => {
  const { outcome } = await install({ machine, files: [conf(complete)] });
  expect(outcome.failure).toBeUndefined();
  return machine;
};

const violations = { 'public.permissions.permissions_role_id_fkey': 3, 'aaa_jdbc.user_groups.user_groups_user_id_fkey': 1 };
const task = {
  id: '6f1c8b1e-2f5a-4a53-9c4f-1f6c3f0e7a11',
  name: 'Nightly backup',
  owner: 'backup@internal',
  since: '2026-01-02 01:00 UTC',
};

/** An installation whose schema is older than the program. */
const old =
  (more: Parameters<typeof outdated>[1] = {}) =>
  async (machine: Machine): Promise<Machine> =>
    outdated(await installed(machine), more);

const trialAnswers = { ...complete, 'OVESETUP_CONFIG/fqdn': 'str:localhost' };

/** A trial whose cluster is of PostgreSQL 15, while the program has come with 18 since. */
const onOlderPostgres = async (machine: Machine): Promise<Machine> => {
  const trial: Machine = { ...machine, prefix: '/srv/trial', postgresVersion: '15' };
  const { outcome } = await install({ machine: trial, files: [conf(trialAnswers)] });
  expect(outcome.failure).toBeUndefined();
  return { ...trial, postgresVersion: '18', systemPostgres: ['15'] };
};

/** What is typed in a run over an installation, before the questions of an upgrade. */
const onUpgrade = ['', '', '', ''];

/** What is typed at each question of a first installation, in its order; a story names only what it types differently. */
const usually = {
  components: ['', '', '', '', '', ''],
  updates: [],
  fqdn: [''],
  firewall: ['', ''],
  historyDatabase: ['', ''],
  engineDatabase: ['', ''],
  databaseClients: [],
  password: [password, password],
  mode: [''],
  ovnCredentials: [''],
  wipe: [''],
  organization: [''],
  web: ['', ''],
  scale: [''],
  doubts: [],
  confirmation: [''],
} satisfies Readonly<Record<string, readonly string[]>>;

const wizard = (different: Partial<Record<keyof typeof usually, readonly string[]>> = {}): readonly string[] =>
  Object.values({ ...usually, ...different }).flat();

/** Everything up to the password, so that a story can end there. */
const untilPassword = (different: Parameters<typeof wizard>[0] = {}): readonly string[] => {
  const all = { ...usually, ...different };
  return [all.components, all.fqdn, all.firewall, all.historyDatabase, all.engineDatabase, all.databaseClients].flat();
};

const remote = { host: 'db1.example.net', port: 5432, name: 'engine', user: 'engine', password: databasePassword };

/** A machine beside a database server that somebody else runs. */
const besideServer = (settings: Readonly<Record<string, string>> = {}) => ({
  names: new Map([
    ['engine.example.net', ['192.0.2.10']],
    ['db1.example.net', ['192.0.2.20']],
  ]),
  remoteDatabases: [remote, { ...remote, name: 'ovirt_engine_history', user: 'ovirt_engine_history' }].map((at) => ({ ...at, settings })),
});

/** A host for the WebSocket proxy, and that of its engine. */
const besideEngine: Partial<Machine> = {
  hostname: 'proxy.example.net',
  names: new Map([
    ['proxy.example.net', ['192.0.2.10']],
    ['engine.example.net', ['192.0.2.30']],
  ]),
  dns: new Map([['proxy.example.net', ['192.0.2.10']]]),
};
const proxyByHand = {
  'OVESETUP_ENGINE_CORE/enable': 'bool:False',
  'OVESETUP_DWH_CORE/enable': 'bool:False',
  'OVESETUP_ENGINE_CONFIG/fqdn': 'str:engine.example.net',
  'OVESETUP_CONFIG/remoteEngineSetupStyle': 'str:manual_files',
};
const requestOfAnother = makeRequest({ key: privateKey(1024), names: ['proxy.example.net'] });

/** Each story is a host, answers, and the whole screen they give. */
export const stories: readonly Story[] = [
  { name: 'first-install-with-defaults', typed: wizard() },
  {
    name: 'wrong-answers-are-asked-again',
    typed: wizard({
      components: ['maybe', 'y', 'yes', '', '', '', '', ''],
      fqdn: ['bad_name', '192.0.2.1', 'nowhere.example.net', ''],
      firewall: ['', 'iptables', 'ufw', 'FIREWALLD'],
      password: ['short', 'short', password, 'other', 'password1', 'password1', '', password, password],
      mode: ['everything', 'VIRT'],
      scale: ['3', '2'],
      confirmation: ['perhaps', 'ok'],
    }),
  },
  { name: 'weak-password-accepted', typed: wizard({ password: ['password1', 'password1', 'yes'] }) },
  { name: 'cancelled-at-the-end', typed: wizard({ confirmation: ['Cancel'] }) },
  { name: 'input-ends-early', typed: [...untilPassword(), password, password] },
  {
    name: 'input-ends-at-the-confirmation',
    machine: machines.seed(),
    typed: wizard({ firewall: ['no'], doubts: ['yes'], confirmation: [] }),
  },
  {
    name: 'everything-declined',
    typed: wizard({
      components: ['', 'no', 'no', 'no', 'no', 'no'],
      firewall: ['no'],
      historyDatabase: [],
      databaseClients: [''],
      ovnCredentials: [],
      web: ['no', 'manual'],
      scale: [],
    }),
  },
  {
    name: 'warehouse-on-another-host',
    machine: { names: new Map([...newMachine().names, ['dwh.example.net', ['192.0.2.20']]]) },
    typed: wizard({
      components: ['', 'no', 'no', 'no', 'no', 'no'],
      firewall: ['no'],
      historyDatabase: [],
      databaseClients: ['dwh', 'dwh.example.net'],
      ovnCredentials: [],
      scale: [],
    }),
  },
  {
    name: 'without-the-engine',
    machine: warehouseHost,
    before(machine) {
      machine.disk.set('/root/engine-ca.pem', file(authorityOfEngine, 0o644));
      return Promise.resolve(withEngine(machine, databasePassword));
    },
    typed: [
      ...['no', '', '', '', '', '', 'engine.example.net', '2', '/root/none.pem', '/root/engine-ca.pem', '', ''],
      ...['engine.example.net', '', '', '', '', '', 'wrong'],
      ...['engine.example.net', '', '', '', '', '', databasePassword],
      ...['', ''],
    ],
  },
  {
    name: 'warehouse-takes-an-engine-over',
    machine: {
      ...warehouseHost,
      warehouse: { dwhUuid: 'other', dwhHostname: 'former.example.net', running: true },
      sshServers: new Map([['engine.example.net:22', engineServer(password)]]),
    },
    before: (machine) => Promise.resolve(withEngine(machine, databasePassword)),
    typed: [
      ...['no', 'no', '', '', 'no', 'engine.example.net', '', '', 'yes', password, '', ''],
      ...['engine.example.net', '', '', '', '', '', databasePassword, '', 'yes', ''],
    ],
  },
  {
    name: 'remote-engine-over-ssh',
    machine: { ...warehouseHost, sshServers: new Map([['engine.example.net:2222', engineServer(password)]]) },
    before: (machine) => Promise.resolve(withEngine(machine, databasePassword)),
    typed: [
      ...['no', '', '', '', '', '', 'engine.example.net', ''],
      // The port, whether it is the right host, and the password of root.
      ...['', '2222', 'no', '2222', 'yes', 'wrong', '', password],
      // The places of both databases.
      ...['', '', 'engine.example.net', '', '', '', '', '', databasePassword],
      ...['', 'Cancel'],
    ],
  },
  {
    name: 'proxy-signed-over-ssh',
    machine: { ...besideEngine, sshServers: new Map([['engine.example.net:22', signingServer(password)]]) },
    typed: ['no', '', 'no', '', '', '', 'engine.example.net', '1', '', 'yes', password, ''],
  },
  {
    name: 'proxy-waits-for-its-certificate',
    machine: besideEngine,
    typed: ['no', '', 'no', '', '', '', 'engine.example.net', '2', ''],
  },
  {
    name: 'proxy-signed-by-hand',
    before: async (machine) => {
      await install({ machine, files: [conf(proxyByHand)] });
      const request = textOf(machine.disk.get('/etc/pki/ovirt-engine/requests/websocket-proxy.csr'));
      machine.disk.set('/root/other.pem', file(signedFor('proxy.example.net', requestOfAnother), 0o644));
      machine.disk.set('/root/websocket-proxy.pem', file(signedFor('proxy.example.net', request), 0o644));
      return machine;
    },
    machine: besideEngine,
    typed: ['', '2', '/root/none.pem', '/root/other.pem', '/root/websocket-proxy.pem', ''],
  },
  {
    name: 'remote-engine-not-confirmed',
    machine: { sshServers: sshServers(password, 'engine.example.net:22') },
    answers: {
      'OVESETUP_ENGINE_CORE/enable': 'bool:False',
      'OVESETUP_DWH_CORE/enable': 'bool:True',
      'OVESETUP_CONFIG/fqdn': 'str:engine.example.net',
      'OVESETUP_ENGINE_CONFIG/fqdn': 'str:engine.example.net',
      'OVESETUP_CONFIG/remoteEngineHostRootPassword': 'str:wrong-canary',
    },
  },
  { name: 'own-ovn-credentials', typed: wizard({ ovnCredentials: ['no', 'someone', 'ovn@internal', databasePassword] }) },
  { name: 'low-memory-declined', machine: machines.seed(), typed: wizard({ firewall: ['no'], doubts: [], confirmation: [''] }) },
  { name: 'modest-memory', machine: machines['modest-memory'](), answers: complete },
  { name: 'active-firewall', machine: machines['active-firewall'](), typed: wizard({ firewall: [''], confirmation: ['cancel'] }) },
  { name: 'without-firewall', machine: machines['without-firewall'](), typed: wizard({ firewall: [], confirmation: ['cancel'] }) },
  {
    name: 'iptables-reviewed',
    machine: machines['active-iptables'](),
    typed: wizard({ firewall: [''], doubts: ['yes', ''] }),
  },
  {
    name: 'iptables-not-reviewed',
    machine: machines['active-iptables'](),
    typed: wizard({ firewall: [''], doubts: [''], confirmation: ['cancel'] }),
  },
  {
    name: 'iptables-rejected',
    machine: machines['active-iptables'](),
    typed: wizard({ firewall: [''], doubts: ['yes', 'no'], confirmation: [] }),
  },
  {
    name: 'iptables-unattended',
    machine: machines['active-iptables'](),
    answers: { ...complete, 'OVESETUP_CONFIG/firewallChangesReview': 'bool:True' },
  },
  { name: 'iptables-refused', machine: withIptables('*filter\n-A INPUT --broken -j DROP\nCOMMIT\n'), answers: complete },
  { name: 'foreign-host', machine: machines['foreign-host'](), answers: complete },
  { name: 'updates-found', machine: machines['with-updates'](), typed: wizard({ updates: ['', 'no'], confirmation: ['cancel'] }) },
  { name: 'setup-is-old', machine: machines['old-setup'](), typed: [...usually.components, ''] },
  {
    name: 'updates-declined-unattended',
    machine: machines['with-updates'](),
    answers: { ...complete, 'OSETUP_RPMDISTRO/enableUpgrade': 'bool:False' },
  },
  { name: 'unknown-name', machine: machines['unknown-name'](), answers: {} },
  {
    name: 'remote-database',
    machine: besideServer(),
    typed: wizard({
      historyDatabase: ['remote'],
      engineDatabase: [
        'remote',
        // The history is on the same server.
        ...['db1.example.net', '', '', '', '', databasePassword],
        'nowhere.example.net',
        'db1.example.net',
        '70000',
        '',
        '',
        'Engine',
        '',
        '',
        'wrong',
        '',
        '',
        '',
        '',
        '',
        databasePassword,
      ],
      confirmation: ['cancel'],
    }),
  },
  {
    name: 'remote-database-unsuitable',
    machine: besideServer({ max_connections: '100', work_mem: '4096', server_encoding: 'SQL_ASCII' }),
    answers: {
      ...complete,
      'OVESETUP_DWH_CORE/enable': 'bool:False',
      'OVESETUP_PROVISIONING/postgresProvisioningEnabled': 'bool:False',
      'OVESETUP_DB/host': 'str:db1.example.net',
    },
  },
  {
    // Somebody else's database has the name of the engine's, and somebody else's rule stands before all.
    name: 'names-taken',
    before: async (machine) => {
      await memoryHost(machine).packages.install(['postgresql-15']);
      const data = '/var/lib/postgresql/15/main/base/cluster.json';
      const cluster = JSON.parse(textOf(machine.disk.get(data))) as { databases: Record<string, object>; roles: Record<string, object> };
      cluster.databases['engine'] = { owner: 'tractor', open: true, schemas: {}, options: {} };
      machine.disk.set(data, file(JSON.stringify(cluster), 0o600));
      const rules = '/etc/postgresql/15/main/pg_hba.conf';
      machine.disk.set(rules, file(`local tractor all trust\n${textOf(machine.disk.get(rules))}host all all samenet trust\n`, 0o640));
      return machine;
    },
    answers: complete,
  },
  {
    name: 'server-too-old',
    before: async (machine) => {
      await memoryHost(machine).packages.install(['postgresql-15']);
      return machine;
    },
    machine: { changedSettings: { server_version_num: '120022' } },
    answers: complete,
  },
  {
    name: 'remote-database-too-old',
    machine: besideServer({ server_version_num: '120022' }),
    answers: {
      ...complete,
      'OVESETUP_DWH_CORE/enable': 'bool:False',
      'OVESETUP_PROVISIONING/postgresProvisioningEnabled': 'bool:False',
      'OVESETUP_DB/host': 'str:db1.example.net',
    },
  },
  { name: 'unattended', answers: complete },
  {
    name: 'unattended-by-question-names',
    answers: {
      'QUESTION/1/OVESETUP_NETWORK_FQDN_this': 'str:engine.example.net',
      'QUESTION/1/OVESETUP_UPDATE_FIREWALL': 'str:No',
      'QUESTION/1/OVESETUP_CONFIG_ADMIN_SETUP': `str:${password}`,
      'QUESTION/2/OVESETUP_CONFIG_ADMIN_SETUP': `str:${password}`,
      'QUESTION/1/OVESETUP_CONFIG_APPLICATION_MODE': 'str:virt',
      'QUESTION/1/OVESETUP_PKI_ORG': 'str:Example',
      'QUESTION/1/OVESETUP_DIALOG_CONFIRM_SETTINGS': 'str:ok',
    },
  },
  {
    name: 'unattended-low-memory-accepted-by-name',
    machine: machines.seed(),
    answers: { ...complete, 'OVESETUP_CONFIG/fqdn': 'str:localhost.localdomain', 'QUESTION/1/OVESETUP_MEMCHECK_ENABLED': 'str:yes' },
  },
  { name: 'unattended-without-answers' },
  {
    name: 'unattended-with-bad-answers',
    answers: {
      'OVESETUP_CONFIG/fqdn': 'str:-x-.example',
      'OVESETUP_CONFIG/adminPassword': 'str:abc',
      'OVESETUP_DB/port': 'int:99999',
      'OVESETUP_PKI/country': 'str:usa',
      'OVESETUP_CONFIG/applicationMode': 'str:all',
      'OVESETUP_DWH_CONFIG/scale': 'int:3',
      'OVESETUP_CONFIG/firewallManager': 'str:iptables',
    },
  },
  {
    name: 'unattended-with-flaws-of-form',
    machine: machines.seed(),
    answers: {
      'OVESETUP_CONFIG/fqdn': 'localhost.localdomain',
      'OVESETUP_DB/port': 'int:abc',
      'OVESETUP_OVN/ovirtProviderOvn': 'bool:maybe',
      'OVESETUP_PKI/country': 'str:usa',
    },
  },
  { name: 'unattended-with-weak-password', answers: { ...complete, 'OVESETUP_CONFIG/adminPassword': 'str:password1' } },
  { name: 'second-run', before: installed, answers: complete },
  { name: 'second-run-interactive', before: installed, typed: ['', '', '', ''] },
  {
    name: 'second-run-with-all-components-given',
    before: installed,
    answers: {
      ...complete,
      'OVESETUP_OVN/ovirtProviderOvn': 'bool:True',
      'OVESETUP_DWH_CORE/enable': 'bool:True',
      'OVESETUP_DB/engineVacuumFull': 'bool:False',
    },
  },
  { name: 'vacuum', before: installed, answers: { ...complete, 'OVESETUP_DB/engineVacuumFull': 'bool:True' } },
  { name: 'violations-fixed', before: old({ violations }), typed: [...onUpgrade, 'yes', '', ''] },
  { name: 'violations-declined', before: old({ violations }), typed: [...onUpgrade, ''] },
  { name: 'violations-unattended', before: old({ violations }), answers: complete },
  { name: 'tasks-waited-for', before: old({ tasks: [{ ...task, looks: 3 }] }), typed: [...onUpgrade, 'yes', '', ''] },
  { name: 'tasks-declined', before: old({ tasks: [{ ...task, looks: 3 }] }), typed: [...onUpgrade, ''] },
  { name: 'trial-without-ovn', machine: { prefix: '/srv/trial', withoutOvn: true }, answers: trialAnswers },
  { name: 'postgres-upgraded', before: onOlderPostgres, typed: ['', 'No', '', '', '', ''] },
  { name: 'postgres-upgrade-declined', before: onOlderPostgres, typed: ['No'] },
  {
    name: 'postgres-upgrade-without-programs',
    before: async (machine) => ({ ...(await onOlderPostgres(machine)), systemPostgres: [] }),
    answers: trialAnswers,
  },
  {
    name: 'postgres-upgrade-without-room',
    before: async (machine) => ({ ...(await onOlderPostgres(machine)), freeBytes: 40 * 1024 * 1024 }),
    answers: { ...trialAnswers, 'OVESETUP_PROVISIONING/postgresUpgradeCleanold': 'bool:False' },
  },
  {
    name: 'hosted-engine-refused',
    before: installed,
    machine: { hostedEngines: [{ name: 'HostedEngine', host: 'host1.example.net', safe: false }] },
    answers: complete,
  },
  {
    name: 'hosted-engine-in-maintenance',
    before: installed,
    machine: { hostedEngines: [{ name: 'HostedEngine', host: 'host1.example.net', safe: true }] },
    typed: ['', '', '', ''],
  },
  { name: 'organization-cannot-change', before: installed, answers: { ...complete, 'OVESETUP_PKI/organization': 'str:Another' } },
  {
    name: 'authority-lost',
    before: async (machine) => {
      const there = await installed(machine);
      there.disk.delete('/etc/pki/ovirt-engine/ca.pem');
      return there;
    },
    answers: complete,
  },
  {
    name: 'authority-renewed',
    before: async (machine) => {
      const old = await installed({ ...machine, now: new Date('2016-06-01T00:00:00Z') });
      return { ...old, now: new Date('2026-01-02T03:04:05Z') };
    },
    typed: ['', '', 'yes', '', ''],
  },
  {
    name: 'cluster-in-the-way',
    before: async (machine) => {
      machine.disk.set('/var/lib/pgsql/data/PG_VERSION', { kind: 'file', content: Buffer.from('13\n'), mode: 0o600 });
      return machine;
    },
    answers: complete,
  },
  { name: 'port-taken', machine: { foreignPorts: new Map([[443, 'nginx']]) }, answers: complete },
  { name: 'little-room', machine: { freeBytes: 50 * 1024 * 1024 }, answers: complete },
  { name: 'little-room-accepted', machine: { freeBytes: 50 * 1024 * 1024 }, typed: wizard({ doubts: ['yes'] }) },
  {
    name: 'taken-up-after-a-power-cut',
    before: async (machine) => {
      await install({ machine, files: [conf(complete)], accidents: [{ at: 81, how: 'cut-before' }] });
      return afterPowerCut(machine);
    },
    answers: complete,
  },
];

/** Plays a story. */
export async function play({ before, machine, answers, typed }: Story, catalogue?: Catalogue): Promise<Trial> {
  // Whoever plays it again, in this process, finds everything as it was.
  const given = copyOf(newMachine(machine));
  return install({
    machine: before === undefined ? given : copyOf(await before(given)),
    files: answers === undefined ? [] : [conf(answers)],
    ...(typed === undefined ? {} : { typed }),
    ...(catalogue === undefined ? {} : { catalogue }),
  });
}
