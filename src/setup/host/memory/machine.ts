import {
  type DatabaseAddress,
  type Entry,
  type Output,
  type PackageUpdate,
  type SshHostKey,
  type System,
  file,
  textOf,
} from '../../kit/host.ts';
import { distributionOf } from './distributions.ts';
import { tablesAtStart } from './iptables-tables.ts';

/** An SSH server somewhere else. */
export interface SshServer {
  readonly keys: readonly SshHostKey[];
  /** The password of root; undefined: it takes none. */
  readonly password?: string;
  /** Private keys that root gets in with. */
  readonly authorized?: readonly string[];
  /** What it answers to a command with its input. */
  readonly run?: (command: string, input: string) => Output;
}

/** What a machine in memory is made of. The disk survives a power cut, everything else does not. */
export interface Machine {
  readonly disk: Map<string, Entry>;
  /** Running units, each with the configuration it was started with. */
  readonly running: Map<string, string>;
  /** The filter tables of iptables that are in force, by the program for them; one that is not here is empty. */
  readonly tables: Map<string, string>;
  readonly hostname: string;
  /** Names that the resolver knows. */
  readonly names: ReadonlyMap<string, readonly string[]>;
  /** Names that the DNS servers know, with their addresses. */
  readonly dns: ReadonlyMap<string, readonly string[]>;
  /** Addresses of the network interfaces. */
  readonly addresses: readonly string[];
  /** Units that the system brings along; those that run are in `running` too. */
  readonly units: ReadonlySet<string>;
  /** What `real()` puts in front of every path: that of a trial; nothing on a host of its own. */
  readonly prefix: string;
  /** Packages that are installed from the beginning, and their versions. */
  readonly packages: ReadonlyMap<string, string>;
  /** Whether the sources of packages cannot be reached. */
  readonly unreachableSources: boolean;
  readonly updates: readonly PackageUpdate[];
  /** Major version of PostgreSQL's programs. */
  readonly postgresVersion: string;
  /** Major versions of PostgreSQL that the system has programs of. */
  readonly systemPostgres: readonly string[];
  /** Who runs setup. */
  readonly user: { readonly name: string; readonly root: boolean };
  /** Whether a trial finds no SSH server. */
  readonly withoutSshd: boolean;
  /** Whether a trial finds no programs of OVN. */
  readonly withoutOvn: boolean;
  /** The data warehouse that the engine's database belongs to. */
  readonly warehouse?: { readonly dwhUuid: string; readonly dwhHostname: string; running?: boolean; replaced?: boolean };
  /** Machines that a hosted engine runs in, with their hosts. */
  readonly hostedEngines: readonly { readonly name: string; readonly host: string | null; readonly safe: boolean }[];
  /** Clusters and data centers of the engine, with their levels of compatibility. */
  readonly levels: readonly { readonly kind: string; readonly name: string; readonly level: string }[];
  /** Tasks that run in the engine, each for so many looks at it, or until somebody ends those that are stale. */
  readonly tasks: {
    readonly id: string;
    readonly name: string;
    readonly owner: string;
    readonly since: string;
    readonly stale?: boolean;
    looks: number;
  }[];
  /** Settings of the running server that somebody has changed. */
  readonly changedSettings: Readonly<Record<string, string>>;
  readonly system: System;
  /** Ports held by programs that are not ours. */
  readonly foreignPorts: ReadonlyMap<number, string>;
  /** Ports of its own SSH server. */
  readonly sshPorts: ReadonlySet<number>;
  /** SSH servers that can be reached: 'name:port'. */
  readonly sshServers: ReadonlyMap<string, SshServer>;
  readonly freeBytes: number;
  readonly now: Date;
  /** Databases on servers that somebody else runs, each with settings of its server that differ from what an engine needs. */
  readonly remoteDatabases: readonly (DatabaseAddress & { readonly settings: Readonly<Record<string, string>> })[];
}

/** The zone that firewalld comes with. */
export const shippedZone = { path: '/usr/lib/firewalld/zones/public.xml', text: '<zone>\n  <service name="ssh"/>\n</zone>\n' } as const;

/** An empty machine. */
export const newMachine = (more: Partial<Machine> = {}): Machine => ({
  disk: new Map<string, Entry>([
    ['/', { kind: 'directory', mode: 0o755 }],
    ['/etc', { kind: 'directory', mode: 0o755 }],
    ['/usr', { kind: 'directory', mode: 0o755 }],
    ['/usr/lib', { kind: 'directory', mode: 0o755 }],
    [shippedZone.path, file(shippedZone.text, 0o644)],
  ]),
  running: new Map(),
  tables: new Map(),
  hostname: 'engine.example.net',
  names: new Map([
    ['engine.example.net', ['192.0.2.10']],
    ['localhost', ['127.0.0.1']],
  ]),
  dns: new Map([['engine.example.net', ['192.0.2.10']]]),
  addresses: ['127.0.0.1', '192.0.2.10'],
  units: new Set(['firewalld', 'apache2']),
  prefix: '',
  packages: new Map(),
  unreachableSources: false,
  updates: [],
  postgresVersion: '18',
  systemPostgres: [],
  user: { name: 'root', root: true },
  withoutSshd: false,
  withoutOvn: false,
  hostedEngines: [],
  levels: [
    { kind: 'cluster', name: 'Default', level: '4.8' },
    { kind: 'data center', name: 'Default', level: '4.8' },
  ],
  tasks: [],
  changedSettings: {},
  system: { memoryMiB: 32_768, distribution: { id: 'debian', version: '12', title: 'Debian GNU/Linux 12 (bookworm)' } },
  foreignPorts: new Map(),
  sshPorts: new Set([22]),
  sshServers: new Map(),
  freeBytes: 10 * 1024 ** 3,
  now: new Date('2026-01-02T03:04:05Z'),
  remoteDatabases: [],
  ...more,
});

