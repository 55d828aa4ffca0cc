import { statfsSync } from 'node:fs';
import { loadavg, uptime } from 'node:os';
import { numaMemory, numaNodes } from './numa.ts';
import { isUp, speedOf } from './network.ts';
import { type CpuTimes, type Traffic, namesIn, readCpuTimes, readLine, readMemory, readTraffic } from './proc.ts';

/** What is counted up, at one moment. */
interface Sample {
  /** Milliseconds of a clock that never goes back. */
  readonly at: number;
  readonly cpus: ReadonlyMap<string, CpuTimes>;
  readonly own: CpuTimes | undefined;
  readonly traffic: ReadonlyMap<string, Traffic>;
}

export interface HostStatistics {
  /** Figures of the host, as `Host.getStats` tells them, without those of virtual machines and storage. */
  read(): Readonly<Record<string, unknown>>;
}

const mebi = 1024 * 1024;
/** Two looks that are closer than this say nothing about load. */
const leastMs = 1_000;

/** Makes the source of figures. Load is what has been used since it was asked for the last time, but one second at least. */
export function createHostStatistics(parts: { readonly clock: () => number; readonly now: () => number }): HostStatistics {
  const { clock, now } = parts;
  let [former, latest]: [Sample | undefined, Sample | undefined] = [undefined, undefined];

  function take(): void {
    if (latest !== undefined && clock() - latest.at < leastMs) return;
    const [stat, own, counters] = [readLine('/proc/stat'), readLine('/proc/self/stat'), readLine('/proc/net/dev')];
    former = latest;
    latest = { at: clock(), cpus: readCpuTimes(`${stat}\n`), own: ownTimes(own), traffic: readTraffic(counters) };
  }

  return {
    read() {
      take();
      const memory = readMemory(readLine('/proc/meminfo'));
      const get = (name: string): number => memory.get(name) ?? 0;
      const total = get('MemTotal');
      const available = get('MemAvailable');
      const cpus = [...(latest?.cpus ?? [])];
      const nodes = numaNodes();
      const nodeOf = new Map([...nodes].flatMap(([number, node]) => node.cpus.map((cpu) => [String(cpu), number] as const)));
      const whole = loadOf(former?.cpus.get(''), latest?.cpus.get(''));
      const own = ownLoad(former, latest);
      const started = now() / 1000 - uptime();
      return {
        cpuUser: whole.user,
        cpuSys: whole.system,
        cpuIdle: whole.idle,
        // Of the last five minutes, as which engines show it.
        cpuLoad: (loadavg()[1] ?? 0).toFixed(2),
        cpuUserVdsmd: own.user,
        cpuSysVdsmd: own.system,
        cpuStatistics: Object.fromEntries(
          cpus
            .filter(([name]) => name !== '')
            .map(([name, times]) => {
              const { user, system, idle } = loadOf(former?.cpus.get(name), times);
              return [name, { cpuUser: user, cpuSys: system, cpuIdle: idle, nodeIndex: nodeOf.get(name) ?? 0 }];
            }),
        ),
        memUsed: total === 0 ? '0' : String(Math.round(100 - (100 * available) / total)),
        memAvailable: Math.floor(available / mebi),
        memFree: Math.floor((get('MemFree') + get('Cached') + get('Buffers')) / mebi),
        memShared: Math.floor(get('Shmem') / mebi),
        memCommitted: Math.floor(get('Committed_AS') / mebi),
        swapTotal: Math.floor(get('SwapTotal') / mebi),
        swapFree: Math.floor(get('SwapFree') / mebi),
        anonHugePages: String(Math.floor(get('AnonHugePages') / mebi)),
        thpState: /\[(\w+)\]/.exec(readLine('/sys/kernel/mm/transparent_hugepage/enabled'))?.[1] ?? 'never',
        ksmState: readLine('/sys/kernel/mm/ksm/run') === '1',
        ksmPages: Number(readLine('/sys/kernel/mm/ksm/pages_to_scan')),
        ksmMergeAcrossNodes: readLine('/sys/kernel/mm/ksm/merge_across_nodes') !== '0',
        momStatus: 'disabled',
        numaNodeMemFree: numaMemory(nodes),
        network: traffic(latest),
        elapsedTime: String(Math.floor(uptime())),
        bootTime: String(Math.floor(started)),
        diskStats: Object.fromEntries(['/var/log', '/tmp'].map((path) => [path, { free: String(freeIn(path)) }])),
        dateTime: `${new Date(now()).toISOString().slice(0, 19)} GMT`,
      };
    },
  };

  function traffic(sample: Sample | undefined): Readonly<Record<string, object>> {
    const devices = new Set(namesIn('/sys/class/net'));
    const found = [...(sample?.traffic ?? [])].filter(([name]) => devices.has(name) && name !== 'lo' && !/^vnet\d+$/.test(name));
    const entries = found.map(([name, counts]) => {
      const [up, speed] = [isUp(name), speedOf(name)];
      const fields = Object.fromEntries(Object.entries(counts).map(([field, count]) => [field, String(count)]));
      return [name, { name, state: up ? 'up' : 'down', speed: String(speed), sampleTime: (sample?.at ?? 0) / 1000, ...fields }] as const;
    });
    return Object.fromEntries(entries);
  }
}

/** In MiB. */
function freeIn(path: string): number {
  try {
    const { bavail, bsize } = statfsSync(path);
    return Math.floor((bavail * bsize) / mebi);
  } catch {
    return 0;
  }
}

interface Load {
  readonly user: string;
  readonly system: string;
  readonly idle: string;
}

/** Shares of the time between two looks, in percent. Before there are two, the machine counts as idle. */
function loadOf(before: CpuTimes | undefined, after: CpuTimes | undefined): Load {
  const all = (after?.all ?? 0) - (before?.all ?? 0);
  if (before === undefined || after === undefined || all <= 0) return { user: '0.00', system: '0.00', idle: '100.00' };
  const share = (count: number): string => Math.max(0, (100 * count) / all).toFixed(2);
  return { user: share(after.user - before.user), system: share(after.system - before.system), idle: share(after.idle - before.idle) };
}

/** `/proc/self/stat`: times of this process. Its name, in parentheses, may have anything in it. */
function ownTimes(text: string): CpuTimes | undefined {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [user, system] = [Number(fields[11]), Number(fields[12])];
  return Number.isFinite(user + system) ? { user, system, idle: 0, all: user + system } : undefined;
}

function ownLoad(before: Sample | undefined, after: Sample | undefined): Pick<Load, 'user' | 'system'> {
  if (before?.own === undefined || after?.own === undefined) return { user: '0.00', system: '0.00' };
  const ticks = (after.at - before.at) / 10;
  return {
    user: ((100 * (after.own.user - before.own.user)) / ticks).toFixed(2),
    system: ((100 * (after.own.system - before.own.system)) / ticks).toFixed(2),
  };
}
