import { invalidValue } from '../fault.ts';
import { type Collection, optional, reference, versionOf } from './collection.ts';
import { evenDistribution, levels, processorType } from './constants.ts';
import { storedLevel } from './datacenters.ts';
import { permits } from './permits.ts';
import { choicesOf, numberIn, plainName, within } from './stored.ts';

const migrations = ['do_not_migrate', 'migrate', 'migrate_highly_available'] as const;
const architectures = ['undefined', 'x86_64', 'ppc64'] as const;
const firewalls = ['iptables', 'firewalld'] as const;
const thresholds = ['percentage', 'absolute_value_in_mb'] as const;

const biosTypes = ['cluster_default', 'i440fx_sea_bios', 'q35_sea_bios', 'q35_ovmf', 'q35_secure_boot'] as const;
const fipsModes = ['undefined', 'disabled', 'enabled'] as const;

/** What holds for the whole system unless a cluster says otherwise. */
const inheritable = (value: unknown): string => (typeof value === 'boolean' ? String(value) : 'inherit');
const storedInheritable = (value: unknown): boolean | null =>
  [null, true, false][numberIn(['inherit', 'true', 'false'], 'It')(value)] ?? null;

/** Sources of random numbers that hosts of a cluster have to have; the first is always there. */
const rngSources = (value: unknown): readonly string[] => {
  const words = ['urandom', 'hwrng'];
  const given = value as readonly string[];
  if (given.some((word) => !words.includes(word))) throw invalidValue('required_rng_source', words);
  return [...new Set(['urandom', ...given])];
};

