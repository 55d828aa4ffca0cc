import { conflict } from '../http/fault.ts';
import { type Inventory, isOfRouter } from '../northbound/inventory.ts';
import type { DhcpOptions, RouterPort, Switch, SwitchPort } from '../northbound/tables.ts';
import { type Cidr, isWithin, readAddress, readCidr, withoutPrefix, writeAddress } from './addresses.ts';
import { addressesOf } from './fixed-addresses.ts';

/* Which addresses the networks of the northbound database have, and who has which of them. */

/** The network of addresses that a subnet has; undefined where somebody has written something else into the database. */
export const cidrOf = (subnet: DhcpOptions): Cidr | undefined => readCidr(subnet.cidr) ?? undefined;

/** The same, where nothing can be done without; throws a fault. */
export function rangeOf(subnet: DhcpOptions): Cidr {
  const cidr = cidrOf(subnet);
  if (cidr === undefined) throw conflict(`The subnet ${subnet.id} has no network of addresses: ${subnet.cidr}.`);
  return cidr;
}

/** The address of the gateway of a subnet. */
export const gatewayOf = (subnet: DhcpOptions): string | undefined =>
  subnet.options.get('router') ?? subnet.external_ids.get('ovirt_gateway_ip');

/** The one of several subnets that an address is of. */
export const subnetWith = (address: string, subnets: readonly DhcpOptions[]): DhcpOptions | undefined =>
  subnets.find((one) => {
    const cidr = cidrOf(one);
    return cidr !== undefined && isWithin(address, cidr);
  });

/** Addresses that a router has in one of its networks. */
export const addressesOfSide = ({ networks }: RouterPort): readonly string[] => networks.map(withoutPrefix);

/** Addresses that a port has: its own, or those of the router that it belongs to. */
export function addressesAt(port: SwitchPort, inventory: Inventory): readonly string[] {
  const link = isOfRouter(port) ? inventory.routerSide(port) : undefined;
  return link === undefined ? addressesOf(port) : addressesOfSide(link.side);
}

/** Addresses that ports of a network have. */
export const addressesIn = (network: Switch, inventory: Inventory): ReadonlySet<string> =>
  new Set(inventory.portsOf(network).flatMap((port) => addressesAt(port, inventory)));

/** The first address of a network that nobody has; throws a fault where all are taken. */
export function freeAddress(cidr: Cidr, taken: ReadonlySet<string>): string {
  const numbers = new Set([...taken].filter((one) => isWithin(one, cidr)).map((one) => readAddress(one)?.value));
  const last = cidr.version === 4 ? cidr.last - 1n : cidr.last;
  for (let value = cidr.first + 2n; value <= last; value++) {
    if (!numbers.has(value)) return writeAddress(cidr.version, value);
  }
  throw conflict(`All addresses of ${cidr.text} are taken.`);
}
