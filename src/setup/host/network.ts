import { lookup } from 'node:dns/promises';
import { hostname, networkInterfaces } from 'node:os';
import type { HostReader } from '../kit/host.ts';
import { httpsGet } from './https-get.ts';
import { findListener } from './listener.ts';

/** The network of this host. It is the same inside a sandbox: ports and names are not below its root. */
export const network: HostReader['network'] = {
  hostname: async () => hostname(),
  addresses: async () => Object.values(networkInterfaces()).flatMap((all) => (all ?? []).map(({ address }) => address)),
  async resolve(name) {
    // Node warns about it on the screen.
    if (name === '') return [];
    try {
      const found = await lookup(name, { all: true, order: 'verbatim' });
      return [...new Set(found.map(({ address }) => address))];
    } catch {
      // Unknown, not a name at all, or no resolver that could be asked: in each case nobody will find this host by it.
      return [];
    }
  },
  listener: findListener,
  get: httpsGet,
};
