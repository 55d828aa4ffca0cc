import { byteCountOf, counterOf, entriesOf, integerOf, numberOf, objectOf, textOf, type Unknown, wordsOf } from '../agents/hostile.ts';
import type { MachineStatus } from '../machines/machine-status.ts';

/** A machine as its host tells of it. */
export interface SeenMachine {
  readonly id: string;
  readonly name: string | null;
  /** Null for a word that nobody knows. */
  readonly status: MachineStatus | null;
  /** Why it is paused, in the agent's words; null where nothing is wrong. */
  readonly pause: string | null;
  /** Of one that is down: whether it ended with an error, and why. */
  readonly exit: { readonly failed: boolean; readonly reason: number | null; readonly message: string };
  readonly usage: MachineUsage;
}

/** What a machine uses, and what its guest tells, as it is stored. */
export interface MachineUsage {
  /** Columns of `vm_statistics`. */
  readonly statistics: Unknown;
  /** Columns of `vm_dynamic` that change seldom. */
  readonly facts: Unknown;
  readonly nics: readonly Unknown[];
  /** How its disks are used. */
  readonly disks: readonly Unknown[];
  /** Interfaces as the guest sees them. */
  readonly guest: readonly Unknown[];
}

/** Statuses of the wire. */
const words: Readonly<Record<string, MachineStatus>> = {
  WaitForLaunch: 'wait_for_launch',
  'Powering up': 'powering_up',
  Up: 'up',
  Paused: 'paused',
  'Powering down': 'powering_down',
  RebootInProgress: 'reboot_in_progress',
  'Saving State': 'saving_state',
  'Restoring state': 'restoring_state',
  'Migration Source': 'migrating',
  'Migration Destination': 'migrating',
  Down: 'down',
  Unknown: 'unknown',
  'Not responding': 'not_responding',
};

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const mac = /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/;
const most = { machines: 10_000, nics: 64, addresses: 64, displays: 4, disks: 64 };

const listOf = (value: unknown, limit: number): readonly Unknown[] =>
  (Array.isArray(value) ? (value as readonly unknown[]).slice(0, limit) : []).map(objectOf);

/** The status that a word of the wire stands for; null for one that nobody knows. */
export const statusOf = (value: unknown): MachineStatus | null =>
  typeof value === 'string' && Object.hasOwn(words, value) ? (words[value] ?? null) : null;

/** Why a machine is paused: `ENOSPC`, `EIO`, `EPERM`. */
const pauseOf = (value: unknown): string | null => {
  const code = textOf(value, 32);
  return code === null || code === 'NOERR' ? null : code;
};

/** How a machine ended, by what its host says. */
export const exitOf = (said: Unknown): SeenMachine['exit'] => ({
  failed: integerOf(said['exitCode']) === 1,
  reason: integerOf(said['exitReason'], 0, 1_000),
  message: textOf(said['exitMessage'], 500) ?? 'Its host does not say why',
});

/**
 * Reads the answer to `Host.getAllVmStats` or `VM.getStats`, which may be anything; null for what is no complete list, and proves nothing. A machine
 * that is told of twice counts once.
 */
export function readMachines(answer: unknown): readonly SeenMachine[] | null {
  if (!Array.isArray(answer) || answer.length > most.machines) return null;
  const all = new Map<string, SeenMachine>();
  for (const one of answer as readonly unknown[]) {
    const said = objectOf(one);
    const id = textOf(said['vmId'], 36)?.toLowerCase() ?? '';
    // One that cannot be told from others may be any of those that seem to be missing.
    if (!uuid.test(id)) return null;
    if (!all.has(id)) all.set(id, readMachine(id, said));
  }
  return [...all.values()];
}

const readMachine = (id: string, said: Unknown): SeenMachine => ({
  id,
  name: textOf(said['vmName']),
  status: statusOf(said['status']),
  pause: pauseOf(said['pauseCode']),
  exit: exitOf(said),
  usage: { statistics: statisticsOf(said), facts: factsOf(said), nics: nicsOf(said), disks: disksOf(said), guest: guestOf(said) },
});

const percent = (value: number | null): number | null => (value === null ? null : Math.min(100, Math.round(value)));
const share = (value: unknown): number | null => {
  const number = numberOf(value, 0, 100_000);
  return number === null ? null : Math.min(9_999, Math.round(number * 1_000) / 1_000);
};

function statisticsOf(said: Unknown): Unknown {
  const [user, system] = [share(said['cpuUser']), share(said['cpuSys'])];
  const cpus = integerOf(said['vcpuCount'], 1, 65_536) ?? 1;
  const memory = objectOf(said['memoryStats']);
  return {
    cpu_user: user,
    cpu_sys: system,
    usage_cpu_percent: user === null || system === null ? null : percent((user + system) / cpus),
    usage_mem_percent: percent(numberOf(said['memUsage'], 0, 1_000)),
    elapsed_time: byteCountOf(said['elapsedTime']),
    guest_mem_free: byteCountOf(memory['mem_free']),
    guest_mem_buffered: byteCountOf(memory['mem_buffers']),
    guest_mem_cached: byteCountOf(memory['mem_cached']),
    guest_mem_unused: byteCountOf(memory['mem_unused']),
    disks_usage: fileSystemsOf(said['disksUsage']),
  };
}

