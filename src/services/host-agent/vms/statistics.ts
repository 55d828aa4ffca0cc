import type { Libvirt, Values } from '../libvirt/libvirt.ts';
import { type Machine, exitFields } from './machine.ts';

interface Sample {
  /** Milliseconds of a clock that never goes back. */
  readonly at: number;
  readonly values: Values;
}

export interface MachineStatistics {
  /** Of one or all machines, as `VM.getStats` and `Host.getAllVmStats` tell them. */
  of(machines: readonly Machine[]): Promise<readonly object[]>;
}

/** Whoever asks more often gets what the one before has got. */
const freshMs = 1_500;

/** Makes the source of statistics: all machines are asked for at once, and load is what has been used between two questions. */
export function createMachineStatistics(parts: {
  readonly libvirt: () => Libvirt;
  readonly clock: () => number;
  readonly now: () => number;
}): MachineStatistics {
  const { libvirt, clock, now } = parts;
  let former = new Map<string, Sample>();
  let latest = new Map<string, Sample>();
  let at = -Infinity;
  let asking: Promise<void> | undefined;

  async function ask(): Promise<void> {
    const answer = await libvirt().stats();
    at = clock();
    former = latest;
    latest = new Map(answer.map(({ domain, values }) => [domain.uuid, { at, values }]));
  }
  async function sample(): Promise<void> {
    if (clock() - at < freshMs) return;
    asking ??= ask().finally(() => (asking = undefined));
    await asking;
  }

  return {
    async of(machines) {
      if (machines.some(({ domain }) => domain !== undefined)) await sample();
      return machines.map((machine) => {
        const statistics = statisticsOf(machine, former.get(machine.id), latest.get(machine.id), now());
        return {
          ...statistics,
          statusTime: String(machine.statusSince),
          elapsedTime: String(Math.max(0, Math.floor((now() - machine.started) / 1000))),
        };
      });
    },
  };
}

/** Milliseconds after which what a guest has told of its memory says nothing of it any more. */
const memoryHoldsMs = 60_000;

/** What the guest tells of its memory, as the statistics have it. What it does not tell, or tells no longer, is left out: none of it is 0. */
function memoryOf(values: Values, now: number): { readonly memUsage?: string; readonly memoryStats: Readonly<Record<string, string>> } {
  const told = now - 1_000 * Number(values['balloon.last-update'] ?? 0) < memoryHoldsMs;
  const number = (key: string): number | undefined =>
    told && values[`balloon.${key}`] !== undefined ? Number(values[`balloon.${key}`]) : undefined;
  const [unused, major, minor] = [number('unused'), number('major_fault'), number('minor_fault')];
  // What holds files can be had again: only newer guests tell how much of it.
  const free = number('usable') ?? unused;
  const total = number('available') ?? Number(values['balloon.current'] ?? 0);
  const given = {
    ...{ mem_total: total, mem_unused: unused, mem_free: free, mem_cached: number('disk_caches') },
    ...{ swap_in: number('swap_in'), swap_out: number('swap_out'), majflt: major, minflt: minor },
    pageflt: major === undefined || minor === undefined ? undefined : major + minor,
  };
  return {
    ...(free === undefined || total === 0 ? {} : { memUsage: String(Math.max(0, Math.round(100 - (100 * free) / total))) }),
    memoryStats: Object.fromEntries(Object.entries(given).flatMap(([key, value]) => (value === undefined ? [] : [[key, String(value)]]))),
  };
}

