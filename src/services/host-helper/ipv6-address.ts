import { isIPv6, SocketAddress } from 'node:net';

/** Whether two texts, with or without a prefix behind a slash, are the same address of IPv6, which can be written in many ways. */
export function isSameAddress(one: string, other: string): boolean {
  const [plain, wanted] = [one, other].map((text) => {
    const address = text.split('/')[0] ?? '';
    return isIPv6(address) ? new SocketAddress({ family: 'ipv6', address }).address : undefined;
  });
  return plain !== undefined && plain === wanted;
}
