import { badRequest } from '../http/fault.ts';
import { type Inventory, keys } from '../northbound/inventory.ts';
import type { Operation } from '../northbound/northbound.ts';
import { setKeys } from '../northbound/operations.ts';
import type { Nat, Router } from '../northbound/tables.ts';
import { readAddress, readCidr } from './addresses.ts';
import { addressesOfSide } from './addressing.ts';
import { addSource, removeNat } from './nat-operations.ts';
import type { Link } from './router-links.ts';

/*
 * Source NAT of routers: who is inside sends outwards with the address of the gateway. It is one row of NAT, of type snat, for each range of IPv4 that
 * the router has an interface in.
 */

const isOfIPv4 = (address: string): boolean => readAddress(address)?.version === 4;

/** Ranges of IPv4 on one side of a router. */
export const rangesAt = ({ side }: Link): readonly string[] =>
  side.networks.flatMap((text) => {
    const cidr = readCidr(text);
    return cidr?.version === 4 ? [cidr.text] : [];
  });

/** Those that are inside. */
export const rangesInside = (links: readonly Link[]): readonly string[] => links.filter(({ isGateway }) => !isGateway).flatMap(rangesAt);

/** Rows that let somebody send with the address of the gateway. */
export function sourceRows(router: Router, links: readonly Link[], inventory: Inventory): readonly Nat[] {
  const outside = links.filter(({ isGateway }) => isGateway).flatMap(({ side }) => addressesOfSide(side));
  return inventory.natOf(router).filter(({ type, external_ip }) => type === 'snat' && outside.includes(external_ip));
}

/** Whether a router does it: what the rows say; while nothing is inside there are none, and what was asked for last counts. */
export const hasSourceNat = (router: Router, links: readonly Link[], inventory: Inventory): boolean =>
  rangesInside(links).length === 0 ? router.external_ids.get(keys.gatewaySnat) === 'true' : sourceRows(router, links, inventory).length > 0;

/**
 * What begins it.
 * @param addresses those of the gateway; throws a fault where none is of IPv4
 */
export function beginSourceNat(routerId: string, addresses: readonly string[], ranges: readonly string[]): readonly Operation[] {
  const external = addresses.find(isOfIPv4);
  if (external === undefined) throw badRequest('enable_snat needs a gateway with an address of IPv4.');
  return [
    setKeys('Logical_Router', routerId, 'external_ids', { [keys.gatewaySnat]: 'true' }),
    ...[...new Set(ranges)].flatMap((range) => addSource(routerId, external, range)),
  ];
}

/** What ends it. */
export const endSourceNat = (router: Router, links: readonly Link[], inventory: Inventory): readonly Operation[] => [
  setKeys('Logical_Router', router.id, 'external_ids', { [keys.gatewaySnat]: undefined }),
  ...removeNat(
    router.id,
    sourceRows(router, links, inventory).map(({ id }) => id),
  ),
];
