import type { Entity } from '../types.ts';
import { type Collection, optional, reference } from './collection.ts';

const bootProtocols = ['none', 'dhcp', 'static'] as const;
const ipv6BootProtocols = ['none', 'dhcp', 'static', 'autoconf', 'poly_dhcp_autoconf'] as const;

const ipOf = (version: 'v4' | 'v6', address: unknown, netmask: unknown, gateway: unknown): Entity | undefined =>
  address === null ? undefined : { address: optional(address), gateway: optional(gateway), netmask: optional(netmask), version };

/** `mode=4 miimon=100`, as options with their names. */
const optionsOf = (text: unknown): readonly Entity[] =>
  (optional(text) ?? '')
    .split(' ')
    .filter((option) => option.includes('='))
    .map((option) => ({ name: option.slice(0, option.indexOf('=')), value: option.slice(option.indexOf('=') + 1) }));

export const hostNics: Collection = {
  rel: 'nics',
  below: { rel: 'hosts', condition: 't.vds_id = $parent' },
  type: 'host_nic',
  about: 'Network interfaces of a host.',
  from: 'vds_interface t left join vds_interface_statistics s using (id)',
  id: 't.id',
  columns: `t.name, t.vds_id, t.mac_addr, t.speed, t.mtu, t.addr, t.subnet, t.gateway, t.ipv6_address, t.ipv6_prefix, t.ipv6_gateway, t.boot_protocol,
    t.ipv6_boot_protocol, t.is_bond, t.bond_opts, t.base_interface, t.vlan_id, t.bridged, s.iface_status,
    (select json_agg(b.id order by b.name) from vds_interface b where t.is_bond and b.vds_id = t.vds_id and b.bond_name = t.name) as slaves,
    (select n.id from network n join cluster c on c.storage_pool_id = n.storage_pool_id join vds_static v on v.cluster_id = c.cluster_id
      where v.vds_id = t.vds_id and n.vdsm_name = t.network_name) as network_id`,
  describe: (row) => ({
    name: String(row['name']),
    base_interface: optional(row['base_interface']),
    bonding:
      row['is_bond'] === true
        ? {
            options: optionsOf(row['bond_opts']),
            slaves: ((row['slaves'] ?? []) as readonly string[]).map((id) => reference(`hosts/${String(row['vds_id'])}/nics`, id)),
          }
        : undefined,
    boot_protocol: bootProtocols[Number(row['boot_protocol'])],
    bridged: row['bridged'] === true,
    custom_configuration: false,
    ip: ipOf('v4', row['addr'], row['subnet'], row['gateway']),
    ipv6: ipOf('v6', row['ipv6_address'], row['ipv6_prefix'], row['ipv6_gateway']),
    ipv6_boot_protocol: ipv6BootProtocols[Number(row['ipv6_boot_protocol'])],
    mac: row['mac_addr'] === null ? undefined : { address: optional(row['mac_addr']) },
    mtu: row['mtu'] === null ? undefined : Number(row['mtu']),
    speed: row['speed'] === null ? undefined : Number(row['speed']) * 1_000_000,
    status: row['iface_status'] === null ? undefined : row['iface_status'] === 1 ? 'up' : 'down',
    vlan: row['vlan_id'] === null ? undefined : { id: optional(row['vlan_id']) ?? '' },
    host: reference('hosts', row['vds_id']),
    network: reference('networks', row['network_id']),
  }),
  order: 't.name',
  sight: 'permitted',
  object: 't.vds_id',
  search: { name: { sql: 't.name', as: 'text' } },
  words: ['name'],
};