export const clusters: Collection = {
  rel: 'clusters',
  type: 'cluster',
  about: 'Clusters: hosts of one kind, between which virtual machines move.',
  from: 'cluster t',
  id: 't.cluster_id',
  columns: `t.name, t.description, t.free_text_comment, t.cpu_name, t.architecture, t.storage_pool_id, t.compatibility_version,
    t.mac_pool_id, t.max_vds_memory_over_commit, t.count_threads_as_cores, t.migrate_on_error, t.virt_service, t.gluster_service,
    t.tunnel_migration, t.trusted_service, t.ha_reservation, t.enable_balloon, t.enable_ksm, t.switch_type, t.firewall_type,
    t.vnc_encryption_enabled, t.log_max_memory_used_threshold, t.log_max_memory_used_threshold_type, t.bios_type, t.fips_mode,
    t.fencing_enabled, t.skip_fencing_if_sd_active, t.skip_fencing_if_connectivity_broken, t.hosts_with_broken_connectivity_threshold,
    t.auto_converge, t.migrate_compressed, t.migrate_encrypted, t.required_rng_sources,
    (select network_id from network_cluster n where n.cluster_id = t.cluster_id and n.management limit 1) as management_network`,
  describe: (row) => ({
    name: String(row['name']),
    description: String(row['description']),
    comment: String(row['free_text_comment']),
    ballooning_enabled: row['enable_balloon'] === true,
    bios_type: biosTypes[Number(row['bios_type'] ?? -1)],
    cpu: {
      architecture: architectures[Number(row['architecture'])] ?? 'undefined',
      type: optional(row['cpu_name']),
    },
    error_handling: { on_error: migrations[Number(row['migrate_on_error'])] },
    fencing_policy: {
      enabled: row['fencing_enabled'] === true,
      skip_if_connectivity_broken: {
        enabled: row['skip_fencing_if_connectivity_broken'] === true,
        threshold: Number(row['hosts_with_broken_connectivity_threshold']),
      },
      skip_if_sd_active: { enabled: row['skip_fencing_if_sd_active'] === true },
    },
    fips_mode: fipsModes[Number(row['fips_mode'])],
    firewall_type: firewalls[Number(row['firewall_type'])],
    gluster_service: row['gluster_service'] === true,
    ha_reservation: row['ha_reservation'] === true,
    ksm: { enabled: row['enable_ksm'] === true },
    log_max_memory_used_threshold: Number(row['log_max_memory_used_threshold']),
    log_max_memory_used_threshold_type: thresholds[Number(row['log_max_memory_used_threshold_type'])],
    memory_policy: { over_commit: { percent: Number(row['max_vds_memory_over_commit']) } },
    migration: {
      auto_converge: inheritable(row['auto_converge']),
      bandwidth: { assignment_method: 'auto' },
      compressed: inheritable(row['migrate_compressed']),
      encrypted: inheritable(row['migrate_encrypted']),
    },
    required_rng_sources: row['required_rng_sources'] as readonly string[],
    switch_type: String(row['switch_type']).toLowerCase(),
    threads_as_cores: row['count_threads_as_cores'] === true,
    trusted_service: row['trusted_service'] === true,
    tunnel_migration: row['tunnel_migration'] === true,
    version: versionOf(row['compatibility_version']),
    virt_service: row['virt_service'] === true,
    vnc_encryption: row['vnc_encryption_enabled'] === true,
    data_center: reference('datacenters', row['storage_pool_id']),
    mac_pool: reference('macpools', row['mac_pool_id']),
    management_network: reference('networks', row['management_network']),
    scheduling_policy: reference('schedulingpolicies', evenDistribution),
  }),
  order: 'lower(t.name), t.cluster_id',
  sight: 'permitted',
  search: {
    name: { sql: 't.name', as: 'text' },
    description: { sql: 't.description', as: 'text' },
    comment: { sql: 't.free_text_comment', as: 'text' },
    architecture: { sql: 't.architecture', as: { choices: choicesOf(architectures) } },
    'datacenter.name': { sql: '(select name from storage_pool p where p.id = t.storage_pool_id)', as: 'text' },
    datacenter: { sql: '(select name from storage_pool p where p.id = t.storage_pool_id)', as: 'text' },
  },
  words: ['name', 'description', 'comment'],
  store: {
    table: 'cluster',
    key: 'cluster_id',
    noun: 'Cluster',
    fields: {
      name: { column: 'name', required: true, longest: 40, store: plainName },
      description: { column: 'description', longest: 4000 },
      comment: { column: 'free_text_comment', longest: 4000 },
      data_center: { column: 'storage_pool_id', required: true, fixed: true, reference: 'datacenters' },
      mac_pool: { column: 'mac_pool_id', reference: 'macpools' },
      version: { column: 'compatibility_version', store: storedLevel },
      'cpu.type': { column: 'cpu_name', store: processorType },
      'cpu.architecture': { column: 'architecture', store: numberIn(architectures, 'architecture') },
      ballooning_enabled: { column: 'enable_balloon' },
      bios_type: { column: 'bios_type', store: numberIn(biosTypes, 'bios_type') },
      'fencing_policy.enabled': { column: 'fencing_enabled' },
      'fencing_policy.skip_if_connectivity_broken.enabled': { column: 'skip_fencing_if_connectivity_broken' },
      'fencing_policy.skip_if_connectivity_broken.threshold': {
        column: 'hosts_with_broken_connectivity_threshold',
        store: within(0, 100, 'threshold'),
      },
      'fencing_policy.skip_if_sd_active.enabled': { column: 'skip_fencing_if_sd_active' },
      fips_mode: { column: 'fips_mode', store: numberIn(fipsModes, 'fips_mode') },
      'migration.auto_converge': { column: 'auto_converge', store: storedInheritable },
      'migration.compressed': { column: 'migrate_compressed', store: storedInheritable },
      'migration.encrypted': { column: 'migrate_encrypted', store: storedInheritable },
      required_rng_sources: { column: 'required_rng_sources', store: rngSources },
      'error_handling.on_error': { column: 'migrate_on_error', store: numberIn(migrations, 'on_error') },
      firewall_type: { column: 'firewall_type', store: numberIn(firewalls, 'firewall_type') },
      gluster_service: { column: 'gluster_service' },
      virt_service: { column: 'virt_service' },
      ha_reservation: { column: 'ha_reservation' },
      'ksm.enabled': { column: 'enable_ksm' },
      log_max_memory_used_threshold: {
        column: 'log_max_memory_used_threshold',
        store: within(0, 2_147_483_647, 'log_max_memory_used_threshold'),
      },
      log_max_memory_used_threshold_type: {
        column: 'log_max_memory_used_threshold_type',
        store: numberIn(thresholds, 'log_max_memory_used_threshold_type'),
      },
      'memory_policy.over_commit.percent': { column: 'max_vds_memory_over_commit', store: within(1, 10_000, 'percent') },
      switch_type: {
        column: 'switch_type',
        fixed: true,
        store: (value) => ['LEGACY', 'OVS'][numberIn(['legacy', 'ovs'], 'switch_type')(value)],
      },
      threads_as_cores: { column: 'count_threads_as_cores' },
      trusted_service: { column: 'trusted_service' },
      tunnel_migration: { column: 'tunnel_migration' },
      vnc_encryption: { column: 'vnc_encryption_enabled' },
    },
    defaults: {
      compatibility_version: `'${levels.at(-1) ?? ''}'`,
      mac_pool_id: '(select id from mac_pools where default_pool)',
    },
    // Its hosts are managed over the network that every data center begins with.
    along: `insert into network_cluster (network_id, cluster_id, status, management, is_display, migration, default_route)
      select n.id, a.cluster_id, 1, true, true, true, true
      from added a join network n on n.storage_pool_id = a.storage_pool_id and n.name = 'ovirtmgmt'`,
    add: { permit: permits.create_cluster, on: 'data_center', code: 811, event: 'USER_ADD_CLUSTER' },
    update: { permit: permits.edit_cluster_configuration, code: 835, event: 'USER_UPDATE_CLUSTER' },
    remove: { permit: permits.delete_cluster, code: 813, event: 'USER_REMOVE_CLUSTER' },
  },
};

/** The same clusters, as they lie in a data center. */
export const dataCenterClusters: Collection = {
  ...clusters,
  about: 'Clusters of a data center.',
  below: { rel: 'datacenters', condition: 't.storage_pool_id = $parent' },
};
