import { conflict } from '../http/fault.ts';
import { type Inventory, isOfRouter, isReservation, keys } from '../northbound/inventory.ts';
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

/** Addresses that a port has: its own, the one that it keeps for a router to translate, or those of the router that it belongs to. */
export function addressesAt(port: SwitchPort, inventory: Inventory): readonly string[] {
  if (isReservation(port)) return [port.external_ids.get(keys.floatingAddress) ?? ''];
  const link = isOfRouter(port) ? inventory.routerSide(port) : undefined;
  return link === undefined ? addressesOf(port) : addressesOfSide(link.side);
}

interface Holder {
  readonly id: string;
  readonly text: string;
}

/** Who has which addresses of a network: ports, and routers in it that translate them. */
function holdersIn(network: Switch, inventory: Inventory): ReadonlyMap<string, Holder> {
  const ports = inventory.portsOf(network);
  const routers = ports.flatMap((port) => inventory.routerSide(port)?.router ?? []);
  return new Map<string, Holder>([
    ...routers.flatMap((router) =>
      inventory
        .natOf(router)
        .map(({ external_ip }) => [external_ip, { id: router.id, text: `the router ${router.id} translates it` }] as const),
    ),
    ...ports.flatMap((port) =>
      addressesAt(port, inventory).map((address) => [address, { id: port.id, text: `the port ${port.id} has it` }] as const),
    ),
  ]);
}

/** Throws a fault where an address of a network is taken, unless by the port that asks for it. */
export function mustBeFree(address: string, network: Switch, inventory: Inventory, askingPort?: string): void {
  const holder = holdersIn(network, inventory).get(address);
  if (holder !== undefined && holder.id !== askingPort) throw conflict(`The address ${address} is taken: ${holder.text}.`);
}

/**
 * An address of a subnet that nobody has; throws a fault where all are taken.
 * @param from the end to begin at. OVN itself, which gives addresses to ports a moment after they were made, begins at the first one.
 */
export function freeAddress(subnet: DhcpOptions, network: Switch, inventory: Inventory, from: 'first' | 'last'): string {
  const cidr = rangeOf(subnet);
  const taken = [...holdersIn(network, inventory).keys(), gatewayOf(subnet) ?? ''];
  const numbers = new Set(taken.filter((one) => isWithin(one, cidr)).map((one) => readAddress(one)?.value));
  const [first, last] = [cidr.first + 2n, cidr.version === 4 ? cidr.last - 1n : cidr.last];
  for (let step = 0n; first + step <= last; step++) {
    const value = from === 'first' ? first + step : last - step;
    if (!numbers.has(value)) return writeAddress(cidr.version, value);
  }
  throw conflict(`All addresses of ${cidr.text} are taken.`);
}
