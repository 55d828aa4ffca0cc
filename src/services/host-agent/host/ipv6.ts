import { SocketAddress } from 'node:net';

/* What the kernel tells of IPv6, in /proc/net. */

/** An address that others can reach. */
export interface Address6 {
  readonly prefix: number;
  /** Nobody has given it for a time: it stands in a file of this host. */
  readonly isStatic: boolean;
}

const permanent = 0x80;
const everywhere = 0;

const addressOf = (hex: string): string => new SocketAddress({ family: 'ipv6', address: hex.replace(/(.{4})(?=.)/g, '$1:') }).address;

/** Addresses by device, from `/proc/net/if_inet6`; those of links alone, and of the machine itself, are none. */
export const readAddresses6 = (text: string): ReadonlyMap<string, readonly Address6[]> => {
  const found = [...text.matchAll(/^[0-9a-f]{32} [0-9a-f]+ ([0-9a-f]{2}) ([0-9a-f]{2}) ([0-9a-f]+) +(\S+)$/gm)]
    .filter(([, , scope = '']) => parseInt(scope, 16) === everywhere)
    .map(([, prefix = '', , flags = '', name = '']) => ({
      name,
      address: { prefix: parseInt(prefix, 16), isStatic: (parseInt(flags, 16) & permanent) !== 0 },
    }));
  return new Map([...Map.groupBy(found, ({ name }) => name)].map(([name, list]) => [name, list.map(({ address }) => address)]));
};

/** Gateways of default routes by device, from `/proc/net/ipv6_route`: of several the one that counts most. */
export const readGateways6 = (text: string): ReadonlyMap<string, string> =>
  new Map(
    [...text.matchAll(/^0{32} 00 0{32} 00 (?!0{32})([0-9a-f]{32}) ([0-9a-f]{8}) \S+ \S+ \S+ +(\S+)$/gm)]
      .map(([, gateway = '', metric = '', name = '']) => ({ name, gateway: addressOf(gateway), metric: parseInt(metric, 16) }))
      .sort((one, other) => other.metric - one.metric)
      .map(({ name, gateway }) => [name, gateway]),
  );

/**
 * How a device comes to its addresses. Whoever gets one from a server of DHCP gets it alone, without the network around it; what routers tell of is a
 * network.
 * @param wouldListen whether the kernel takes what routers tell
 */
export function originOf6(addresses: readonly Address6[], wouldListen: boolean): { readonly autoconf: boolean; readonly dhcp: boolean } {
  const lent = addresses.filter(({ isStatic }) => !isStatic);
  return {
    autoconf: lent.some(({ prefix }) => prefix !== 128) || (addresses.length === 0 && wouldListen),
    dhcp: lent.some(({ prefix }) => prefix === 128),
  };
}
