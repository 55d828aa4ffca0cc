import { statisticsOf } from '../statistics.ts';

/** What goes through a disk. It says nothing any more once no machine runs with it. */
export const diskStatistics = statisticsOf({
  rel: 'disks',
  kind: 'disk',
  about: 'What goes through a disk.',
  from: `(select i.image_group_id as disk_id, s.read_rate, s.write_rate, s.read_latency_seconds, s.write_latency_seconds, s.flush_latency_seconds
    from images i left join disk_image_dynamic s on s.image_id = i.image_guid and exists (
      select from disk_vm_element e join vm_dynamic d on d.vm_guid = e.vm_id
      where e.disk_id = i.image_group_id and e.is_plugged and d.run_on_vds is not null and d.status <> 7)
    where i.active)`,
  key: 'disk_id',
  figures: [
    ['data.current.read', 'Read data rate', 'bytes_per_second', 'decimal', 'v.read_rate'],
    ['data.current.write', 'Write data rate', 'bytes_per_second', 'decimal', 'v.write_rate'],
    ['disk.read.latency', 'Read latency', 'seconds', 'decimal', 'v.read_latency_seconds'],
    ['disk.write.latency', 'Write latency', 'seconds', 'decimal', 'v.write_latency_seconds'],
    ['disk.flush.latency', 'Flush latency', 'seconds', 'decimal', 'v.flush_latency_seconds'],
  ],
});
