import { Resolver, getServers, lookup } from 'node:dns/promises';
import { readFile } from 'node:fs/promises';
import { hostname, networkInterfaces } from 'node:os';
import type { HostReader } from '../kit/host.ts';
import { message } from '../kit/text.ts';
import { httpsGet } from './https-get.ts';
import { reverseName } from './reverse-name.ts';
import { readOverSsh, sshHostKeys, sshLogin } from './ssh.ts';
import { askHealth } from './health-socket.ts';
import { answersSsh } from './ssh-banner.ts';
import { findListener } from './listener.ts';

/** Somebody waits at the keyboard: a server that does not answer is given little time. */
const resolver = (): Resolver => new Resolver({ timeout: 1500, tries: 2 });

/** Interfaces that are there for virtual machines, containers and tunnels: nobody reaches this host by their addresses. */
const inward = /^(lo|docker|podman|cni|veth|virbr|vnet|tap|tun|wg|br-int|br-ex|ovn|ovs|genev_sys|vxlan_sys)/;
const linkLocal = /^(fe[89ab][0-9a-f]:|169\.254\.)/i;

/** Interface addresses of IPv6 that the system changes every day or is about to give up (IFA_F_TEMPORARY, IFA_F_DEPRECATED). */
function passingAddresses(table: string): ReadonlySet<string> {
  const passing = 0x01 | 0x20;
  const lines = table.split('\n').map((line) => line.trim().split(/\s+/));
  return new Set(lines.filter(([, , , , flags = '0']) => (parseInt(flags, 16) & passing) !== 0).map(([digits = '']) => digits));
}

/** An address of IPv6 as the kernel's table writes it: 32 digits. */
function digitsOf(address: string): string {
  const [head = '', tail] = address.split('::');
  const groups = (text = ''): readonly string[] => (text === '' ? [] : text.split(':').map((group) => group.padStart(4, '0')));
  const [first, last] = [groups(head), groups(tail)];
  const zeros = tail === undefined ? 0 : 8 - first.length - last.length;
  return [...first, ...Array<string>(Math.max(zeros, 0)).fill('0000'), ...last].join('');
}

async function stableAddresses(): Promise<readonly string[]> {
  const passing = passingAddresses(await readFile('/proc/net/if_inet6', 'utf8').catch(() => ''));
  return Object.entries(networkInterfaces())
    .filter(([name]) => !inward.test(name))
    .flatMap(([, all]) => (all ?? []).map(({ address }) => address))
    .filter((address) => !linkLocal.test(address) && !passing.has(digitsOf(address)));
}

/** The network of this host. It is the same inside a sandbox: ports and names are not below its root. */
export const network: HostReader['network'] = {
  hostname: async () => hostname(),
  addresses: async () => Object.values(networkInterfaces()).flatMap((all) => (all ?? []).map(({ address }) => address)),
  stableAddresses,
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
  health: (socket) => askHealth(socket),
  sshHostKeys,
  sshLogin,
  readOverSsh,
};
