import { diskStatuses } from '../../../disks/disk-status.ts';
import { machineStatuses, machineStatusWord } from '../../../machines/machine-status.ts';
import type { Entity } from '../../types.ts';
import { type Collection, optional, reference, type Row, type SearchField } from '../collection.ts';
import { systemNumbers } from '../operating-systems.ts';
import { choicesOf } from '../stored.ts';
import { type GuestSystem, guestSystemOf, guestZoneOf } from './guest-system.ts';
import { describeShape, displayOf, iconsOf, shapeColumns, shapeDetails } from './machine-shape.ts';
import { machineTypeWords } from './machine-words.ts';
import { authorityColumn, displayColumns, withCertificate } from './shown-display.ts';
import { machineTicket } from './special-consoles.ts';
import { rebootVm, resetVm, shutdownVm, startVm, stopVm } from './special-running.ts';
import { machineSpecial } from './special-vms.ts';

const shownDisplay = (row: Row): Entity | undefined => {
  const display = displayOf(row);
  return display === undefined ? undefined : withCertificate(display, row);
};

const describe = (row: Row): Entity => ({
  ...describeShape(row),
  display: shownDisplay(row),
  ...iconsOf(row),
  fqdn: optional(row['guest_fqdn']),
  guest_operating_system: guestSystemOf(row['guest_os'] as GuestSystem | null),
  guest_time_zone: guestZoneOf(row['guest_time_zone'] as { zone?: string; offset?: number } | null),
  next_run_configuration_exists: row['next_run'] === true,
  numa_tune_mode: 'interleave',
  run_once: row['run_once'] === true,
  start_time: (row['last_start_time'] as Date | null) ?? undefined,
  status: machineStatusWord(row['status']),
  stop_reason: optional(row['stop_reason']),
  stop_time: (row['last_stop_time'] as Date | null) ?? undefined,
  cluster: reference('clusters', row['cluster_id']),
  host: reference('hosts', row['run_on_vds']),
  instance_type: reference('instancetypes', row['instance_type_id']),
  original_template: reference('templates', row['original_template_id']),
  template: reference('templates', row['vmt_guid']),
});

/** Whether it was changed after it had been started: its next run will differ. */
const nextRun = 'coalesce(t.run_on_vds is not null and t._update_date > t.last_start_time, false)';
const hostName = '(select h.vds_name from vds_static h where h.vds_id = t.run_on_vds)';
const centerName = '(select p.name from storage_pool p where p.id = t.storage_pool_id)';
const templateName = '(select m.vm_name from vm_static m where m.vm_guid = t.vmt_guid)';
/** A field of which a machine has several values; `query` returns them. */
const several = (query: string): SearchField => ({
  sql: `(select string_agg(s.value, ' ' order by s.value) from (${query}) s (value))`,
  as: 'text',
  several: query,
});
const tags = several('select g.tag_name from tags_vm_map m join tags g using (tag_id) where m.vm_id = t.vm_guid');
const networks = several(`select n.name from vm_interface i join vnic_profiles p on p.id = i.vnic_profile_id
  join network n on n.id = p.network_id where i.vm_guid = t.vm_guid`);
const domains = several(`select s.storage_name from disk_vm_element e join images i on i.image_group_id = e.disk_id
  join image_storage_domain_map m on m.image_id = i.image_guid join storage_domain_static s on s.id = m.storage_domain_id where e.vm_id = t.vm_guid`);
const people = several('select u.username from permissions p join users u on u.user_id = p.ad_element_id where p.object_id = t.vm_guid');
const statistic = (column: string): string =>
  `(select s.${column} from vm_statistics s where s.vm_guid = t.vm_guid and t.run_on_vds is not null)`;

export const vms: Collection = {
  rel: 'vms',
  type: 'vm',
  about: 'Virtual machines.',
  from: 'vms t',
  id: 't.vm_guid',
  columns: `${shapeColumns}, t.architecture, t.status, t.run_on_vds, t.last_start_time, t.last_stop_time, t.run_once, t.stop_reason, t.graphics,
    t.guest_fqdn, t.guest_os, t.guest_time_zone, t.instance_type_id, t.original_template_id, t.vmt_guid, ${nextRun} as next_run,
    ${displayColumns}`,
  describe,
  costly: {
    columns: `${shapeDetails.columns}, ${authorityColumn}`,
    describe: (row) => ({ ...shapeDetails.describe(row), display: shownDisplay(row) }),
  },
  named: 't.vm_name',
  order: 'lower(t.vm_name), t.vm_guid',
  sight: 'permitted',
  search: {
    name: { sql: 't.vm_name', as: 'text', present: true },
    comment: { sql: 't.free_text_comment', as: 'text' },
    description: { sql: 't.description', as: 'text' },
    status: { sql: 't.status', as: { choices: machineStatuses } },
    host: { sql: hostName, as: 'text' },
    'host.name': { sql: hostName, as: 'text' },
    ip: { sql: 't.vm_ip', as: 'text' },
    fqdn: { sql: 't.guest_fqdn', as: 'text' },
    uptime: { sql: statistic('elapsed_time'), as: 'number' },
    os: { sql: 't.os', as: { choices: systemNumbers } },
    creationdate: { sql: 't.creation_date', as: 'date' },
    cpu_usage: { sql: statistic('usage_cpu_percent'), as: 'number' },
    mem_usage: { sql: statistic('usage_mem_percent'), as: 'number' },
    network_usage: { sql: statistic('usage_network_percent'), as: 'number' },
    memory: { sql: 't.mem_size_mb', as: 'number' },
    guaranteed_memory: { sql: 't.min_allocated_mem', as: 'number' },
    cluster: { sql: 't.cluster_name', as: 'text' },
    'cluster.name': { sql: 't.cluster_name', as: 'text' },
    datacenter: { sql: centerName, as: 'text' },
    'datacenter.name': { sql: centerName, as: 'text' },
    template: { sql: templateName, as: 'text' },
    'template.name': { sql: templateName, as: 'text' },
    'networks.name': networks,
    storage: domains,
    'storage.name': domains,
    'users.name': people,
    loggedinuser: { sql: 't.guest_user_name', as: 'text' },
    tag: tags,
    type: { sql: 't.vm_type', as: { choices: choicesOf(machineTypeWords) } },
    id: { sql: 't.vm_guid::text', as: 'text' },
    architecture: { sql: 't.architecture', as: { choices: { undefined: 0, x86_64: 1, ppc64: 2 } } },
    compatibility_level: { sql: 'coalesce(t.custom_compatibility_version, t.compatibility_version)', as: 'text' },
    created_by_user_id: { sql: 't.created_by_user_id::text', as: 'text' },
    next_run_config_exists: { sql: nextRun, as: 'boolean' },
    has_illegal_images: {
      sql: `exists (select from disk_vm_element e join images i on i.image_group_id = e.disk_id where e.vm_id = t.vm_guid and i.imagestatus = ${diskStatuses.illegal})`,
      as: 'boolean',
    },
  },
  words: ['name', 'comment', 'description', 'fqdn'],
  special: machineSpecial,
  actions: {
    reboot: rebootVm,
    reset: resetVm,
    shutdown: shutdownVm,
    start: startVm,
    stop: stopVm,
    ticket: machineTicket,
  },
};
