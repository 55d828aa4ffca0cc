import type { HostReader } from '#kit';
import { type Wanted, firewallCmd, oursOf, portsOfKnown } from './in-force.ts';
import { asOption } from './services.ts';
import { sshPorts } from './ssh-ports.ts';
import { type Zone, letsIn, opens, permanentZone, zonesInForce } from './zones.ts';

/* What would be lost if firewalld read its settings anew: some of what is in force may have been said to the running daemon alone. */

const listings = [
  ['--list-all-zones'],
  ['--list-all-policies'],
  ['--direct', '--get-all-chains'],
  ['--direct', '--get-all-rules'],
  ['--direct', '--get-all-passthroughs'],
  ['--get-ipsets'],
];

/** A listing without its order, without notes behind names, and without lines and words that do not count. */
const told = (listing: string, counts: { line(line: string): boolean; word(word: string): boolean }): string =>
  listing
    .split(/\n(?=\S)/)
    .map((block) =>
      block
        .replace(/^(\S+) \([^)]*\)(?=\n|$)/, '$1')
        .split('\n')
        .filter((line) => counts.line(line))
        .map((line) => {
          const words = line.split(/\s+/).filter((word) => word !== '' && counts.word(word));
          return words.sort().join(' ');
        })
        .sort()
        .join('\n'),
    )
    .join('\n');

/** Whether firewalld would forget something of others if it read its settings anew. */
export async function wouldForget(host: HostReader, wanted: Wanted): Promise<boolean> {
  const ours = oursOf(wanted);
  // NetworkManager binds interfaces while firewalld runs, and again after it has read its settings.
  const bindsAgain = await host.services.isActive('NetworkManager');
  const counts = {
    line: (line: string): boolean => !(bindsAgain && /^\s*interfaces:/.test(line)),
    word: (word: string): boolean => !ours.includes(word),
  };
  const differs = async (words: readonly string[]): Promise<boolean> => {
    const [now, anew] = await Promise.all([firewallCmd(host, ...words), firewallCmd(host, '--permanent', ...words)]);
    // Of some sets firewalld does not know what is in them.
    return now.code !== 0 || told(now.stdout, counts) !== told(anew.stdout, counts);
  };
  const sets = (await firewallCmd(host, '--get-ipsets')).stdout.split(/\s+/).filter((name) => name !== '');
  const all = [...listings, ...sets.map((name) => [`--ipset=${name}`, '--get-entries'])];
  return (await Promise.all(all.map(differs))).includes(true);
}

/**
 * Whether a port of ssh that is open now would be closed if firewalld read its settings anew.
 * @param wanted what the settings will say of services of ours; undefined: what they say now
 */
export async function wouldCloseSsh(host: HostReader, wanted?: Wanted): Promise<boolean> {
  const ports = await sshPorts(host);
  for (const zone of await zonesInForce(host)) {
    const permanent = await permanentZone(host, zone.name);
    const ours = wanted === undefined ? [] : oursOf(wanted);
    const anew: Zone = {
      ...permanent,
      services: permanent.services.filter((name) => !ours.includes(name)),
      ports: [...permanent.ports, ...(wanted?.open ?? []).flatMap((opening) => opening.ports.map(asOption))],
    };
    for (const port of ports) if (!(await letsIn(host, anew, port)) && (await letsInNow(host, zone, port))) return true;
  }
  return false;
}

/** Services may be other ones on disk than those that firewalld has read. */
async function letsInNow(host: HostReader, zone: Zone, port: number): Promise<boolean> {
  if (await letsIn(host, { ...zone, services: [] }, port)) return true;
  const known = await Promise.all(zone.services.map((name) => portsOfKnown(host, name)));
  const ports = known.flatMap((one) => one?.split(' ') ?? []);
  return (port === 22 && zone.services.includes('ssh')) || opens({ ports }, { port, protocol: 'tcp' });
}
