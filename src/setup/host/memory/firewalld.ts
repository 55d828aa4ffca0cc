import { type Output, file, textOf } from '../../kit/host.ts';
import type { Effects } from './effects.ts';
import { type Machine, configurationOf, shippedZone } from './machine.ts';

const home = '/etc/firewalld';
const zoneFile = (zone: string): string => `${home}/zones/${zone}.xml`;
const done = (stdout = 'success\n'): Output => ({ code: 0, stdout, stderr: '' });
const failed = (code: number, stderr: string): Output => ({ code, stdout: '', stderr: `Error: ${stderr}\n` });

const zoneOn = ({ disk }: Machine, zone: string): string =>
  disk.has(zoneFile(zone)) ? textOf(disk.get(zoneFile(zone))) : shippedZone.text;

/** What is in force: the zone as it was when firewalld was started or reloaded. */
function zoneInForce(machine: Machine, zone: string): string {
  const running = machine.running.get('firewalld') ?? '';
  const at = running.indexOf(`${zoneFile(zone)}\n`);
  return at < 0 ? shippedZone.text : running.slice(at, running.indexOf('</zone>', at));
}

const all = (text: string, pattern: RegExp): string => [...text.matchAll(pattern)].map((match) => match.slice(1).join('/')).join(' ');

/** One zone is in use on this machine, and there is one more. */
function listing(machine: Machine): string {
  const zone = (name: string, note: string): string => {
    const text = zoneInForce(machine, name);
    const services = all(text, /<service name="([^"]+)"/g);
    const ports = all(text, /<port port="([^"]+)" protocol="([^"]+)"/g);
    return `${name}${note}\n  target: default\n  services: ${services}\n  ports: ${ports}\n  rich rules: \n`;
  };
  return `${zone('home', '')}\n${zone('public', ' (active)')}`;
}

/** Changes a zone on disk. */
function change(machine: Machine, effects: Effects, args: readonly string[]): Output {
  const given = (name: string): readonly string[] =>
    args.flatMap((arg) => (arg.startsWith(`--${name}=`) ? [arg.slice(name.length + 3)] : []));
  const [zone = 'public'] = given('zone');
  const { disk } = machine;
  const unknown = given('add-service').find((name) => name !== 'ssh' && !disk.has(`${home}/services/${name}.xml`));
  if (unknown !== undefined) return failed(101, `INVALID_SERVICE: ${unknown}`);
  const added = [
    ...given('add-service').map((name) => `  <service name="${name}"/>`),
    ...given('add-port').map((port) => `  <port port="${port.split('/')[0] ?? ''}" protocol="${port.split('/')[1] ?? ''}"/>`),
  ];
  const removed = given('remove-service').map((name) => `  <service name="${name}"/>`);
  const lines = zoneOn(machine, zone).split('\n');
  const kept = lines.filter((line) => !removed.includes(line));
  kept.splice(kept.indexOf('</zone>'), 0, ...added.filter((line) => !kept.includes(line)));
  effects.perform(`firewalld: ${args.join(' ')}`, () => {
    for (const folder of [home, `${home}/zones`]) if (!disk.has(folder)) disk.set(folder, { kind: 'directory', mode: 0o755 });
    disk.set(zoneFile(zone), file(kept.join('\n'), 0o644));
  });
  return done();
}

/** firewall-cmd, which speaks to the running daemon. */
export function firewallCmd(machine: Machine, effects: Effects, args: readonly string[]): Output {
  if (!machine.running.has('firewalld')) return failed(252, 'FirewallD is not running');
  if (args.includes('--list-all-zones')) return done(listing(machine));
  if (args.includes('--permanent')) return change(machine, effects, args);
  if (!args.includes('--reload')) throw new Error(`the machine in memory has no firewall-cmd ${args.join(' ')}`);
  effects.perform('firewalld: reload', () => void machine.running.set('firewalld', configurationOf(machine, 'firewalld')));
  return done();
}

/** firewall-offline-cmd, which changes files while the daemon does not run. */
export const firewallOfflineCmd = (machine: Machine, effects: Effects, args: readonly string[]): Output => change(machine, effects, args);
