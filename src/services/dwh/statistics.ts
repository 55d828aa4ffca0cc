import type { VersionColumn } from './configuration.ts';

/** How the use of one kind of object is sampled and summed up. */
export interface Statistic {
  /** Beginning of the names of its tables: `<name>_samples_history`, `<name>_hourly_history`, `<name>_daily_history`. */
  readonly name: string;
  /** View of the engine's database. */
  readonly source: string;
  readonly id: string;
  /** Objects of this kind have a status: each gets a row of its own for the time spent in it. */
  readonly status?: string;
  /** Columns that are averaged, each with the column for its maximum; null where none is kept. */
  readonly averages: Readonly<Record<string, string | null>>;
  /** Counters that only grow: the highest value stands for the period. */
  readonly counters?: readonly string[];
  /** Columns of which the last value stands for the period, with their types. */
  readonly last?: Readonly<Record<string, string>>;
  /** Columns that rows are grouped by, besides object, status and versions. */
  readonly groups?: readonly string[];
  /** Columns that are sampled and not summed up. */
  readonly onlySampled?: readonly string[];
  readonly versions: readonly VersionColumn[];
}

const interfaceOf = (owner: string): Statistic => ({
  name: `${owner}_interface`,
  source: `dwh_${owner}_interface_history_view`,
  id: `${owner}_interface_id`,
  averages: { receive_rate_percent: 'max_receive_rate_percent', transmit_rate_percent: 'max_transmit_rate_percent' },
  counters: ['received_total_byte', 'transmitted_total_byte', 'received_dropped_total_packets', 'transmitted_dropped_total_packets'],
  versions: [
    {
      name: `${owner}_interface_configuration_version`,
      of: `${owner}_interface_configuration`,
      key: `${owner}_interface_id`,
      by: `${owner}_interface_id`,
    },
  ],
});

/** What is averaged of processors and memory. */
export const processors = {
  cpu_usage_percent: 'max_cpu_usage',
  memory_usage_percent: 'max_memory_usage',
  user_cpu_usage_percent: 'max_user_cpu_usage_percent',
  system_cpu_usage_percent: 'max_system_cpu_usage_percent',
} as const;

/** Everything whose use is sampled. */
export const statistics: readonly Statistic[] = [
  {
    name: 'storage_domain',
    source: 'dwh_storage_domain_history_view',
    id: 'storage_domain_id',
    status: 'storage_domain_status',
    averages: { available_disk_size_gb: null, used_disk_size_gb: null },
    versions: [
      { name: 'storage_configuration_version', of: 'storage_domain_configuration', key: 'storage_domain_id', by: 'storage_domain_id' },
    ],
  },
  {
    name: 'host',
    source: 'dwh_host_history_view',
    id: 'host_id',
    status: 'host_status',
    averages: {
      ...processors,
      ksm_shared_memory_mb: 'max_ksm_shared_memory_mb',
      ksm_cpu_percent: 'max_ksm_cpu_percent',
      active_vms: 'max_active_vms',
      total_vms: 'max_total_vms',
      total_vms_vcpus: 'max_total_vms_vcpus',
      cpu_load: 'max_cpu_load',
      swap_used_mb: 'max_swap_used_mb',
    },
    versions: [{ name: 'host_configuration_version', of: 'host_configuration', key: 'host_id', by: 'host_id' }],
  },
  interfaceOf('host'),
  {
    name: 'vm',
    source: 'dwh_vm_history_view',
    id: 'vm_id',
    status: 'vm_status',
    averages: { ...processors, memory_buffered_kb: 'max_memory_buffered_kb', memory_cached_kb: 'max_memory_cached_kb' },
    last: { vm_ip: 'text', current_user_id: 'uuid', disks_usage: 'text' },
    groups: ['currently_running_on_host'],
    onlySampled: ['vm_client_ip', 'user_logged_in_to_guest'],
    versions: [
      { name: 'vm_configuration_version', of: 'vm_configuration', key: 'vm_id', by: 'vm_id' },
      { name: 'current_host_configuration_version', of: 'host_configuration', key: 'host_id', by: 'currently_running_on_host' },
    ],
  },
  interfaceOf('vm'),
  {
    name: 'vm_disk',
    source: 'dwh_vm_disks_history_view',
    id: 'vm_disk_id',
    status: 'vm_disk_status',
    averages: {
      vm_disk_actual_size_mb: 'max_vm_disk_actual_size_mb',
      read_rate_bytes_per_second: 'max_read_rate_bytes_per_second',
      read_latency_seconds: 'max_read_latency_seconds',
      write_rate_bytes_per_second: 'max_write_rate_bytes_per_second',
      write_latency_seconds: 'max_write_latency_seconds',
      flush_latency_seconds: 'max_flush_latency_seconds',
    },
    counters: ['read_ops_total_count', 'write_ops_total_count'],
    versions: [{ name: 'vm_disk_configuration_version', of: 'vm_disk_configuration', key: 'vm_disk_id', by: 'vm_disk_id' }],
  },
];

/** What an engine's view has of a statistic, besides id and status. */
export const sampledColumns = ({ averages, counters = [], last = {}, groups = [], onlySampled = [] }: Statistic): readonly string[] => [
  ...Object.keys(averages),
  ...counters,
  ...Object.keys(last),
  ...groups,
  ...onlySampled,
];

/** By what the samples of one object are grouped in hours and days. */
export const groupsOf = ({ status, groups = [], versions }: Statistic): readonly string[] => [
  ...(status === undefined ? [] : [status]),
  ...groups,
  ...versions.map(({ name }) => name),
];
