import { authoritySql } from '../../consoles/authority-option.ts';
import { hostSubject, organizationIn } from '../../consoles/host-subject.ts';
import { hostStatuses, statusNumber, statusWord } from '../../hosts/host-status.ts';
import type { Entity } from '../types.ts';
import { type Collection, optional, reference, type Row, type Store } from './collection.ts';
import { hostFields } from './host-fields.ts';
import { permits } from './permits.ts';
import { fenceHost } from './special-fence.ts';
import { activateHost, deactivateHost, hostSpecial, refreshHost } from './special-hosts.ts';
import { updateHost } from './special-host-update.ts';
import { forceSelectSpm } from './storage/special-spm.ts';
import { addHost, approveHost, installHost } from './special-installation.ts';
import { choicesOf } from './stored.ts';

const externalStatuses = ['ok', 'info', 'warning', 'error', 'failure'] as const;
const types = ['rhel', 'rhev_h', 'ovirt_node'] as const;
const selinuxModes = ['permissive', 'enforcing', 'disabled'] as const;
const numaStatuses = ['disable', 'enable', 'unknown'] as const;
const architectures = ['undefined', 'x86_64', 'ppc64'] as const;
const placements = ['consolidated', 'separated'] as const;

/** Why a host is not operational, in the words of the API, by the number that is stored. */
const details: Readonly<Record<number, string>> = {
  1: 'general',
  2: 'cpu_type_incompatible_with_cluster',
  3: 'storage_domain_unreachable',
  4: 'network_unreachable',
  5: 'version_incompatible_with_cluster',
  6: 'kvm_not_running',
  11: 'emulated_machines_incompatible_with_cluster',
  14: 'cluster_version_incompatible_with_cluster',
};

/** A version as packages have it, with what of it are numbers: `9.0.0 - 4`. */
function versionOf(text: unknown): Entity | undefined {
  if (typeof text !== 'string') return undefined;
  const [major, minor, build, revision] = (/^\d+(?:\.\d+)*/.exec(text)?.[0] ?? '').split('.').filter(Boolean).map(Number);
  return { full_version: text, major, minor, build, revision };
}

const megabytes = (value: unknown): bigint | undefined => (typeof value === 'number' ? BigInt(value) * 1_048_576n : undefined);

const number = (value: unknown): number | undefined => (value === null || value === undefined ? undefined : Number(value));

/** Cores of each socket and threads of each core, as the API has them. */
function topologyOf(row: Row): Entity | undefined {
  const [sockets, cores, threads] = ['cpu_sockets', 'cpu_cores', 'cpu_threads'].map((column) => number(row[column]));
  if (sockets === undefined || cores === undefined || threads === undefined) return undefined;
  return { sockets, cores: Math.max(1, Math.round(cores / sockets)), threads: Math.max(1, Math.round(threads / cores)) };
}

/** The operating system; nothing of it is known before the host has been up. */
const osOf = (row: Row): Entity => ({
  custom_kernel_cmdline: String(row['kernel_cmdline']),
  reported_kernel_cmdline: optional(row['kernel_args']),
  type: optional(row['host_os'])?.split(' - ')[0],
  version: versionOf(optional(row['host_os'])?.split(' - ').slice(1).join(' - ')),
});

/** What a host says of its agent; null before it has ever been up. */
const versionColumns = ['rpm_version', 'software_version'] as const;

const hardwareOf = (row: Row): Entity | undefined =>
  row['hw_uuid'] === null && row['hw_manufacturer'] === null
    ? undefined
    : {
        family: optional(row['hw_family']),
        manufacturer: optional(row['hw_manufacturer']),
        product_name: optional(row['hw_product_name']),
        serial_number: optional(row['hw_serial_number']),
        supported_rng_sources: optional(row['supported_rng_sources'])?.split(',') ?? [],
        uuid: optional(row['hw_uuid']),
        version: optional(row['hw_version']),
      };

