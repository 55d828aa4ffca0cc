import { type Entry, textOf } from '../../kit/host.ts';

/** What a machine in memory is made of. The disk survives a power cut, everything else does not. */
export interface Machine {
  readonly disk: Map<string, Entry>;
  /** Running units, each with the configuration it was started with. */
  readonly running: Map<string, string>;
  readonly hostname: string;
  /** Names that the resolver knows. */
  readonly names: ReadonlyMap<string, readonly string[]>;
  /** Ports held by programs that are not ours. */
  readonly foreignPorts: ReadonlyMap<number, string>;
  readonly freeBytes: number;
}

/** An empty machine. */
export const newMachine = (more: Partial<Machine> = {}): Machine => ({
  disk: new Map<string, Entry>([
    ['/', { kind: 'directory', mode: 0o755 }],
    ['/etc', { kind: 'directory', mode: 0o755 }],
  ]),
  running: new Map(),
  hostname: 'engine.example.net',
  names: new Map([
    ['engine.example.net', ['192.0.2.10']],
    ['localhost', ['127.0.0.1']],
  ]),
  foreignPorts: new Map(),
  freeBytes: 10 * 1024 ** 3,
  ...more,
});

/** The machine after its power was cut and came back: the same disk, and nothing running. */
export const afterPowerCut = (machine: Machine): Machine => ({ ...machine, running: new Map() });

/** A copy that shares nothing with the machine. */
export const copyOf = (machine: Machine): Machine => ({ ...machine, disk: new Map(machine.disk), running: new Map(machine.running) });

export const data = '/var/lib/pgsql/data';

const partOf = (unit: string): readonly string[] =>
  unit === 'postgresql' ? [`${data}/postgresql.conf`, `${data}/pg_hba.conf`] : ['/etc/ovirt-engine/', '/etc/pki/ovirt-engine/certs/'];

/** The configuration of a unit as it is on disk now: a unit that was started with another one runs on old settings. */
export function configurationOf(machine: Machine, unit: string): string {
  const prefixes = [...partOf(unit), `/etc/systemd/system/${unit}.service`];
  return [...machine.disk]
    .filter(([path]) => prefixes.some((prefix) => path.startsWith(prefix)))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([path, entry]) => `${path}\n${textOf(entry)}`)
    .join('\n');
}
