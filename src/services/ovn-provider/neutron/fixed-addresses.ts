import { isIP } from 'node:net';
import { randomBytes } from 'node:crypto';
import type { SwitchPort } from '../northbound/tables.ts';
import { plainMac } from './addresses.ts';

/** The first entry of `addresses` (ovn-nb(5)): a hardware address, then addresses of IP, or the word `dynamic`. */
const words = (text: string | undefined): readonly string[] => (text ?? '').split(/\s+/).filter((word) => word !== '');

/** The hardware address of a port, its own or the one that OVN has given to it. */
export const macOf = (port: SwitchPort): string | null =>
  [...words(port.addresses[0]), ...words(port.dynamic_addresses)].map(plainMac).find((word) => word !== null) ?? null;

/** Addresses of IP that somebody has given to a port. */
export const fixedAddresses = (port: SwitchPort): readonly string[] => words(port.addresses[0]).filter((word) => isIP(word) !== 0);

/** Those that it has: given by somebody, or by OVN. */
export function addressesOf(port: SwitchPort): readonly string[] {
  const given = fixedAddresses(port);
  return given.length > 0 ? given : words(port.dynamic_addresses).filter((word) => isIP(word) !== 0);
}

/** Whether OVN is to give it one. */
export const isDynamic = (port: SwitchPort): boolean => words(port.addresses[0]).includes('dynamic');

/** A hardware address of the kind that everybody may make up for themselves. */
export const newMac = (): string => `02:${[...randomBytes(5)].map((byte) => byte.toString(16).padStart(2, '0')).join(':')}`;

/**
 * What stands in `addresses`.
 * @param ip the address that a port has; null: OVN gives it one, where its network has any to give
 */
export const writtenAddresses = (mac: string, ip: string | null, hasSubnet: boolean): string =>
  ip === null ? (hasSubnet ? `${mac} dynamic` : mac) : `${mac} ${ip}`;
