import { lookup } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import type { Allowed } from '../../frame/networks.ts';

const refusal = (name: string): Error => new Error(`${name} is not in a network where hosts may be`);

/** Resolves names to addresses that hosts may have. A name is judged each time it is connected to, by the address that is then used. */
export const lookupAmong =
  (allowed: Allowed): LookupFunction =>
  (name, options, give) => {
    lookup(name, { ...options, all: true }, (error, found) => {
      const addresses = error === null ? found.filter(({ address }) => allowed(address)) : [];
      const [first] = addresses;
      if (error !== null || first === undefined) give(error ?? refusal(name), '', 0);
      else if (options.all === true) give(null, addresses);
      else give(null, first.address, first.family);
    });
  };

/** Whether a host may be connected to, as far as its name tells: an address is judged, a name is when it is resolved. */
export function mayBeHost(name: string, allowed: Allowed): boolean {
  const bare = name.replace(/^\[(.*)\]$/, '$1');
  return isIP(bare) === 0 || allowed(bare);
}
