import { isIPv6 } from 'node:net';

/** The 32 digits of an IPv6 address. */
function digitsOf(address: string): string {
  const [head = '', tail] = address.replace(/%.*$/, '').split('::');
  const groups = (text: string): readonly string[] =>
    text === ''
      ? []
      : text.split(':').flatMap((group) => {
          // The last four bytes may be written as an IPv4 address.
          if (!group.includes('.')) return [group.padStart(4, '0')];
          const [a = 0, b = 0, c = 0, d = 0] = group.split('.').map(Number);
          return [(a * 256 + b).toString(16).padStart(4, '0'), (c * 256 + d).toString(16).padStart(4, '0')];
        });
  const [before, after] = [groups(head), groups(tail ?? '')];
  const missing = tail === undefined ? 0 : 8 - before.length - after.length;
  return [...before, ...Array.from({ length: missing }, () => '0000'), ...after].join('');
}

/** The name under which DNS keeps the names of an address (RFC 1035 3.5, RFC 3596 2.5). */
export const reverseName = (address: string): string =>
  isIPv6(address) ? `${[...digitsOf(address)].reverse().join('.')}.ip6.arpa` : `${address.split('.').reverse().join('.')}.in-addr.arpa`;
