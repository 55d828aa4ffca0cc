import { SocketAddress, isIPv4, isIPv6 } from 'node:net';

const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

/**
 * The one spelling of an IP address by which senders and interfaces are compared: without a zone or a length of the
 * network, IPv6 in its shortest form, and IPv4 as such even where a socket for both gives it as IPv6. Null for anything else.
 */
export function plainAddress(text: string): string | null {
  const [bare = ''] = text.trim().split(/[%/]/, 1);
  if (isIPv4(bare)) return bare;
  if (!isIPv6(bare)) return null;
  const { address } = new SocketAddress({ address: bare, family: 'ipv6' });
  return mapped.exec(address)?.[1] ?? address;
}
