import { randomUUID } from 'node:crypto';
import { badRequest, conflict, Fault, notFound } from '../http/fault.ts';
import { type Fields, required } from '../http/fields.ts';
import { tenantId } from '../keystone.ts';
import { floatingOwner, isOfRouter, isReservation, keys } from '../northbound/inventory.ts';
import type { Operation } from '../northbound/northbound.ts';
import { insert, mutate, needs, setKeys } from '../northbound/operations.ts';
import type { Router, Switch, SwitchPort } from '../northbound/tables.ts';
import { map, uuids } from '../ovsdb/notation.ts';
import { plainAddress, readAddress } from './addresses.ts';
import { cidrOf, freeAddress, gatewayOf, mustBeFree, rangeOf, subnetWith } from './addressing.ts';
import { excluded } from './exclusions.ts';
import { addressesOf } from './fixed-addresses.ts';
import { type Floating, floatingAddresses, routerBetween } from './floating.ts';
import { addOneToOne, changeOneToOne, removeNat } from './nat-operations.ts';
import type { Parts } from './parts.ts';
import type { Entity, Resource } from './resource.ts';
import { describeStamps, newStamps, nextStamps } from './stamps.ts';

const known = [
  'id', 'floating_network_id', 'floating_ip_address', 'subnet_id', 'port_id', 'fixed_ip_address', 'description', 'tenant_id', 'project_id',
]; // prettier-ignore

/** What an address is to stand for. */
interface Target {
  readonly port: SwitchPort;
  readonly address: string;
  readonly router: Router;
}

