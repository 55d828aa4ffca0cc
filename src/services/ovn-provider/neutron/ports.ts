import { randomUUID } from 'node:crypto';
import { badRequest, conflict } from '../http/fault.ts';
import { type Fields, required } from '../http/fields.ts';
import { tenantId } from '../keystone.ts';
import { isOfRouter, isReservation, keys } from '../northbound/inventory.ts';
import { insert, mutate, needs, setKeys, update } from '../northbound/operations.ts';
import type { DhcpOptions, Switch, SwitchPort } from '../northbound/tables.ts';
import { map, set, uuid, uuids } from '../ovsdb/notation.ts';
import { isWithin, plainAddress, plainMac } from './addresses.ts';
import { addressesAt, cidrOf, mustBeFree, subnetWith } from './addressing.ts';
import { fixedAddresses, macOf, newMac, writtenAddresses } from './fixed-addresses.ts';
import { floatingAddresses } from './floating.ts';
import { defaultGroup, membership } from './group-operations.ts';
import { removeNat } from './nat-operations.ts';
import { isSecured } from './networks.ts';
import type { Parts } from './parts.ts';
import type { Entity, Resource } from './resource.ts';

/** Ports: those of logical switches, also the ones that lead to routers, but not the one to the wires. */
export function ports({ northbound, inventory, defaults, now }: Parts): Resource {
  const groupsOf = (portId: string): readonly string[] => {
    const index = northbound.derived('groups of ports', ['Port_Group'], () => {
      const found = new Map<string, string[]>();
      for (const group of inventory.groups()) {
        for (const port of group.ports) found.set(port, [...(found.get(port) ?? []), group.id]);
      }
      return found;
    });
    return index.get(portId) ?? [];
  };

  const fixedIps = (networkId: string, addresses: readonly string[]): readonly object[] =>
    addresses.flatMap((address) => {
      const subnet = subnetWith(address, inventory.subnetsOf(networkId));
      return subnet === undefined ? [] : [{ ip_address: address, subnet_id: subnet.id }];
    });

  function describe(port: SwitchPort): Entity {
    const networkId = inventory.networkOf(port)?.id ?? '';
    const link = isOfRouter(port) ? inventory.routerSide(port) : undefined;
    const host = port.options.get('requested-chassis');
    return {
      id: port.id,
      name: port.external_ids.get(keys.nicName) ?? port.name,
      network_id: networkId,
      tenant_id: tenantId,
      mac_address: link?.side.mac ?? macOf(port),
      admin_state_up: port.enabled !== false && port.up === true,
      device_id: port.external_ids.get(keys.deviceId) ?? '',
      device_owner: port.external_ids.get(keys.deviceOwner) ?? (link === undefined ? '' : 'network:router_interface'),
      fixed_ips: fixedIps(networkId, addressesAt(port, inventory)).slice(0, 1),
      security_groups: groupsOf(port.id),
      port_security_enabled: port.port_security.length > 0,
      ...(host === undefined ? {} : { 'binding:host_id': host }),
    };
  }

  /** The groups that a port shall be in; null: it is not secured. */
  function readGroups(fields: Fields, secured: boolean): readonly string[] | null | undefined {
    const ids = fields.texts('security_groups');
    if (!secured) {
      if (ids !== undefined && ids.length > 0) throw badRequest('security_groups need port_security_enabled.');
      return null;
    }
    return ids?.map((id) => inventory.group(id).id);
  }

  /** What `fixed_ips` say: an address, OVN's choice (null), or nothing (undefined). */
  function readFixed(fields: Fields, network: Switch, portId?: string): string | null | undefined {
    const list = fields.objects('fixed_ips');
    if (list === undefined) return undefined;
    if (list.length > 1) throw badRequest('A port has one of fixed_ips at most.');
    const [wanted] = list;
    if (wanted === undefined) return null;
    const subnet = subnetFor(wanted, network);
    const text = wanted.text('ip_address');
    if (text === undefined || text === null) return null;
    const address = plainAddress(text);
    const cidr = cidrOf(subnet);
    if (address === null || cidr === undefined || !isWithin(address, cidr)) {
      throw badRequest('ip_address must be an address of the subnet.');
    }
    mustBeFree(address, network, inventory, portId);
    return address;
  }

  function subnetFor(wanted: Fields, network: Switch): DhcpOptions {
    const id = wanted.text('subnet_id');
    const candidates = inventory.subnetsOf(network.id);
    if (id === undefined || id === null) {
      const found = subnetWith(wanted.text('ip_address') ?? '', candidates);
      if (found === undefined) throw badRequest('ip_address is of no subnet of the network.');
      return found;
    }
    const subnet = candidates.find((one) => one.id === id);
    if (subnet === undefined) throw badRequest('subnet_id must be a subnet of the network.');
    return subnet;
  }

  const dhcpColumns = (networkId: string) => {
    const subnets = inventory.subnetsOf(networkId);
    const of = (version: 4 | 6) => subnets.filter((one) => cidrOf(one)?.version === version).map((one) => uuid(one.id));
    return { dhcpv4_options: set(of(4)), dhcpv6_options: set(of(6)) };
  };

  return {
    rel: 'ports',
    one: 'port',
    many: 'ports',
    list: () => inventory.ports().map(describe),
    get: (id) => describe(inventory.port(id)),
    async add(fields) {
      const network = inventory.network(required(fields, 'network_id'));
      const secured = fields.flag('port_security_enabled') ?? isSecured(network, defaults.portSecurity);
      const mac = readMac(fields) ?? newMac();
      const ip = readFixed(fields, network) ?? null;
      const given = readGroups(fields, secured);
      const byDefault = given === undefined ? defaultGroup(inventory, now()) : undefined;
      const groups = byDefault === undefined ? (given ?? null) : [byDefault.id];
      const hasSubnet = inventory.subnetsOf(network.id).length > 0;
      const id = randomUUID();
      await northbound.transact([
        needs('Logical_Switch', network.id),
        ...(byDefault?.made ?? []),
        insert('Logical_Switch_Port', id, {
          name: id,
          addresses: set([writtenAddresses(mac, ip, hasSubnet)]),
          port_security: set(secured ? [guarded(mac, ip)] : []),
          enabled: fields.flag('admin_state_up') ?? true,
          options: map({ 'requested-chassis': fields.text('binding:host_id') ?? undefined }),
          external_ids: map({
            [keys.nicName]: fields.text('name') ?? '',
            [keys.deviceId]: fields.text('device_id') ?? undefined,
            [keys.deviceOwner]: fields.text('device_owner') ?? undefined,
            [keys.securityGroups]: groups === null ? undefined : groups.join(' '),
          }),
          ...dhcpColumns(network.id),
        }),
        mutate('Logical_Switch', network.id, 'ports', 'insert', uuids([id])),
        ...(groups === null ? [] : membership(northbound, id, groups)),
      ]);
      return id;
    },
    async change(id, fields) {
      const port = inventory.port(id);
      const network = inventory.networkOf(port);
      if (network === undefined) throw conflict(`The port ${id} is of no network any more.`);
      if (fields.has('network_id') && fields.text('network_id') !== network.id) throw badRequest('A port stays in its network.');
      refuseReservation(port);
      const wasSecured = port.port_security.length > 0;
      const secured = fields.flag('port_security_enabled') ?? wasSecured;
      const fixed = readFixed(fields, network, id);
      const macGiven = readMac(fields);
      if (isOfRouter(port) && (fixed !== undefined || macGiven !== undefined || secured)) {
        throw conflict(`The port ${id} belongs to a router, which decides about its addresses and its security.`);
      }
      const mac = macGiven ?? macOf(port) ?? newMac();
      const ip = fixed === undefined ? (fixedAddresses(port)[0] ?? null) : fixed;
      const floating = floatingAddresses(northbound, inventory).find(({ translation }) => translation?.port?.id === id);
      const isMoved = ip !== (fixedAddresses(port)[0] ?? null) && ip !== floating?.translation?.nat.logical_ip;
      if (floating !== undefined && isMoved)
        throw conflict(`The floating address ${floating.address} stands for the address of the port ${id}.`);
      const given = readGroups(fields, secured);
      // Who is secured from now on is in the default group, unless somebody says otherwise; who was keeps its groups.
      const byDefault = given === undefined && secured && !wasSecured ? defaultGroup(inventory, now()) : undefined;
      const groups = byDefault === undefined ? given : [byDefault.id];
      const enabled = fields.flag('admin_state_up');
      const hasSubnet = inventory.subnetsOf(network.id).length > 0;
      const texts = {
        ...textFor(fields, 'name', keys.nicName),
        ...textFor(fields, 'device_id', keys.deviceId),
        ...textFor(fields, 'device_owner', keys.deviceOwner),
        ...(groups === undefined ? {} : { [keys.securityGroups]: groups === null ? undefined : groups.join(' ') }),
      };
      await northbound.transact([
        needs('Logical_Switch_Port', id),
        ...(byDefault?.made ?? []),
        ...(isOfRouter(port)
          ? []
          : [
              update('Logical_Switch_Port', id, {
                addresses: set([writtenAddresses(mac, ip, hasSubnet)]),
                port_security: set(secured ? [guarded(mac, ip)] : []),
              }),
            ]),
        ...(enabled === undefined ? [] : [update('Logical_Switch_Port', id, { enabled })]),
        ...(fields.text('binding:host_id') === undefined
          ? []
          : [setKeys('Logical_Switch_Port', id, 'options', { 'requested-chassis': fields.text('binding:host_id') ?? undefined })]),
        ...(Object.keys(texts).length === 0 ? [] : [setKeys('Logical_Switch_Port', id, 'external_ids', texts)]),
        ...(groups === undefined ? [] : membership(northbound, id, groups)),
      ]);
    },
    async remove(id) {
      const port = inventory.port(id);
      if (isOfRouter(port) && inventory.routerSide(port) !== undefined) {
        throw conflict(`The port ${id} belongs to a router: remove the interface of the router.`);
      }
      refuseReservation(port);
      const network = inventory.networkOf(port);
      if (network === undefined) return;
      // Its floating addresses stay, and stand for nobody.
      const translations = floatingAddresses(northbound, inventory).flatMap(({ reservation, translation }) =>
        reservation !== undefined && translation?.port?.id === id ? [translation] : [],
      );
      await northbound.transact([
        mutate('Logical_Switch', network.id, 'ports', 'delete', uuids([id])),
        ...translations.flatMap(({ router, nat }) => removeNat(router.id, [nat.id])),
      ]);
    },
  };
}

function refuseReservation(port: SwitchPort): void {
  if (isReservation(port)) throw conflict(`The port ${port.id} keeps a floating address: change or delete that.`);
}

/** Addresses from which a secured port may send. */
const guarded = (mac: string, ip: string | null): string => (ip === null ? mac : `${mac} ${ip}`);

/** A text for external_ids, where the field is there; null takes it away. */
const textFor = (fields: Fields, name: string, key: string): Readonly<Record<string, string | undefined>> => {
  const value = fields.text(name);
  return value === undefined ? {} : { [key]: value ?? undefined };
};

function readMac(fields: Fields): string | undefined {
  const text = fields.text('mac_address');
  if (text === undefined || text === null || text === '') return undefined;
  const mac = plainMac(text);
  if (mac === null) throw badRequest('mac_address must be the hardware address of one interface, as in 00:1a:4a:16:01:51.');
  return mac;
}
