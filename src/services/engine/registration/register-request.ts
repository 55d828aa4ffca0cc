import { isFingerprint, isHostAddress } from '../hosts/host-address.ts';
import { type Fields, one } from '../http/fields.ts';
import { badRequest } from '../http/refusal.ts';

/** A machine that wants to become a host, as it tells of itself. Nothing of this is proven. */
export interface Registrant {
  readonly name: string;
  /** Name or IP address. */
  readonly address: string;
  readonly sshPort: number;
  /** The key of its ssh server: `SHA256:...`. */
  readonly fingerprint: string;
  /** The hardware UUID, in small letters. */
  readonly uniqueId: string;
}

/** How long a name or an address is at most: where another machine takes it, a number up to `-10000` comes behind it. */
const longest = 249;

/** A port as registering programs send it. Throws a refusal (400). */
function portOf(query: Fields, name: string, usual: number): number {
  const text = one(query, name) ?? String(usual);
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port < 1 || port > 65_535) throw badRequest(`${name} must be a number from 1 to 65535.`);
  return port;
}

/** A parameter that has to be there. Throws a refusal (400). */
function needed(query: Fields, name: string): string {
  const value = one(query, name);
  if (value === null || value === '') throw badRequest(`The parameter ${name} is missing.`);
  return value;
}

/** Reads the parameters of `command=register`. Throws a refusal (400) that says which one cannot be, and why. */
export function readRegistrant(query: Fields): Registrant {
  const address = needed(query, 'address');
  if (!isHostAddress(address) || address.length > longest)
    throw badRequest(`address must be a host name of ${longest} characters at most, or an IP address.`);
  const name = one(query, 'name') ?? address;
  // Names of hosts stand in events, in addresses of the API and in searches.
  if (name.length > longest || !/^[\p{L}\p{N}_.-]+$/u.test(name))
    throw badRequest(`name may have ${longest} letters, digits, underscores, hyphens and dots.`);
  const uniqueId = needed(query, 'uniqueId');
  if (!/^[A-Za-z0-9][A-Za-z0-9:_.-]{7,127}$/.test(uniqueId)) throw badRequest('uniqueId must be the UUID of the hardware.');
  // Who forgets to encode a plus sends a space.
  const fingerprint = needed(query, 'sshKeyFingerprint').replaceAll(' ', '+');
  if (!isFingerprint(fingerprint)) throw badRequest('sshKeyFingerprint must be of the form SHA256:..., as ssh-keygen -l shows it.');
  if ((one(query, 'sshUser') ?? 'root') !== 'root') throw badRequest('sshUser must be root: a host is set up by root.');
  if (portOf(query, 'vdsPort', 54_321) !== 54_321) throw badRequest('vdsPort must be 54321, where agents listen.');
  return { name, address, fingerprint, sshPort: portOf(query, 'sshPort', 22), uniqueId: uniqueId.toLowerCase() };
}
