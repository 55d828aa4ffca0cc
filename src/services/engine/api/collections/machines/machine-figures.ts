import { type Figure, statisticsOf } from '../statistics.ts';

const installed = 'v.mem_size_mb::numeric * 1048576';
const kibibytes = (column: string): string => `v.${column}::numeric * 1024`;

/** What a virtual machine uses, of what its host and its guest have told last. */
const figures: readonly Figure[] = [
  ['memory.installed', 'Total memory configured', 'bytes', 'integer', installed],
  ['memory.used', 'Memory used (agent)', 'bytes', 'integer', `round(${installed} * v.usage_mem_percent / 100)`],
  ['memory.free', 'Memory free', 'bytes', 'integer', kibibytes('guest_mem_free')],
  ['memory.buffered', 'Memory buffered', 'bytes', 'integer', kibibytes('guest_mem_buffered')],
  ['memory.cached', 'Memory cached', 'bytes', 'integer', kibibytes('guest_mem_cached')],
  ['cpu.current.guest', 'CPU used by guest', 'percent', 'decimal', 'v.cpu_user'],
  ['cpu.current.hypervisor', 'CPU overhead', 'percent', 'decimal', 'v.cpu_sys'],
  ['cpu.current.total', 'Total CPU used', 'percent', 'decimal', 'v.usage_cpu_percent'],
  ['network.current.total', 'Percent of used network resources', 'percent', 'decimal', 'v.usage_network_percent'],
  ['elapsed.time', 'Elapsed VM runtime in seconds', 'seconds', 'integer', 'v.elapsed_time'],
  ['disks.usage', 'Disk usage, in bytes, per filesystem as JSON (agent)', 'none', 'string', 'v.disks_usage'],
];

export const machineStatistics = statisticsOf({
  rel: 'vms',
  kind: 'vm',
  about: 'What a virtual machine uses at the moment.',
  from: '(select x.mem_size_mb, u.* from vm_statistics u join vm_static x using (vm_guid))',
  key: 'vm_guid',
  figures,
});
