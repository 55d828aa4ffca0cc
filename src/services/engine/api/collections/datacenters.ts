import { permits } from './permits.ts';
import { choicesOf, numberIn, plainName } from './stored.ts';
import { type Collection, optional, reference, versionOf } from './collection.ts';
import { levels } from './constants.ts';
import { badRequest } from '../../http/refusal.ts';

const states = ['uninitialized', 'up', 'maintenance', 'not_operational', 'problematic', 'contend'] as const;
const quotaModes = ['disabled', 'audit', 'enabled'] as const;

/** A level that clusters and data centers can have, from what a client sent as `version`. */
export const storedLevel = (value: unknown): string => {
  const { major, minor } = value as { readonly major?: unknown; readonly minor?: unknown };
  const level = `${String(major)}.${String(minor)}`;
  if (!levels.includes(level)) throw badRequest(`The version must be one of: ${levels.join(', ')}.`);
  return level;
};

export const dataCenters: Collection = {
  rel: 'datacenters',
  type: 'data_center',
  about: 'Data centers: clusters that share storage and networks.',
  from: 'storage_pool t',
  id: 't.id',
  columns: `t.name, t.description, t.free_text_comment, t.is_local, t.status, t.compatibility_version, t.storage_pool_format_type,
    t.quota_enforcement_type`,
  describe: (row) => ({
    name: String(row['name']),
    description: String(row['description']),
    comment: String(row['free_text_comment']),
    local: row['is_local'] === true,
    quota_mode: quotaModes[Number(row['quota_enforcement_type'])] ?? 'disabled',
    status: states[Number(row['status'])] ?? 'uninitialized',
    storage_format: typeof row['storage_pool_format_type'] === 'string' ? `v${row['storage_pool_format_type']}` : undefined,
    supported_versions: levels.map((level) => versionOf(level)),
    version: versionOf(row['compatibility_version']),
  }),
  order: 'lower(t.name), t.id',
  sight: 'permitted',
  search: {
    name: { sql: 't.name', as: 'text' },
    description: { sql: 't.description', as: 'text' },
    comment: { sql: 't.free_text_comment', as: 'text' },
    local: { sql: 't.is_local', as: 'boolean' },
    status: { sql: 't.status', as: { choices: choicesOf(states) } },
    compatibility_version: { sql: 't.compatibility_version', as: 'text' },
    'clusters.name': { sql: `(select string_agg(c.name, ' ') from cluster c where c.storage_pool_id = t.id)`, as: 'text' },
  },
  words: ['name', 'description', 'comment'],
  store: {
    table: 'storage_pool',
    key: 'id',
    noun: 'Data center',
    fields: {
      name: { column: 'name', required: true, longest: 40, store: plainName },
      description: { column: 'description', longest: 4000 },
      comment: { column: 'free_text_comment', longest: 4000 },
      local: { column: 'is_local', fixed: false },
      quota_mode: { column: 'quota_enforcement_type', store: numberIn(quotaModes, 'quota_mode') },
      version: { column: 'compatibility_version', store: storedLevel },
    },
    defaults: { compatibility_version: `'${levels.at(-1) ?? ''}'` },
    // A data center has a management network from the beginning.
    along: `insert into network (id, name, vdsm_name, description, storage_pool_id)
      select gen_random_uuid(), 'ovirtmgmt', 'ovirtmgmt', 'Management Network', id from added`,
    add: { permit: permits.create_storage_pool, code: 950, event: 'USER_ADD_STORAGE_POOL' },
    update: { permit: permits.edit_storage_pool_configuration, code: 952, event: 'USER_UPDATE_STORAGE_POOL' },
    remove: { permit: permits.delete_storage_pool, code: 954, event: 'USER_REMOVE_STORAGE_POOL' },
  },
};

const migrations = ['do_not_migrate', 'migrate', 'migrate_highly_available'] as const;
const architectures = ['undefined', 'x86_64', 'ppc64'] as const;
const firewalls = ['iptables', 'firewalld'] as const;
const thresholds = ['percentage', 'absolute_value_in_mb'] as const;

export const clusters: Collection = {
  rel: 'clusters',
  type: 'cluster',
  about: 'Clusters: hosts of one kind, between which virtual machines move.',
  from: 'cluster t',
  id: 't.cluster_id',
  columns: `t.name, t.description, t.free_text_comment, t.cpu_name, t.architecture, t.storage_pool_id, t.compatibility_version,
    t.mac_pool_id, t.max_vds_memory_over_commit, t.count_threads_as_cores, t.migrate_on_error, t.virt_service, t.gluster_service,
    t.tunnel_migration, t.trusted_service, t.ha_reservation, t.enable_balloon, t.enable_ksm, t.switch_type, t.firewall_type,
    t.vnc_encryption_enabled, t.log_max_memory_used_threshold, t.log_max_memory_used_threshold_type,
    (select network_id from network_cluster n where n.cluster_id = t.cluster_id and n.management) as management_network`,
  describe: (row) => ({
    name: String(row['name']),
    description: String(row['description']),
    comment: String(row['free_text_comment']),
    ballooning_enabled: row['enable_balloon'] === true,
    cpu: {
      architecture: architectures[Number(row['architecture'])] ?? 'undefined',
      type: optional(row['cpu_name']),
    },
    error_handling: { on_error: migrations[Number(row['migrate_on_error'])] },
    firewall_type: firewalls[Number(row['firewall_type'])],
    gluster_service: row['gluster_service'] === true,
    ha_reservation: row['ha_reservation'] === true,
    ksm: { enabled: row['enable_ksm'] === true },
    log_max_memory_used_threshold: Number(row['log_max_memory_used_threshold']),
    log_max_memory_used_threshold_type: thresholds[Number(row['log_max_memory_used_threshold_type'])],
    memory_policy: { over_commit: { percent: Number(row['max_vds_memory_over_commit']) } },
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
      'cpu.type': { column: 'cpu_name' },
      'cpu.architecture': { column: 'architecture', store: numberIn(architectures, 'architecture') },
      ballooning_enabled: { column: 'enable_balloon' },
      'error_handling.on_error': { column: 'migrate_on_error', store: numberIn(migrations, 'on_error') },
      firewall_type: { column: 'firewall_type', store: numberIn(firewalls, 'firewall_type') },
      gluster_service: { column: 'gluster_service' },
      virt_service: { column: 'virt_service' },
      ha_reservation: { column: 'ha_reservation' },
      'ksm.enabled': { column: 'enable_ksm' },
      log_max_memory_used_threshold: { column: 'log_max_memory_used_threshold' },
      log_max_memory_used_threshold_type: {
        column: 'log_max_memory_used_threshold_type',
        store: numberIn(thresholds, 'log_max_memory_used_threshold_type'),
      },
      'memory_policy.over_commit.percent': { column: 'max_vds_memory_over_commit' },
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
