import { type Figure, statisticsOf } from '../statistics.ts';
import { trafficFigures } from '../traffic-figures.ts';

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

const told =
  'cpu_user cpu_sys usage_cpu_percent usage_mem_percent usage_network_percent elapsed_time guest_mem_free guest_mem_buffered guest_mem_cached disks_usage'
    .split(' ')
    .map((column) => `u.${column}`)
    .join(', ');

export const nicStatistics = statisticsOf({
  rel: 'vms/nics',
  kind: 'nic',
  about: 'What goes through a network interface of a virtual machine.',
  from: `(select i.id as nic_id, i.vm_guid, s.rx_rate, s.tx_rate, s.rx_total, s.tx_total, s.rx_drop, s.tx_drop, d.run_on_vds is not null as told
    from vm_interface i join vm_dynamic d using (vm_guid) left join vm_interface_statistics s on s.id = i.id)`,
  key: 'nic_id',
  above: 'vm_guid',
  figures: trafficFigures({ packets: 'that were dropped', rx: 'rx_drop', tx: 'tx_drop' }),
});

export const machineStatistics = statisticsOf({
  rel: 'vms',
  kind: 'vm',
  about: 'What a virtual machine uses at the moment.',
  // What was told last stays when a machine has ended, and says nothing of it any more.
  from: `(select x.vm_guid, x.mem_size_mb, ${told} from vm_static x join vm_dynamic d using (vm_guid)
    left join vm_statistics u on u.vm_guid = x.vm_guid and d.run_on_vds is not null)`,
  key: 'vm_guid',
  figures,
});