/** Floating addresses: reservations in the network outside, and translations in the router that leads there. */
export function floatingIps({ northbound, inventory, now }: Parts): Resource {
  const all = () => floatingAddresses(northbound, inventory);
  const find = (id: string): Floating => {
    const found = all().find((one) => one.id === id);
    if (found === undefined) throw notFound('floating address', id);
    return found;
  };

  function describe({ id, address, network, reservation, translation }: Floating): Entity {
    const ids = reservation?.external_ids ?? new Map<string, string>();
    return {
      id,
      floating_ip_address: address,
      floating_network_id: network?.id ?? null,
      fixed_ip_address: translation?.nat.logical_ip ?? null,
      port_id: translation?.port?.id ?? null,
      router_id: translation?.router.id ?? null,
      status: translation === undefined ? 'DOWN' : 'ACTIVE',
      description: ids.get(keys.description) ?? '',
      tenant_id: tenantId,
      project_id: tenantId,
      ...describeStamps(ids),
      tags: [],
    };
  }

  /** The address that is wanted, or one that nobody has. */
  function readFloating(fields: Fields, network: Switch): string {
    const subnets = inventory.subnetsOf(network.id).filter((one) => cidrOf(one)?.version === 4);
    if (subnets.length === 0) throw badRequest(`The network ${network.id} has no subnet of IPv4.`);
    const subnetId = fields.text('subnet_id') ?? undefined;
    const candidates = subnets.filter(({ id }) => subnetId === undefined || id === subnetId);
    const [first] = candidates;
    if (first === undefined) throw badRequest('subnet_id must be a subnet of IPv4 of the network.');
    const text = fields.text('floating_ip_address');
    if (text === undefined || text === null) return freeAddress(first, network, inventory, 'last');
    const address = plainAddress(text);
    const subnet = address === null ? undefined : subnetWith(address, candidates);
    const { first: lowest, last: highest } = rangeOf(subnet ?? first);
    const value = readAddress(text)?.value;
    if (address === null || subnet === undefined || value === lowest || value === highest) {
      throw badRequest('floating_ip_address must be an address of a subnet of the network.');
    }
    if (address === gatewayOf(subnet)) throw conflict(`The address ${address} is that of the gateway of the subnet ${subnet.id}.`);
    mustBeFree(address, network, inventory);
    return address;
  }

  /** What the address shall stand for; null: nothing. Undefined: as it is. */
  function readTarget(fields: Fields, outside: Switch, own?: Floating): Target | null | undefined {
    const portId = fields.text('port_id');
    const text = fields.text('fixed_ip_address');
    if (typeof text === 'string' && typeof portId !== 'string') throw badRequest('fixed_ip_address needs port_id.');
    if (portId === undefined || portId === null) return portId;
    const port = inventory.port(portId);
    const network = inventory.networkOf(port);
    if (isOfRouter(port) || isReservation(port) || network === undefined) {
      throw badRequest(`The port ${portId} is none that a machine could have.`);
    }
    const addresses = addressesOf(port).filter((one) => readAddress(one)?.version === 4);
    const address = typeof text === 'string' ? plainAddress(text) : addresses[0];
    if (address === undefined) throw badRequest(`The port ${portId} has no address of IPv4.`);
    if (address === null || !addresses.includes(address)) throw badRequest(`The port ${portId} has no address ${String(text)}.`);
    const subnet = subnetWith(address, inventory.subnetsOf(network.id));
    const gateway = subnet === undefined ? undefined : gatewayOf(subnet);
    const router = routerBetween({ network, address, gateway }, outside, northbound, inventory);
    if (router === undefined) {
      throw new Fault(404, `No router leads from the address ${address} of the port ${portId} to the network ${outside.id} outside.`);
    }
    const other = all().find(
      ({ id, network: its, translation }) =>
        id !== own?.id && its?.id === outside.id && translation?.port?.id === port.id && translation.nat.logical_ip === address,
    );
    if (other !== undefined) {
      throw conflict(`The address ${address} of the port ${portId} has the floating address ${other.address} already.`);
    }
    return { port, address, router };
  }

  /** What keeps an address in its network. */
  const reserve = (id: string, network: Switch, address: string, description: string | undefined): readonly Operation[] => [
    needs('Logical_Switch', network.id),
    insert('Logical_Switch_Port', id, {
      name: id,
      // It has no addresses in the sense of OVN, which would answer for them: that is up to the router.
      enabled: false,
      external_ids: map({
        [keys.nicName]: '',
        [keys.deviceId]: id,
        [keys.deviceOwner]: floatingOwner,
        [keys.floatingAddress]: address,
        [keys.description]: description,
        ...newStamps(now()),
      }),
    }),
    mutate('Logical_Switch', network.id, 'ports', 'insert', uuids([id])),
    setKeys('Logical_Switch', network.id, 'other_config', { exclude_ips: excluded(network, { add: [address] }) }),
  ];

  /** What makes an address stand for something else than now. */
  function associate(address: string, { port, address: logical, router }: Target, before: Floating['translation']): readonly Operation[] {
    const wanted = { external: address, logical, port: port.name };
    const present = before?.router.id === router.id ? before.nat : undefined;
    if (present !== undefined && present.logical_ip === logical && before?.port?.id === port.id) return [];
    return [
      needs('Logical_Router', router.id),
      needs('Logical_Switch_Port', port.id),
      ...(present === undefined ? [...disassociate(before), ...addOneToOne(router.id, wanted)] : changeOneToOne(present.id, wanted)),
    ];
  }

  const disassociate = (before: Floating['translation']): readonly Operation[] =>
    before === undefined ? [] : removeNat(before.router.id, [before.nat.id]);

  return {
    rel: 'floatingips',
    one: 'floatingip',
    many: 'floatingips',
    list: () => all().map(describe),
    get: (id) => describe(find(id)),
    async add(fields) {
      fields.only(known);
      const network = inventory.network(required(fields, 'floating_network_id'));
      const address = readFloating(fields, network);
      const target = readTarget(fields, network) ?? null;
      const id = randomUUID();
      await northbound.transact([
        ...reserve(id, network, address, fields.text('description') ?? undefined),
        ...(target === null ? [] : associate(address, target, undefined)),
      ]);
      return id;
    },
    async change(id, fields) {
      fields.only(known);
      const floating = find(id);
      const { network, address, reservation, translation } = floating;
      if (network === undefined) throw conflict(`Which network the address ${address} is of cannot be told: it was made by hand.`);
      for (const [name, value] of [
        ['floating_network_id', network.id],
        ['floating_ip_address', address],
      ] as const) {
        if (fields.has(name) && fields.text(name) !== value) throw badRequest(`${name} cannot be changed.`);
      }
      const target = readTarget(fields, network, floating);
      const description = fields.text('description');
      await northbound.transact([
        // One that was made by hand is kept from now on, too: taken from its port it would be lost otherwise.
        ...(reservation === undefined
          ? reserve(id, network, address, description ?? undefined)
          : [
              needs('Logical_Switch_Port', id),
              setKeys('Logical_Switch_Port', id, 'external_ids', {
                ...(description === undefined ? {} : { [keys.description]: description ?? undefined }),
                ...nextStamps(reservation.external_ids, now()),
              }),
            ]),
        ...(target === undefined ? [] : target === null ? disassociate(translation) : associate(address, target, translation)),
      ]);
    },
    async remove(id) {
      const { network, address, reservation, translation } = find(id);
      await northbound.transact([
        ...disassociate(translation),
        ...(reservation === undefined || network === undefined
          ? []
          : [
              mutate('Logical_Switch', network.id, 'ports', 'delete', uuids([id])),
              setKeys('Logical_Switch', network.id, 'other_config', { exclude_ips: excluded(network, { drop: [address] }) }),
            ]),
      ]);
    },
  };
}