/** How full the disks of the guest are, as a text of JSON that the data warehouse takes as it is. */
function fileSystemsOf(value: unknown): string | null {
  const disks = listOf(value, most.disks).map(({ path, total, used, fs }) => ({
    ...{ path: textOf(path), total: counterOf(total), used: counterOf(used), fs: textOf(fs, 32) },
  }));
  return disks.length === 0 ? null : JSON.stringify(disks);
}

const port = (value: unknown): number | null => integerOf(value, 1, 65_535);

function factsOf(said: Unknown): Unknown {
  const system = objectOf(said['guestOsInfo']);
  const zone = objectOf(said['guestTimezone']);
  const displays = listOf(said['displayInfo'], most.displays).flatMap(({ type, port: plain, tlsPort, ipAddress }) =>
    type === 'vnc' || type === 'spice' ? [{ type, port: port(plain), tlsPort: port(tlsPort), address: textOf(ipAddress, 100) }] : [],
  );
  const user = textOf(said['username']);
  const osWords = ['type', 'distribution', 'version', 'kernel', 'codename', 'arch'].map((key) => [key, textOf(system[key])] as const);
  const name = textOf(zone['zone'], 100);
  return {
    hash: textOf(said['hash'], 64),
    graphics: displays,
    guest_host_name: textOf(said['guestName']),
    guest_fqdn: textOf(said['guestFQDN']),
    guest_os: osWords.some(([key, word]) => key !== 'type' && word !== null) ? Object.fromEntries(osWords) : null,
    guest_time_zone: name === null ? null : { zone: name, offset: integerOf(zone['offset'], -1_440, 1_440) ?? 0 },
    guest_applications: textOf(wordsOf(said['appsList']).join(','), 20_000),
    guest_user_name: user === 'None' || user === 'Unknown' ? null : user,
    vm_ip: textOf(said['guestIPs'], 2_000),
    client_ip: textOf(said['clientIp']),
  };
}

function nicsOf(said: Unknown): readonly Unknown[] {
  const seen = new Set<string>();
  return Object.values(objectOf(said['network']))
    .slice(0, most.nics)
    .flatMap((one) => {
      const nic = objectOf(one);
      const address = textOf(nic['macAddr'], 17)?.toLowerCase() ?? '';
      if (!mac.test(address) || seen.has(address)) return [];
      seen.add(address);
      return {
        ...{ mac: address, rx_total: counterOf(nic['rx']), tx_total: counterOf(nic['tx']) },
        ...{
          rx_drop: counterOf(nic['rxDropped']),
          tx_drop: counterOf(nic['txDropped']),
          sample_time: numberOf(nic['sampleTime'], 0, 1e12),
        },
      };
    });
}

/** Seconds, of nanoseconds. */
function latencyOf(value: unknown): number | null {
  const number = numberOf(value, 0, 1e15);
  return number === null ? null : Math.round(number) / 1e9;
}

function disksOf(said: Unknown): readonly Unknown[] {
  const seen = new Set<string>();
  return entriesOf(said['disks'], most.disks).flatMap(([, disk]) => {
    const id = textOf(disk['imageID'], 36)?.toLowerCase() ?? '';
    // A drive may have none.
    if (!uuid.test(id) || seen.has(id)) return [];
    seen.add(id);
    return {
      ...{ disk: id, read_rate: byteCountOf(disk['readRate']), write_rate: byteCountOf(disk['writeRate']) },
      ...{ read_ops: counterOf(disk['readOps']), write_ops: counterOf(disk['writeOps']) },
      ...{ read_latency_seconds: latencyOf(disk['readLatency']), write_latency_seconds: latencyOf(disk['writeLatency']) },
      flush_latency_seconds: latencyOf(disk['flushLatency']),
    };
  });
}

function guestOf(said: Unknown): readonly Unknown[] {
  const seen = new Set<string>();
  return listOf(said['netIfaces'], most.nics).flatMap(({ name, hw, inet, inet6 }) => {
    const called = textOf(name, 50);
    if (called === null || seen.has(called)) return [];
    seen.add(called);
    return {
      interface_name: called,
      mac_address: textOf(hw, 59),
      ipv4_addresses: wordsOf(inet, most.addresses),
      ipv6_addresses: wordsOf(inet6, most.addresses),
    };
  });
}

/** What an event `|virt|VM_status|<id>` says of its machine; null for one that says nothing of use. */
export function readEvent(name: string, params: Unknown): Pick<SeenMachine, 'id' | 'status' | 'pause' | 'exit'> | null {
  const id = /\|VM_status\|([0-9a-f-]{36})$/i.exec(name)?.[1]?.toLowerCase() ?? '';
  if (!uuid.test(id)) return null;
  const said = objectOf(params[id] ?? params[id.toUpperCase()]);
  const status = statusOf(said['status']);
  return status === null ? null : { id, status, pause: pauseOf(said['pauseCode']), exit: exitOf(said) };
}
