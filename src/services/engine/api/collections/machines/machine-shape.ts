import type { Entity } from '../../types.ts';
import { optional, reference, type Row, versionOf } from '../collection.ts';
import { iconId } from '../icons.ts';
import { systemFamily, systemName } from '../operating-systems.ts';
import { shownAddress } from './shown-display.ts';
import { affinityWords, biosTypeWords, type DisplayWord, machineTypeWords, resumeWords } from './machine-words.ts';

/* How virtual machines, templates and instance types are shown: what all of them have. */

/** Columns of `vm_static`, which is called `t`, and what belongs to it. */
export const shapeColumns = `t.vm_name, t.description, t.free_text_comment, t.cluster_id, t.mem_size_mb, t.max_memory_size_mb, t.min_allocated_mem,
  t.balloon_enabled, t.num_of_sockets, t.cpu_per_socket, t.threads_per_cpu, t.cpu_shares, t.num_of_io_threads, t.os, t.bios_type,
  t.boot_menu_enabled, t.boot_devices, t.kernel_url, t.initrd_url, t.kernel_params, t.vm_type, t.time_zone, t.is_delete_protected,
  t.is_run_and_pause, t.is_stateless, t.auto_startup, t.priority, t.migration_support, t.num_of_monitors, t.allow_console_reconnect,
  t.console_disconnect_action, t.resume_behavior, t.serial_number_policy, t.custom_serial_number, t.custom_emulated_machine,
  t.custom_cpu_name, t.custom_compatibility_version, t.multi_queues_enabled, t.origin, t.creation_date,
  (select min(d.device) from vm_device d where d.vm_id = t.vm_guid and d.type = 'graphics') as display,
  (select json_agg(h.vds_id) from vm_host_pinning_map h where h.vm_id = t.vm_guid) as pinned_hosts`;

/** What costs more, and is read only where all content is asked for. */
export const shapeDetails = {
  columns: `exists (select from vm_device d where d.vm_id = t.vm_guid and d.type = 'console') as has_console`,
  describe: (row: Row): Entity => ({ console: { enabled: row['has_console'] === true } }),
} as const;

export const bytesOf = (megabytes: unknown): bigint => BigInt(Number(megabytes)) * 1_048_576n;

const architectures = ['undefined', 'x86_64', 'ppc64'] as const;

/** A display that is open, as `vm_dynamic` holds it. */
export interface OpenDisplay {
  readonly type: DisplayWord;
  readonly port?: number | null;
  readonly tlsPort?: number | null;
  readonly address?: string | null;
}

/** The display that is shown of a machine; its address and ports only where it is open. */
export const displayOf = (row: Row): Entity | undefined => {
  const type = optional(row['display']);
  if (type === undefined) return undefined;
  const open = ((row['graphics'] ?? []) as readonly OpenDisplay[]).find((one) => one.type === type);
  return {
    address: open === undefined ? undefined : shownAddress(open.address, row),
    allow_override: row['allow_console_reconnect'] === true,
    copy_paste_enabled: true,
    disconnect_action: String(row['console_disconnect_action']),
    file_transfer_enabled: true,
    monitors: Number(row['num_of_monitors']),
    port: open?.port,
    secure_port: open?.tlsPort,
    single_qxl_pci: false,
    smartcard_enabled: false,
    type,
  };
};

/** Icons are those of the operating system. */
export const iconsOf = (row: Row): Entity => ({
  large_icon: reference('icons', iconId(systemFamily(row['os']), 'large')),
  small_icon: reference('icons', iconId(systemFamily(row['os']), 'small')),
});

export const describeShape = (row: Row): Entity => ({
  name: String(row['vm_name']),
  description: String(row['description']),
  comment: String(row['free_text_comment']),
  bios: { boot_menu: { enabled: row['boot_menu_enabled'] === true }, type: biosTypeWords[Number(row['bios_type'])] },
  cpu: {
    architecture: architectures[Number(row['architecture'] ?? 0)],
    topology: { cores: Number(row['cpu_per_socket']), sockets: Number(row['num_of_sockets']), threads: Number(row['threads_per_cpu']) },
  },
  cpu_shares: Number(row['cpu_shares']),
  creation_time: row['creation_date'] as Date,
  custom_compatibility_version: versionOf(row['custom_compatibility_version']),
  custom_cpu_model: optional(row['custom_cpu_name']),
  custom_emulated_machine: optional(row['custom_emulated_machine']),
  delete_protected: row['is_delete_protected'] === true,
  display: displayOf(row),
  high_availability: { enabled: row['auto_startup'] === true, priority: Number(row['priority']) },
  io: { threads: Number(row['num_of_io_threads']) },
  memory: bytesOf(row['mem_size_mb']),
  memory_policy: {
    ballooning: row['balloon_enabled'] === true,
    guaranteed: bytesOf(row['min_allocated_mem']),
    max: bytesOf(row['max_memory_size_mb']),
  },
  migration: { auto_converge: 'inherit', compressed: 'inherit', encrypted: 'inherit' },
  migration_downtime: -1,
  multi_queues_enabled: row['multi_queues_enabled'] === true,
  origin: String(row['origin']),
  os: {
    boot: { devices: row['boot_devices'] as readonly string[] },
    cmdline: optional(row['kernel_params']),
    initrd: optional(row['initrd_url']),
    kernel: optional(row['kernel_url']),
    type: systemName(row['os']),
  },
  placement_policy: {
    affinity: affinityWords[Number(row['migration_support'])],
    hosts: row['pinned_hosts'] === null ? undefined : (row['pinned_hosts'] as readonly string[]).map((id) => reference('hosts', id)),
  },
  serial_number:
    row['serial_number_policy'] === null
      ? undefined
      : { policy: optional(row['serial_number_policy']), value: optional(row['custom_serial_number']) },
  sso: { methods: [{ id: 'guest_agent' }] },
  start_paused: row['is_run_and_pause'] === true,
  stateless: row['is_stateless'] === true,
  storage_error_resume_behaviour: resumeWords[Number(row['resume_behavior'])],
  time_zone: { name: optional(row['time_zone']) ?? 'Etc/GMT' },
  type: machineTypeWords[Number(row['vm_type'])],
  usb: { enabled: false },
});
