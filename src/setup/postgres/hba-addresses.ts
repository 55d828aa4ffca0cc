import { isIP } from 'node:net';

/** Addresses of one network: those that equal `address` where `mask` has ones. */
export interface Network {
  readonly family: 4 | 6;
  readonly address: bigint;
  readonly mask: bigint;
}

const bitsOf = { 4: 32, 6: 128 } as const;

/** The number that an address is; undefined where the text is none. */
function numberOf(text: string): bigint | undefined {
  const family = isIP(text);
  if (family === 4) return text.split('.').reduce((all, part) => (all << 8n) | BigInt(part), 0n);
  if (family !== 6 || text.includes('%')) return undefined;
  // The last 32 bits may be written as an IPv4 address.
  const plain = text.replace(/[\d.]+$/, (end) => {
    const inner = end.includes('.') ? numberOf(end) : undefined;
    return inner === undefined ? end : `${(inner >> 16n).toString(16)}:${(inner & 0xffffn).toString(16)}`;
  });
  const [head = '', tail] = plain.split('::');
  const groups = (part: string): readonly string[] => (part === '' ? [] : part.split(':'));
  const [front, back] = [groups(head), groups(tail ?? '')];
  const missing = tail === undefined ? 0 : 8 - front.length - back.length;
  return [...front, ...Array<string>(missing).fill('0'), ...back].reduce((all, group) => (all << 16n) | BigInt(`0x${group}`), 0n);
}

/** An address as a network of its own; undefined where the text is none. */
export function addressOf(text: string): Network | undefined {
  const [family, address] = [isIP(text) as 0 | 4 | 6, numberOf(text)];
  return family === 0 || address === undefined ? undefined : { family, address, mask: (1n << BigInt(bitsOf[family])) - 1n };
}

/** `192.0.2.0/24`; undefined where it is none. */
export function cidrOf(text: string): Network | undefined {
  const [, host = '', digits = ''] = /^([^/]*)\/(\d{1,3})$/.exec(text) ?? [];
  const one = addressOf(host);
  const length = Number(digits);
  if (one === undefined || length > bitsOf[one.family]) return undefined;
  const low = BigInt(bitsOf[one.family] - length);
  return { ...one, mask: (one.mask >> low) << low };
}

/** An address with its mask: `192.0.2.0` and `255.255.255.0`. The ones of a mask need not stand together. */
export function maskedOf(address: string, mask: string): Network | undefined {
  const [one, ones] = [addressOf(address), addressOf(mask)];
  return one === undefined || ones?.family !== one.family ? undefined : { ...one, mask: ones.address };
}

/** Whether each address of the second network is one of the first. */
export const holds = (outer: Network, inner: Network): boolean =>
  outer.family === inner.family &&
  (outer.mask & inner.mask) === outer.mask &&
  (outer.address & outer.mask) === (inner.address & outer.mask);
