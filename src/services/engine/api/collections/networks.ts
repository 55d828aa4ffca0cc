import { isIP } from 'node:net';
import { outOfRange, rejected } from '../fault.ts';
import type { Entity } from '../types.ts';
import { type Collection, reference } from './collection.ts';
import { plainName, within } from './stored.ts';
import { usualFilter } from './vnic-profiles.ts';
import { permits } from './permits.ts';
import { clusterNetworkSpecial, networkLabelSpecial, usageColumns, usagesOf } from './special-networks.ts';

/** Addresses of name servers; hosts ask three of them at most. */
const nameServers = (value: unknown): readonly string[] => {
  const servers = value as readonly string[];
  if (servers.length > 3) throw outOfRange('A network has three name servers at most.');
  if (servers.some((server) => isIP(server) === 0)) throw rejected('A name server is given by its IP address.');
  return servers;
};

/** Name servers of a network, or nothing where it has none of its own. */
const resolverOf = (servers: unknown): Entity | undefined =>
  Array.isArray(servers) && servers.length > 0 ? { name_servers: servers as readonly string[] } : undefined;

const networkFields = {
  name: { column: 'name', required: true, longest: 256, store: plainName },
  description: { column: 'description', longest: 4000 },
  comment: { column: 'free_text_comment', longest: 4000 },
  data_center: { column: 'storage_pool_id', required: true, fixed: true, reference: 'datacenters' },
  mtu: { column: 'mtu', store: within(0, 65_520, 'mtu') },
  stp: { column: 'stp' },
  'vlan.id': { column: 'vlan_id', store: within(0, 4094, 'The id of a VLAN') },
  port_isolation: { column: 'port_isolation', fixed: true },
  'dns_resolver_configuration.name_servers': { column: 'dns_name_servers', store: nameServers },
  usages: { column: 'vm_network', store: (value: unknown) => usagesOf(value).includes('vm') },
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
    t.vdsm_name, t.dns_name_servers`,
  describe: (row) => ({
    name: String(row['name']),
    description: String(row['description']),
    comment: String(row['free_text_comment']),
    dns_resolver_configuration: resolverOf(row['dns_name_servers']),
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
    along: `insert into vnic_profiles (id, name, network_id, network_filter_id) select gen_random_uuid(), name, id, '${usualFilter}' from added where vm_network`,
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
    n.vdsm_name, n.dns_name_servers, t.cluster_id, t.required, t.status, t.is_display, t.migration, t.management, t.default_route, t.is_gluster`,
  describe: (row) => ({
    ...networks.describe(row),
    display: row['is_display'] === true,
    required: row['required'] === true,
    status: row['status'] === 1 ? 'operational' : 'non_operational',
    usages: Object.entries(usageColumns).flatMap(([word, column]) => (row[column] === true ? [word] : [])),
    cluster: reference('clusters', row['cluster_id']),
  }),
  named: 'n.name',
  order: 'n.name',
  sight: 'permitted',
  search: {
    name: { sql: 'n.name', as: 'text' },
    description: { sql: 'n.description', as: 'text' },
    required: { sql: 't.required', as: 'boolean' },
    vlanid: { sql: 'n.vlan_id', as: 'number' },
  },
  words: ['name', 'description'],
  object: 't.network_id',
  special: clusterNetworkSpecial,
};

/** Labels of a network: names by which interfaces of hosts are given whole groups of networks. A network has one at most. */
export const networkLabels: Collection = {
  rel: 'networklabels',
  below: { rel: 'networks', condition: 't.id = $parent' },
  type: 'network_label',
  about: 'The label of a network, by which interfaces of hosts get it.',
  from: '(select * from network where label is not null) t',
  id: 't.label',
  idKind: 'name',
  columns: 't.id as network_id',
  describe: (row) => ({ network: reference('networks', row['network_id']) }),
  order: 't.label',
  sight: 'permitted',
  object: 't.id',
  search: { id: { sql: 't.label', as: 'text' } },
  words: ['id'],
  special: networkLabelSpecial,
};
