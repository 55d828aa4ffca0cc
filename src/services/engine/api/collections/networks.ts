import { badRequest } from '../../http/refusal.ts';
import { type Collection, reference } from './collection.ts';
import { plainName, within } from './stored.ts';
import { permits } from './permits.ts';
import { clusterNetworkSpecial } from './special-networks.ts';

const usage = {
  vm_network: 'vm',
  is_display: 'display',
  migration: 'migration',
  management: 'management',
  default_route: 'default_route',
  is_gluster: 'gluster',
};

const networkFields = {
  name: { column: 'name', required: true, longest: 256, store: plainName },
  description: { column: 'description', longest: 4000 },
  comment: { column: 'free_text_comment', longest: 4000 },
  data_center: { column: 'storage_pool_id', required: true, fixed: true, reference: 'datacenters' },
  mtu: { column: 'mtu', store: within(0, 65_520, 'mtu') },
  stp: { column: 'stp' },
  'vlan.id': { column: 'vlan_id', store: within(0, 4094, 'The id of a VLAN') },
  port_isolation: { column: 'port_isolation', fixed: true },
  usages: { column: 'vm_network', store: (value: unknown) => (value as readonly string[]).includes('vm') },
} as const;

/** Hosts of a cluster would be out of reach without it. */
const guardManagement = (row: Readonly<Record<string, unknown>>, change: 'update' | 'remove'): string | null =>
  change === 'remove' && row['name'] === 'ovirtmgmt' ? 'The management network cannot be removed; it goes with its data center.' : null;

export const networks: Collection = {
  rel: 'networks',
  type: 'network',
  about: 'Logical networks of data centers.',
  from: 'network t',
  id: 't.id',
  columns: `t.name, t.description, t.free_text_comment, t.storage_pool_id, t.vlan_id, t.stp, t.mtu, t.vm_network, t.port_isolation,
    t.vdsm_name`,
  describe: (row) => ({
    name: String(row['name']),
    description: String(row['description']),
    comment: String(row['free_text_comment']),
    mtu: Number(row['mtu']),
    port_isolation: row['port_isolation'] === true,
    stp: row['stp'] === true,
    usages: row['vm_network'] === true ? ['vm'] : [],
    vdsm_name: String(row['vdsm_name']),
    vlan: typeof row['vlan_id'] === 'number' ? { id: String(row['vlan_id']) } : undefined,
    data_center: reference('datacenters', row['storage_pool_id']),
  }),
  order: 'lower(t.name), t.id',
  sight: 'permitted',
  search: {
    name: { sql: 't.name', as: 'text' },
    description: { sql: 't.description', as: 'text' },
    comment: { sql: 't.free_text_comment', as: 'text' },
    vlanid: { sql: 't.vlan_id', as: 'number' },
    stp: { sql: 't.stp', as: 'boolean' },
    mtu: { sql: 't.mtu', as: 'number' },
    vmnetwork: { sql: 't.vm_network', as: 'boolean' },
    label: { sql: 't.label', as: 'text' },
    datacenter: { sql: '(select name from storage_pool p where p.id = t.storage_pool_id)', as: 'text' },
    'datacenter.name': { sql: '(select name from storage_pool p where p.id = t.storage_pool_id)', as: 'text' },
    'cluster.name': {
      sql: `(select string_agg(c.name, ' ') from network_cluster n join cluster c using (cluster_id) where n.network_id = t.id)`,
      as: 'text',
    },
  },
  words: ['name', 'description', 'comment'],
  store: {
    table: 'network',
    key: 'id',
    noun: 'Network',
    fields: networkFields,
    // Hosts have at most 15 characters for the name of a device.
    defaults: { vdsm_name: `'on' || substr(md5(random()::text), 1, 13)` },
    // Virtual machines reach a network through a profile of it.
    along: 'insert into vnic_profiles (id, name, network_id) select gen_random_uuid(), name, id from added where vm_network',
    guard: guardManagement,
    add: { permit: permits.create_storage_pool_network, on: 'data_center', code: 942, event: 'NETWORK_ADD_NETWORK' },
    update: { permit: permits.edit_storage_pool_network, code: 1114, event: 'NETWORK_UPDATE_NETWORK' },
    remove: { permit: permits.delete_storage_pool_network, code: 944, event: 'NETWORK_REMOVE_NETWORK' },
  },
};

export const dataCenterNetworks: Collection = {
  ...networks,
  about: 'Networks of a data center.',
  below: { rel: 'datacenters', condition: 't.storage_pool_id = $parent' },
};

/** Networks as a cluster uses them: required or not, and what for. */
export const clusterNetworks: Collection = {
  rel: 'networks',
  below: { rel: 'clusters', condition: 't.cluster_id = $parent' },
  type: 'network',
  about: 'Networks that a cluster uses, and what for.',
  from: 'network_cluster t join network n on n.id = t.network_id',
  id: 't.network_id',
  columns: `n.name, n.description, n.free_text_comment, n.storage_pool_id, n.vlan_id, n.stp, n.mtu, n.vm_network, n.port_isolation,
    n.vdsm_name, t.cluster_id, t.required, t.status, t.is_display, t.migration, t.management, t.default_route, t.is_gluster`,
  describe: (row) => ({
    ...networks.describe(row),
    display: row['is_display'] === true,
    required: row['required'] === true,
    status: row['status'] === 1 ? 'operational' : 'non_operational',
    usages: Object.entries(usage).flatMap(([column, word]) => (row[column] === true ? [word] : [])),
    cluster: reference('clusters', row['cluster_id']),
  }),
  order: 'n.name',
  sight: 'permitted',
  object: 't.network_id',
  special: clusterNetworkSpecial,
};

