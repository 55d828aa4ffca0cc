import { counterOf, entriesOf, flagOf, integerOf, numberOf, objectOf, textOf } from '../agents/hostile.ts';

/** What a host uses at a moment, as it is stored. */
export interface HostStatistics {
  readonly host: string;
  /** Columns of `vds_statistics`. */
  readonly usage: Readonly<Record<string, number | boolean | null>>;
  /** Columns of `vds_dynamic`. */
  readonly machines: { readonly vm_active: number; readonly vm_count: number; readonly vm_migrating: number };
  readonly interfaces: readonly InterfaceStatistics[];
  /** The clock of the host, in milliseconds; null if it does not tell. */
  readonly clock: number | null;
}

export interface InterfaceStatistics {
  readonly name: string;
  readonly iface_status: number;
  readonly rx_total: string | null;
  readonly tx_total: string | null;
  readonly rx_drop: string | null;
  readonly tx_drop: string | null;
  readonly rx_errors: string | null;
  readonly tx_errors: string | null;
  readonly sample_time: number | null;
}

const percent = (value: unknown): number | null => {
  const number = numberOf(value, 0, 10_000);
  return number === null ? null : Math.min(100, Math.round(number));
};

const mostInterfaces = 1_000;

/** Reads the answer to `Host.getStats`, which may be anything: what cannot be read is not known. Memory comes in megabytes, shares in percent. */
export function readStatistics(host: string, answer: unknown): HostStatistics {
  const stats = objectOf(answer);
  const [user, system] = [numberOf(stats['cpuUser'], 0, 100), numberOf(stats['cpuSys'], 0, 100)];
  const seen = new Set<string>();
  return {
    host,
    usage: {
      usage_cpu_percent: user === null || system === null ? null : percent(user + system),
      usage_mem_percent: percent(stats['memUsed']),
      cpu_user: user,
      cpu_sys: system,
      cpu_idle: numberOf(stats['cpuIdle'], 0, 100),
      cpu_load: numberOf(stats['cpuLoad'], 0, 1_000_000),
      mem_free: integerOf(stats['memFree'] ?? stats['memAvailable']),
      mem_shared: integerOf(stats['memShared']),
      swap_total: integerOf(stats['swapTotal']),
      swap_free: integerOf(stats['swapFree']),
      ksm_state: flagOf(stats['ksmState']),
      ksm_pages: integerOf(stats['ksmPages']),
      ksm_cpu_percent: percent(stats['ksmCpu']),
      anonymous_hugepages: integerOf(stats['anonHugePages']),
      transparent_hugepages_state: stats['thpState'] === undefined ? null : stats['thpState'] !== 'never',
      boot_time: integerOf(stats['bootTime'], 0, Number.MAX_SAFE_INTEGER),
    },
    machines: {
      vm_active: integerOf(stats['vmActive'], 0, 100_000) ?? 0,
      vm_count: integerOf(stats['vmCount'], 0, 100_000) ?? 0,
      vm_migrating: integerOf(stats['vmMigrating'], 0, 100_000) ?? 0,
    },
    interfaces: entriesOf(stats['network'], mostInterfaces).flatMap(([given, one]) => {
      const name = textOf(given, 50);
      const count = (key: string): string | null => counterOf(one[key]);
      // Two names may become one when they are cleaned.
      if (name === null || seen.has(name)) return [];
      seen.add(name);
      return {
        ...{ name, iface_status: one['state'] === 'up' ? 1 : 0, rx_total: count('rx'), tx_total: count('tx') },
        ...{ rx_drop: count('rxDropped'), tx_drop: count('txDropped'), rx_errors: count('rxErrors'), tx_errors: count('txErrors') },
        sample_time: numberOf(one['sampleTime'], 0, 1e12),
      };
    }),
    clock: clockOf(stats['dateTime']),
  };
}

/** `2017-06-01T02:20:30 GMT`. */
function clockOf(value: unknown): number | null {
  const [, text] = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d) GMT$/.exec(typeof value === 'string' ? value : '') ?? [];
  const moment = text === undefined ? Number.NaN : Date.parse(`${text}Z`);
  return Number.isNaN(moment) ? null : moment;
}