/** The machine after its power was cut and came back: the same disk, nothing running, and the rules of iptables that are saved on it. */
export const afterPowerCut = (machine: Machine): Machine => ({ ...machine, running: new Map(), tables: tablesAtStart(machine.disk) });

/** A copy that shares nothing with the machine. */
export const copyOf = (machine: Machine): Machine => ({
  ...machine,
  disk: new Map(machine.disk),
  running: new Map(machine.running),
  tables: new Map(machine.tables),
  tasks: machine.tasks.map((task) => ({ ...task })),
  ...(machine.warehouse === undefined ? {} : { warehouse: { ...machine.warehouse } }),
});

/** Where the data of the server lies, and what it reads when it starts. */
export const dataOf = (machine: Machine): string => (machine.prefix === '' ? distributionOf(machine).server.data : '/var/lib/pgsql/data');

/** What each unit reads when it starts. */
const partOf = (unit: string): readonly string[] => {
  if (unit === 'postgresql') return ['postgresql.conf', 'pg_hba.conf', 'conf.d/'].map((name) => `/var/lib/pgsql/data/${name}`);
  if (unit.startsWith('postgresql@'))
    return ['/etc/postgresql/', '/var/lib/postgresql/15/main/postgresql.auto.conf', '/etc/pki/ovirt-engine/certs/postgres.cer'];
  if (unit === 'ovirt-engine') {
    return ['/etc/ovirt-engine/engine.conf', '/etc/pki/ovirt-engine/certs/engine.cer'];
  }
  const certificates = ['/etc/pki/ovirt-engine/certs/apache.cer', '/etc/pki/ovirt-engine/ca.pem'];
  if (unit === 'apache2') return ['/etc/apache2/', ...certificates];
  if (unit === 'httpd') return ['/etc/httpd/', ...certificates];
  if (unit === 'firewalld') return ['/etc/firewalld/'];
  if (unit === 'ovirt-engine-dwhd') return ['/etc/ovirt-engine-dwh/'];
  if (unit === 'libvirtd') return ['/etc/libvirt/'];
  if (['ovirt-host-agent', 'ovirt-host-helper'].includes(unit))
    return ['/etc/ovirt-host-agent/', ...(unit === 'ovirt-host-agent' ? ['/etc/pki/vdsm/certs/'] : [])];
  if (unit === 'ovirt-imageio-daemon') return ['/etc/ovirt-imageio/', '/etc/pki/vdsm/certs/'];
  if (unit === 'ovirt-vmconsole-host-sshd') return ['/etc/ovirt-vmconsole/', '/etc/pki/ovirt-vmconsole/'];
  if (unit === 'ovirt-vmconsole-proxy-sshd') return ['/etc/ovirt-vmconsole/', '/etc/pki/ovirt-vmconsole/'];
  if (unit === 'ovirt-provider-ovn') return ['/etc/ovirt-provider-ovn/', '/etc/pki/ovirt-engine/certs/ovirt-provider-ovn.cer'];
  const own = `/etc/ovirt-engine/${unit}.conf`;
  if (unit === 'ovirt-imageio') return [own, ...['proxy', 'client'].map((name) => `/etc/pki/ovirt-engine/certs/imageio-${name}.cer`)];
  if (unit === 'ovirt-websocket-proxy') return [own, '/etc/pki/ovirt-engine/certs/websocket-proxy.cer'];
  const database = '/etc/ovirt-engine/engine.conf.d/10-setup-database.conf';
  if (unit === 'ovirt-engine-notifier') return ['/etc/ovirt-engine/notifier/', database];
  return unit === 'ovirt-fence-kdump-listener' ? [own, database] : [own];
};

/** The configuration of a unit as it is on disk now: a unit that was started with another one runs on old settings. */
export function configurationOf(machine: Machine, unit: string): string {
  const prefixes = [...partOf(unit), `/etc/systemd/system/${unit}.service`];
  return [...machine.disk]
    .filter(([path]) => prefixes.some((prefix) => path.startsWith(prefix)))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([path, entry]) => `${path}\n${textOf(entry)}`)
    .join('\n');
}
