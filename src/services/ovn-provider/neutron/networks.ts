import { randomUUID } from 'node:crypto';
import { badRequest, conflict } from '../http/fault.ts';
import { type Fields, required } from '../http/fields.ts';
import { tenantId } from '../keystone.ts';
import { isPhysical, keys } from '../northbound/inventory.ts';
import type { Operation } from '../northbound/northbound.ts';
import { insert, mutate, remove, setKeys, update } from '../northbound/operations.ts';
import type { Switch } from '../northbound/tables.ts';
import { map, set, uuids } from '../ovsdb/notation.ts';
import type { Parts } from './parts.ts';
import type { Entity, Resource } from './resource.ts';

/** How a network reaches the wires of hosts: by the name of a bridge there, and the VLAN on it. */
interface Physical {
  readonly network: string;
  readonly tag: number | null;
}

export const isSecured = (network: Switch, byDefault: boolean): boolean =>
  (network.external_ids.get(keys.portSecurity) ?? String(byDefault)) === 'true';

export const mtuOf = (network: Switch, byDefault: number): number => Number(network.external_ids.get(keys.mtu) ?? byDefault);

/** What other programs see as the name of a switch: readable, and never twice. */
const switchName = (name: string, id: string): string => `ovirt-${name}-${id}`;

/** Networks: logical switches. */
export function networks({ northbound, inventory, defaults }: Parts): Resource {
  const physicalPort = (network: Switch) => inventory.portsOf(network).find(isPhysical);

  const physicalOf = (network: Switch): Physical | null => {
    const port = physicalPort(network);
    return port === undefined ? null : { network: port.options.get('network_name') ?? '', tag: port.tag ?? null };
  };

  function describe(network: Switch): Entity {
    const physical = physicalOf(network);
    return {
      id: network.id,
      name: network.external_ids.get(keys.networkName) ?? network.name,
      tenant_id: tenantId,
      status: 'ACTIVE',
      port_security_enabled: isSecured(network, defaults.portSecurity),
      mtu: mtuOf(network, defaults.mtu),
      ...(physical === null
        ? {}
        : {
            'provider:network_type': physical.tag === null ? 'flat' : 'vlan',
            'provider:physical_network': physical.network,
            ...(physical.tag === null ? {} : { 'provider:segmentation_id': physical.tag }),
          }),
    };
  }

  const plug = (networkId: string, { network, tag }: Physical): readonly Operation[] => {
    const id = randomUUID();
    return [
      insert('Logical_Switch_Port', id, {
        name: id,
        type: 'localnet',
        addresses: set(['unknown']),
        options: map({ network_name: network }),
        tag: set(tag === null ? [] : [tag]),
      }),
      mutate('Logical_Switch', networkId, 'ports', 'insert', uuids([id])),
    ];
  };

  return {
    rel: 'networks',
    one: 'network',
    many: 'networks',
    list: () => inventory.networks().map(describe),
    get: (id) => describe(inventory.network(id)),
    async add(fields) {
      const name = required(fields, 'name');
      const id = randomUUID();
      const physical = readPhysical(fields, null);
      const own = {
        [keys.networkName]: name,
        [keys.portSecurity]: String(fields.flag('port_security_enabled') ?? defaults.portSecurity),
        [keys.mtu]: String(readMtu(fields) ?? defaults.mtu),
      };
      await northbound.transact([
        insert('Logical_Switch', id, { name: switchName(name, id), external_ids: map(own) }),
        ...(physical === null ? [] : plug(id, physical)),
      ]);
      return id;
    },
    async change(id, fields) {
      const network = inventory.network(id);
      const name = fields.has('name') ? required(fields, 'name') : undefined;
      const secured = fields.flag('port_security_enabled');
      const mtu = readMtu(fields);
      const before = physicalOf(network);
      const physical = readPhysical(fields, before);
      const port = physicalPort(network);
      await northbound.transact([
        ...(name === undefined
          ? []
          : [
              update('Logical_Switch', id, { name: switchName(name, id) }),
              setKeys('Logical_Switch', id, 'external_ids', { [keys.networkName]: name }),
            ]),
        ...(secured === undefined ? [] : [setKeys('Logical_Switch', id, 'external_ids', { [keys.portSecurity]: String(secured) })]),
        ...(mtu === undefined
          ? []
          : [
              setKeys('Logical_Switch', id, 'external_ids', { [keys.mtu]: String(mtu) }),
              // Virtual machines are told it along with their addresses.
              ...inventory
                .subnetsOf(id)
                .filter(({ options }) => options.has('mtu'))
                .map((subnet) => setKeys('DHCP_Options', subnet.id, 'options', { mtu: String(mtu) })),
            ]),
        ...(JSON.stringify(physical) === JSON.stringify(before)
          ? []
          : [
              ...(port === undefined ? [] : [mutate('Logical_Switch', id, 'ports', 'delete', uuids([port.id]))]),
              ...(physical === null ? [] : plug(id, physical)),
            ]),
      ]);
    },
    async remove(id) {
      const network = inventory.network(id);
      if (inventory.portsOf(network).some((port) => !isPhysical(port))) throw conflict(`The network ${id} has ports.`);
      await northbound.transact([
        remove('Logical_Switch', id),
        ...inventory.subnetsOf(id).map((subnet) => remove('DHCP_Options', subnet.id)),
      ]);
    },
  };
}

function readMtu(fields: Fields): number | undefined {
  return fields.integer('mtu', 68, 65_535) ?? undefined;
}

/** What a network shall be, by fields that may be left out: then it is as it was. */
function readPhysical(fields: Fields, before: Physical | null): Physical | null {
  const type = fields.text('provider:network_type');
  const network = fields.text('provider:physical_network');
  const tag = fields.integer('provider:segmentation_id', 1, 4094);
  if (type === undefined && network === undefined && tag === undefined) return before;
  const typeNow = type === undefined && before !== null ? (before.tag === null ? 'flat' : 'vlan') : type;
  if (typeNow === null && (network ?? null) === null && (tag ?? null) === null) return null;
  if (typeNow !== 'flat' && typeNow !== 'vlan') throw badRequest('provider:network_type must be flat or vlan.');
  const networkNow = network === undefined ? before?.network : network;
  if (networkNow === undefined || networkNow === null || networkNow === '') throw badRequest('provider:physical_network is missing.');
  if (typeNow === 'flat') {
    if (tag !== undefined && tag !== null) throw badRequest('A flat network has no provider:segmentation_id.');
    return { network: networkNow, tag: null };
  }
  const tagNow = tag === undefined ? before?.tag : tag;
  if (tagNow === undefined || tagNow === null) throw badRequest('provider:segmentation_id is missing.');
  return { network: networkNow, tag: tagNow };
}