/** The certificate that the engine has given a host when it installed it. */
function certificateOf(row: Row): Entity | undefined {
  const beginning = optional(row['hosts_subject']);
  if (beginning === undefined || versionColumns.every((column) => row[column] === null)) return undefined;
  return { organization: organizationIn(beginning), subject: hostSubject(beginning, String(row['host_name'])) };
}

/** What the role of a host is on the storage of its data center. */
const spmWords = ['none', 'contending', 'spm'] as const;

const kdumpWords: Readonly<Record<number, string>> = { 0: 'disabled', 1: 'enabled' };

const store: Store = {
  table: 'vds_static',
  key: 'vds_id',
  noun: 'Host',
  fields: hostFields,
  update: { permit: permits.edit_host_configuration, code: 43, event: 'USER_UPDATE_VDS' },
};

export const hosts: Collection = {
  rel: 'hosts',
  type: 'host',
  about: 'Hosts, on which virtual machines run.',
  from: 'vds t',
  id: 't.vds_id',
  columns: `t.vds_name, t.free_text_comment, t.host_name, t.port, t.cluster_id, t.status, t.non_operational_reason, t.external_status, t.vds_type,
    t.sshkeyfingerprint, t.ssh_port, t.pm_enabled, t.pm_detect_kdump, t.disable_auto_pm, t.vds_spm_priority, t.kernel_cmdline, t.kernel_args,
    t.vgpu_placement, t.reinstall_required, t.cpu_sockets, t.cpu_cores, t.cpu_threads, t.cpu_model, t.cpu_speed_mh, t.physical_mem_mb,
    t.reserved_mem, t.mem_commited, t.vm_active, t.vm_count, t.vm_migrating, t.supported_rng_sources, t.host_os, t.libvirt_version, t.rpm_version,
    t.software_version, t.selinux_enforce_mode, t.iscsi_initiator_name, t.hw_manufacturer, t.hw_product_name, t.hw_version, t.hw_serial_number,
    t.hw_uuid, t.hw_family, t.kdump_status, t.is_numa_supported, t.auto_numa_balancing, t.hostdev_passthrough, t.is_update_available, t.ksm_state,
    t.transparent_hugepages_state, ${authoritySql.subject} as hosts_subject, (select architecture from cluster c where c.cluster_id = t.cluster_id) as architecture,
    (select cpu_name from cluster c where c.cluster_id = t.cluster_id) as cluster_cpu,
    exists (select from command_locks l join command_entities e using (command_id) where l.object_id = t.vds_id and e.command_type = 'ActivateHost')
      as network_operation,
    (select case p.status when 1 then 2 when 5 then 1 else 0 end from storage_pool p
      where p.id = t.storage_pool_id and p.spm_vds_id = t.vds_id) as spm_state`,
  describe: (row) => ({
    name: String(row['vds_name']),
    comment: String(row['free_text_comment']),
    address: String(row['host_name']),
    certificate: certificateOf(row),
    auto_numa_status: numaStatuses[Number(row['auto_numa_balancing'])] ?? 'unknown',
    cpu: {
      architecture: architectures[Number(row['architecture'])],
      name: optional(row['cpu_model']),
      speed: number(row['cpu_speed_mh']),
      topology: topologyOf(row),
      type: optional(row['cluster_cpu']),
    },
    device_passthrough: { enabled: row['hostdev_passthrough'] === true },
    external_status: externalStatuses[Number(row['external_status'])],
    hardware_information: hardwareOf(row),
    iscsi: row['iscsi_initiator_name'] === null ? undefined : { initiator: optional(row['iscsi_initiator_name']) },
    kdump_status: kdumpWords[Number(row['kdump_status'])] ?? 'unknown',
    ksm: { enabled: row['ksm_state'] === true },
    libvirt_version: versionOf(row['libvirt_version']),
    max_scheduling_memory: megabytes(
      Math.max(0, Number(row['physical_mem_mb']) - Number(row['reserved_mem']) - Number(row['mem_commited'])),
    ),
    memory: megabytes(row['physical_mem_mb']),
    network_operation_in_progress: row['network_operation'] === true,
    numa_supported: row['is_numa_supported'] === true,
    os: osOf(row),
    port: Number(row['port']),
    power_management: {
      automatic_pm_enabled: row['disable_auto_pm'] === false,
      enabled: row['pm_enabled'] === true,
      kdump_detection: row['pm_detect_kdump'] === true,
      pm_proxies: [],
    },
    protocol: 'stomp',
    reinstallation_required: row['reinstall_required'] === true,
    se_linux: { mode: selinuxModes[Number(row['selinux_enforce_mode'])] },
    spm: { priority: Number(row['vds_spm_priority']), status: spmWords[Number(row['spm_state'])] },
    ssh: { fingerprint: optional(row['sshkeyfingerprint']), port: Number(row['ssh_port']) },
    status: statusWord(row['status']),
    status_detail: row['status'] === statusNumber('non_operational') ? details[Number(row['non_operational_reason'])] : undefined,
    summary: { active: Number(row['vm_active']), migrating: Number(row['vm_migrating']), total: Number(row['vm_count']) },
    transparent_hugepages: { enabled: row['transparent_hugepages_state'] === true },
    type: types[Number(row['vds_type'])],
    update_available: row['is_update_available'] === true,
    version: versionOf(versionColumns.map((column) => row[column]).find((version) => version !== null)),
    vgpu_placement: placements[Number(row['vgpu_placement']) - 1],
    cluster: reference('clusters', row['cluster_id']),
  }),
  named: 't.vds_name',
  order: 'lower(t.vds_name), t.vds_id',
  sight: 'permitted',
  search: {
    name: { sql: 't.vds_name', as: 'text' },
    comment: { sql: 't.free_text_comment', as: 'text' },
    address: { sql: 't.host_name', as: 'text' },
    status: { sql: 't.status', as: { choices: choicesOf(hostStatuses) } },
    external_status: { sql: 't.external_status', as: { choices: choicesOf(externalStatuses) } },
    spm_id: { sql: '(select n.vds_spm_id from vds_spm_id_map n where n.vds_id = t.vds_id)', as: 'number' },
    cluster: { sql: 't.cluster_name', as: 'text' },
    'cluster.name': { sql: 't.cluster_name', as: 'text' },
    datacenter: { sql: 't.storage_pool_name', as: 'text' },
    'datacenter.name': { sql: 't.storage_pool_name', as: 'text' },
    cpu_usage: { sql: 't.usage_cpu_percent', as: 'number' },
    mem_usage: { sql: 't.usage_mem_percent', as: 'number' },
    network_usage: { sql: 't.usage_network_percent', as: 'number' },
    load: { sql: 't.cpu_load', as: 'number' },
    version: { sql: 't.rpm_version', as: 'text' },
    cpus: { sql: 't.cpu_threads', as: 'number' },
    memory: { sql: 't.physical_mem_mb', as: 'number' },
    cpu_speed: { sql: 't.cpu_speed_mh', as: 'number' },
    cpu_model: { sql: 't.cpu_model', as: 'text' },
    active_vms: { sql: 't.vm_active', as: 'number' },
    migrating_vms: { sql: 't.vm_migrating', as: 'number' },
    committed_mem: { sql: 't.mem_commited', as: 'number' },
    type: { sql: 't.vds_type', as: { choices: choicesOf(types) } },
    architecture: {
      sql: '(select architecture from cluster c where c.cluster_id = t.cluster_id)',
      as: { choices: choicesOf(architectures) },
    },
    update_available: { sql: 't.is_update_available', as: 'boolean' },
    hw_id: { sql: 't.vds_unique_id', as: 'text' },
    id: { sql: 't.vds_id::text', as: 'text' },
  },
  words: ['name', 'comment', 'address', 'cluster'],
  store,
  special: { ...hostSpecial, add: addHost, update: updateHost(store) },
  actions: {
    activate: activateHost,
    approve: approveHost,
    deactivate: deactivateHost,
    fence: fenceHost,
    forceselectspm: forceSelectSpm,
    install: installHost,
    refresh: refreshHost,
  },
};
