import { isIP } from 'node:net';

/* Addresses and networks of IP, as numbers to reckon with. */

export type Version = 4 | 6;

/** A network in CIDR notation. */
export interface Cidr {
  readonly version: Version;
  readonly prefix: number;
  /** The first and the last address of it, as numbers. */
  readonly first: bigint;
  readonly last: bigint;
  /** As it is written: without bits of hosts. */
  readonly text: string;
}

const widthOf = (version: Version): number => (version === 4 ? 32 : 128);

/** An address as a number; null for a text that is none. */
export function readAddress(text: string): { readonly version: Version; readonly value: bigint } | null {
  const version = isIP(text);
  if (version === 4) return { version, value: text.split('.').reduce((sum, part) => sum * 256n + BigInt(part), 0n) };
  if (version !== 6 || text.includes('%')) return null;
  // The last four bytes may be written as an address of IPv4.
  const [, before = '', embedded] = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text) ?? [];
  if (embedded !== undefined) {
    const low = readAddress(embedded)?.value ?? 0n;
    return readAddress(`${before}${(low >> 16n).toString(16)}:${(low & 0xffffn).toString(16)}`);
  }
  const [head = '', tail] = text.split('::');
  const groups = (part: string | undefined): string[] => (part === undefined || part === '' ? [] : part.split(':'));
  const [left, right] = [groups(head), groups(tail)];
  const all = [...left, ...Array<string>(8 - left.length - right.length).fill('0'), ...right];
  return { version, value: all.reduce((sum, group) => sum * 65_536n + BigInt(`0x${group}`), 0n) };
}

/** How an address is written; of IPv6 as RFC 5952 has it. */
export function writeAddress(version: Version, value: bigint): string {
  if (version === 4) return [24n, 16n, 8n, 0n].map((shift) => String((value >> shift) & 255n)).join('.');
  const groups = Array.from({ length: 8 }, (_, at) => ((value >> BigInt(112 - 16 * at)) & 0xffffn).toString(16));
  // The longest row of zeros, the first of equal ones, is left out.
  const longest = [...groups.join(':').matchAll(/(?:^|:)0(?::0)+(?=:|$)/g)].sort((a, b) => b[0].length - a[0].length)[0];
  if (longest === undefined) return groups.join(':');
  const text = groups.join(':');
  return `${text.slice(0, longest.index)}::${text.slice(longest.index + longest[0].length).replace(/^:/, '')}`;
}

/** Reads `192.0.2.0/24`; bits of hosts are cleared. Null for a text that is no network. */
export function readCidr(text: string): Cidr | null {
  const [, host = '', digits = ''] = /^([\da-fA-F:.]+)\/(\d{1,3})$/.exec(text) ?? [];
  const address = readAddress(host);
  const prefix = Number(digits);
  if (address === null || prefix > widthOf(address.version)) return null;
  const rest = BigInt(widthOf(address.version) - prefix);
  const first = (address.value >> rest) << rest;
  return {
    version: address.version,
    prefix,
    first,
    last: first + (1n << rest) - 1n,
    text: `${writeAddress(address.version, first)}/${prefix}`,
  };
}

/** Whether an address lies in a network. */
export function isWithin(text: string, { version, first, last }: Cidr): boolean {
  const address = readAddress(text);
  return address?.version === version && address.value >= first && address.value <= last;
}

/** The address alone of `192.0.2.1/24`, as routers have it. */
export const withoutPrefix = (text: string): string => text.replace(/\/\d+$/, '');

/** An address as it is written best; null for a text that is none. */
export function plainAddress(text: string): string | null {
  const address = readAddress(text);
  return address === null ? null : writeAddress(address.version, address.value);
}

/** The addresses that may be given to hosts, as Neutron counts them: behind the one of the gateway. */
export const poolOf = ({ version, first, last }: Cidr): { readonly start: string; readonly stop: string } => ({
  start: writeAddress(version, first + 2n),
  // The last one of IPv4 is for everybody.
  stop: writeAddress(version, version === 4 ? last - 1n : last),
});

/** A hardware address with small letters; null for a text that is none, or the address of a group. */
export function plainMac(text: string): string | null {
  const mac = text.toLowerCase();
  return /^[0-9a-f][02468ace](:[0-9a-f]{2}){5}$/.test(mac) ? mac : null;
}
