import { statisticsOf } from './statistics.ts';
import { trafficFigures } from './traffic-figures.ts';

export const hostStatistics = statisticsOf({
  rel: 'hosts',
  kind: 'host',
  about: 'What a host uses at the moment.',
  from: 'vds',
  key: 'vds_id',
  figures: [
    ['memory.installed', 'Total memory', 'bytes', 'integer', 'v.physical_mem_mb::numeric * 1048576'],
    ['memory.used', 'Used memory', 'bytes', 'integer', '(v.physical_mem_mb::numeric - v.mem_free) * 1048576'],
    ['memory.free', 'Free memory', 'bytes', 'integer', 'v.mem_free::numeric * 1048576'],
    ['memory.shared', 'Shared memory', 'bytes', 'integer', 'v.mem_shared::numeric * 1048576'],
    ['swap.total', 'Total swap', 'bytes', 'integer', 'v.swap_total::numeric * 1048576'],
    ['swap.free', 'Free swap', 'bytes', 'integer', 'v.swap_free::numeric * 1048576'],
    ['swap.used', 'Used swap', 'bytes', 'integer', '(v.swap_total::numeric - v.swap_free) * 1048576'],
    ['ksm.cpu.current', 'KSM CPU usage', 'percent', 'decimal', 'v.ksm_cpu_percent::numeric'],
    ['cpu.current.user', 'User CPU usage', 'percent', 'decimal', 'v.cpu_user'],
    ['cpu.current.system', 'System CPU usage', 'percent', 'decimal', 'v.cpu_sys'],
    ['cpu.current.idle', 'Idle CPU usage', 'percent', 'decimal', 'v.cpu_idle'],
    ['cpu.load.avg.5m', 'CPU 5 minute load average', 'percent', 'decimal', 'v.cpu_load'],
    ['boot.time', 'Boot time of the machine', 'none', 'integer', 'v.boot_time::numeric'],
  ],
});

export const hostNicStatistics = statisticsOf({
  rel: 'hosts/nics',
  kind: 'host_nic',
  about: 'What goes through a network interface of a host.',
  // Hosts in other statuses are not asked: up, preparing for maintenance, not operational.
  from: `(select i.id as nic_id, i.vds_id, s.rx_rate, s.tx_rate, s.rx_total, s.tx_total, s.rx_errors, s.tx_errors, d.status in (3, 9, 10) as told
    from vds_interface i join vds_dynamic d using (vds_id) left join vds_interface_statistics s using (id))`,
  key: 'nic_id',
  above: 'vds_id',
  figures: trafficFigures({ packets: 'with errors', rx: 'rx_errors', tx: 'tx_errors' }),
});
