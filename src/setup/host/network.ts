import { Resolver, getServers, lookup } from 'node:dns/promises';
import { hostname, networkInterfaces } from 'node:os';
import type { HostReader } from '../kit/host.ts';
import { message } from '../kit/text.ts';
import { httpsGet } from './https-get.ts';
import { reverseName } from './reverse-name.ts';
import { sshHostKeys, sshLogin } from './ssh.ts';
import { answersSsh } from './ssh-banner.ts';
import { findListener } from './listener.ts';

/** Somebody waits at the keyboard: a server that does not answer is given little time. */
const resolver = (): Resolver => new Resolver({ timeout: 1500, tries: 2 });

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
  async dns(name) {
    if (name === '') return [];
    const ask = resolver();
    const answers = await Promise.allSettled([ask.resolve4(name), ask.resolve6(name)]);
    return answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
  },
  reverse: (address) =>
    resolver()
      .resolvePtr(reverseName(address))
      .catch(() => []),
  async lookedUpIn() {
    const servers = getServers();
    if (servers.length === 0) return message`/etc/hosts`;
    return servers.length > 1
      ? message`/etc/hosts and the DNS servers ${servers.join(', ')}`
      : message`/etc/hosts and the DNS server ${servers.join()}`;
  },
  listener: findListener,
  get: httpsGet,
  answersSsh,
  sshHostKeys,
  sshLogin,
};