export const vnicProfiles: Collection = {
  rel: 'vnicprofiles',
  type: 'vnic_profile',
  about: 'Profiles through which network interfaces of virtual machines reach a network.',
  from: 'vnic_profiles t',
  id: 't.id',
  columns: 't.name, t.description, t.network_id, t.port_mirroring, t.passthrough, t.migratable, t.network_filter_id',
  describe: (row) => ({
    name: String(row['name']),
    description: String(row['description']),
    migratable: row['passthrough'] === true ? row['migratable'] === true : undefined,
    pass_through: { mode: row['passthrough'] === true ? 'enabled' : 'disabled' },
    port_mirroring: row['port_mirroring'] === true,
    network: reference('networks', row['network_id']),
    network_filter: reference('networkfilters', row['network_filter_id']),
  }),
  order: 'lower(t.name), t.id',
  sight: 'permitted',
  store: {
    table: 'vnic_profiles',
    key: 'id',
    noun: 'vNIC profile',
    fields: {
      name: { column: 'name', required: true, longest: 256, store: plainName },
      description: { column: 'description', longest: 4000 },
      network: { column: 'network_id', required: true, fixed: true, reference: 'networks' },
      network_filter: { column: 'network_filter_id', reference: 'networkfilters' },
      port_mirroring: { column: 'port_mirroring' },
      migratable: { column: 'migratable' },
      'pass_through.mode': {
        column: 'passthrough',
        store: (value) => {
          if (value !== 'enabled' && value !== 'disabled') throw badRequest('mode must be one of: enabled, disabled.');
          return value === 'enabled';
        },
      },
    },
    add: { permit: permits.configure_network_vnic_profile, on: 'network', code: 1122, event: 'ADD_VNIC_PROFILE' },
    update: { permit: permits.configure_network_vnic_profile, code: 1124, event: 'UPDATE_VNIC_PROFILE' },
    remove: { permit: permits.configure_network_vnic_profile, code: 1126, event: 'REMOVE_VNIC_PROFILE' },
  },
};

export const networkVnicProfiles: Collection = {
  ...vnicProfiles,
  about: 'vNIC profiles of a network.',
  below: { rel: 'networks', condition: 't.network_id = $parent' },
};

/** `00:1A:4a:16:01:51` in the form that is stored. */
const mac = (text: unknown): string => {
  const found = String(text).toLowerCase();
  if (!/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/.test(found)) throw badRequest('A MAC address has the form 56:6f:00:00:00:01.');
  // The lowest bit of the first byte marks addresses of groups, which no interface can have.
  if ((Number.parseInt(found.slice(0, 2), 16) & 1) === 1) throw badRequest('Ranges of MAC addresses may not hold addresses of groups.');
  return found;
};

export const macPools: Collection = {
  rel: 'macpools',
  type: 'mac_pool',
  about: 'Pools of MAC addresses, from which virtual machines of clusters get theirs.',
  from: 'mac_pools t',
  id: 't.id',
  columns: `t.name, t.description, t.allow_duplicate_mac_addresses, t.default_pool,
    (select json_agg(json_build_object('from', r.from_mac, 'to', r.to_mac) order by r.from_mac)
     from mac_pool_ranges r where r.mac_pool_id = t.id) as ranges`,
  describe: (row) => ({
    name: String(row['name']),
    description: String(row['description']),
    allow_duplicates: row['allow_duplicate_mac_addresses'] === true,
    default_pool: row['default_pool'] === true,
    ranges: (row['ranges'] ?? []) as readonly { from: string; to: string }[],
  }),
  order: 'lower(t.name), t.id',
  sight: 'permitted',
  store: {
    table: 'mac_pools',
    key: 'id',
    noun: 'MAC pool',
    along: 'select set_mac_pool_ranges(id, :ranges::json) from added',
    fields: {
      name: { column: 'name', required: true },
      description: { column: 'description', longest: 4000 },
      allow_duplicates: { column: 'allow_duplicate_mac_addresses' },
      ranges: {
        column: 'ranges',
        required: true,
        store: (value) => {
          const ranges = (value as readonly { from?: unknown; to?: unknown }[]).map(({ from, to }) => ({ from: mac(from), to: mac(to) }));
          if (ranges.length === 0) throw badRequest('A pool needs at least one range of MAC addresses.');
          if (ranges.some(({ from, to }) => from > to)) throw badRequest('A range of MAC addresses ends before it begins.');
          return JSON.stringify(ranges);
        },
      },
    },
    guard: (row, change) => (change === 'remove' && row['default_pool'] === true ? 'The default pool cannot be removed.' : null),
    add: { permit: permits.create_mac_pool, code: 10_700, event: 'MAC_POOL_ADD_SUCCESS' },
    update: { permit: permits.edit_mac_pool, code: 10_702, event: 'MAC_POOL_EDIT_SUCCESS' },
    remove: { permit: permits.delete_mac_pool, code: 10_704, event: 'MAC_POOL_REMOVE_SUCCESS' },
  },
};