function statisticsOf(machine: Machine, before: Sample | undefined, after: Sample | undefined, now: number): object {
  const { id, name, status, exit, live, guest, clientIp, pauseCode } = machine;
  if (status === 'Down') return { vmId: id, vmName: name, status, ...exitFields(exit), timeOffset: String(machine.timeOffset) };
  const values = after?.values ?? {};
  const number = (key: string, from: Values = values): number => Number(from[key] ?? 0);
  const seconds = before === undefined || after === undefined ? 0 : (after.at - before.at) / 1000;
  /** What was added each second between the two looks. */
  const rate = (key: string): number =>
    seconds <= 0 || before?.values[key] === undefined ? 0 : Math.max(0, (number(key) - number(key, before.values)) / seconds);
  const system = rate('cpu.system') / 1e7;
  const user = Math.max(0, rate('cpu.time') / 1e7 - system);
  const spice = live?.displays.find(({ type }) => type === 'spice');
  const display = spice ?? live?.displays[0];
  const total = number('balloon.current');
  const indexes = (list: string): readonly number[] => Array.from({ length: number(`${list}.count`) }, (_one, index) => index);
  return {
    vmId: id,
    vmName: name,
    status,
    cpuUser: user.toFixed(2),
    cpuSys: system.toFixed(2),
    cpuUsage: String(number('cpu.time')),
    vcpuCount: String(number('vcpu.current') || (live?.cpus ?? 1)),
    ...memoryOf(values, now),
    balloonInfo:
      values['balloon.current'] === undefined
        ? {}
        : {
            balloon_cur: String(total),
            balloon_max: String(number('balloon.maximum')),
            balloon_min: '0',
            balloon_target: String(total),
          },
    kvmEnable: String(live?.emulated === false),
    acpiEnable: String(live?.acpi === true),
    timeOffset: String(machine.timeOffset),
    displayInfo: live?.displays.map(({ type, port, tlsPort, address }) => ({ type, port, tlsPort, ipAddress: address })) ?? [],
    displayType: display?.type === 'spice' ? 'qxl' : 'vnc',
    displayPort: display?.port ?? '-1',
    displaySecurePort: display?.tlsPort ?? '-1',
    displayIp: display?.address ?? '0',
    clientIp,
    session: 'Unknown',
    username: 'Unknown',
    guestIPs: '',
    guestFQDN: '',
    netIfaces: [],
    disksUsage: [],
    guestContainers: [],
    appsList: [],
    ...guest,
    network: Object.fromEntries(
      indexes('net').map((index) => {
        const key = (field: string): string => String(number(`net.${index}.${field}`));
        const device = String(values[`net.${index}.name`] ?? '');
        const nic = live?.nics.find((one) => one.device === device);
        // A counter that libvirt leaves out is none: 0 would mean that it has begun anew.
        const bytes = (way: string): object => (values[`net.${index}.${way}.bytes`] === undefined ? {} : { [way]: key(`${way}.bytes`) });
        const counts = {
          ...{ ...bytes('rx'), rxErrors: key('rx.errs'), rxDropped: key('rx.drop') },
          ...{ ...bytes('tx'), txErrors: key('tx.errs'), txDropped: key('tx.drop') },
        };
        return [
          device,
          { name: device, macAddr: nic?.mac ?? '', state: 'unknown', speed: '1000', sampleTime: (after?.at ?? 0) / 1000, ...counts },
        ];
      }),
    ),
    disks: Object.fromEntries(
      indexes('block').map((index) => {
        const of = (field: string): string => `block.${index}.${field}`;
        const device = String(values[of('name')] ?? '');
        const perRequest = (requests: string, times: string): string => {
          const count = rate(of(requests));
          return count === 0 ? '0' : String(Math.round(rate(of(times)) / count));
        };
        const image = machine.volumes.get(device)?.imageID;
        return [
          device,
          {
            ...(image === undefined ? {} : { imageID: image }),
            truesize: String(number(of('allocation'))),
            apparentsize: String(number(of('capacity')) || number(of('physical'))),
            readRate: String(Math.round(rate(of('rd.bytes')))),
            writeRate: String(Math.round(rate(of('wr.bytes')))),
            readBytes: String(number(of('rd.bytes'))),
            writtenBytes: String(number(of('wr.bytes'))),
            readOps: String(number(of('rd.reqs'))),
            writeOps: String(number(of('wr.reqs'))),
            readLatency: perRequest('rd.reqs', 'rd.times'),
            writeLatency: perRequest('wr.reqs', 'wr.times'),
            flushLatency: perRequest('fl.reqs', 'fl.times'),
          },
        ];
      }),
    ),
    hash: live?.hash ?? '',
    monitorResponse: '0',
    vmJobs: {},
    ...(status === 'Paused' ? { pauseCode } : {}),
  };
}
