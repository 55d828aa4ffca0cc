import { type Output, file, textOf } from '../../kit/host.ts';
import type { Effects } from './effects.ts';
import { type Machine, configurationOf, shippedZone } from './machine.ts';

const home = '/etc/firewalld';
const zoneFile = (zone: string): string => `${home}/zones/${zone}.xml`;
const serviceFile = (service: string): string => `${home}/services/${service}.xml`;
const done = (stdout = 'success\n'): Output => ({ code: 0, stdout, stderr: '' });
const failed = (code: number, stderr: string): Output => ({ code, stdout: '', stderr: `Error: ${stderr}\n` });

/** Where a file is found: on disk, or as it was when firewalld was started or reloaded, or changed since then. */
type Where = (path: string, end: string) => string;

const onDisk =
  ({ disk }: Machine): Where =>
  (path) =>
    textOf(disk.get(path));

const inForce =
  ({ running }: Machine): Where =>
  (path, end) => {
    const read = running.get('firewalld') ?? '';
    const at = read.indexOf(`${path}\n`);
    return at < 0 ? '' : read.slice(at + path.length + 1, read.indexOf(end, at) + end.length);
  };

const zoneOf = (where: Where, zone: string): string => where(zoneFile(zone), '</zone>\n') || shippedZone.text;

const portsIn = (text: string): string =>
  [...text.matchAll(/<port\b[^>]*>/g)]
    .map(([element]) => ['port', 'protocol'].map((name) => new RegExp(` ${name}="([^"]+)"`).exec(element)?.[1] ?? '').join('/'))
    .join(' ');

/** One zone is in use on this machine, and there is one more. */
function listing(where: Where, note: string): Output {
  const zone = (name: string, after: string): string => {
    const text = zoneOf(where, name);
    const services = [...text.matchAll(/<service name="([^"]+)"/g)].map(([, service]) => service);
    return `${name}${after}\n  target: default\n  services: ${services.join(' ')}\n  ports: ${portsIn(text)}\n  rich rules: \n`;
  };
  return done(`${zone('home', '')}\n${zone('public', note)}`);
}

function info(where: Where, service: string): Output {
  const xml = where(serviceFile(service), '</service>\n');
  return xml === '' ? failed(101, `INVALID_SERVICE: ${service}`) : done(`${service}\n  ports: ${portsIn(xml)}\n  protocols: \n`);
}

/** Changes a zone: on disk, or in force alone. */
function change(machine: Machine, effects: Effects, args: readonly string[], permanent: boolean): Output {
  const where = permanent ? onDisk(machine) : inForce(machine);
  const given = (name: string): readonly string[] =>
    args.flatMap((arg) => (arg.startsWith(`--${name}=`) ? [arg.slice(name.length + 3)] : []));
  const kinds = ['add-service', 'remove-service', 'add-port', 'remove-port'].filter((name) => given(name).length > 0);
  if (kinds.length > 1) return { code: 2, stdout: '', stderr: `argument --${kinds[1]}: not allowed with argument --${kinds[0]}\n` };
  const [zone = 'public'] = given('zone');
  const unknown = given('add-service').find((name) => name !== 'ssh' && where(serviceFile(name), '</service>\n') === '');
  if (unknown !== undefined) return failed(101, `INVALID_SERVICE: ${unknown}`);
  const lineOf = (kind: string): readonly string[] => [
    ...given(`${kind}-service`).map((name) => `  <service name="${name}"/>`),
    ...given(`${kind}-port`).map((port) => `  <port port="${port.split('/')[0] ?? ''}" protocol="${port.split('/')[1] ?? ''}"/>`),
  ];
  const [added, removed] = [lineOf('add'), lineOf('remove')];
  const before = zoneOf(where, zone);
  const lines = before.split('\n').filter((line) => !removed.includes(line));
  lines.splice(lines.indexOf('</zone>'), 0, ...added.filter((line) => !lines.includes(line)));
  const after = lines.join('\n');
  effects.perform(`firewalld: ${args.join(' ')}`, () => {
    const { disk, running } = machine;
    if (!permanent) {
      running.set('firewalld', withZone(running.get('firewalld') ?? '', zoneFile(zone), before, after));
      return;
    }
    for (const folder of [home, `${home}/zones`]) if (!disk.has(folder)) disk.set(folder, { kind: 'directory', mode: 0o755 });
    disk.set(zoneFile(zone), file(after, 0o644));
  });
  return done();
}

/** What firewalld has read, with another zone in it. */
const withZone = (read: string, path: string, before: string, after: string): string =>
  read.includes(`${path}\n`) ? read.replace(`${path}\n${before}`, `${path}\n${after}`) : `${read}\n${path}\n${after}`;

/** firewall-cmd, which speaks to the running daemon. */
export function firewallCmd(machine: Machine, effects: Effects, args: readonly string[]): Output {
  if (!machine.running.has('firewalld')) return failed(252, 'FirewallD is not running');
  const permanent = args.includes('--permanent');
  const where = permanent ? onDisk(machine) : inForce(machine);
  if (args.includes('--list-all-zones')) return listing(where, permanent ? '' : ' (active)');
  if (['--list-all-policies', '--direct', '--get-ipsets'].some((word) => args.includes(word))) return done('');
  const [service] = args.flatMap((arg) => (arg.startsWith('--info-service=') ? [arg.slice('--info-service='.length)] : []));
  if (service !== undefined) return info(where, service);
  if (!args.includes('--reload')) return change(machine, effects, args, permanent);
  effects.perform('firewalld: reload', () => void machine.running.set('firewalld', configurationOf(machine, 'firewalld')));
  return done();
}

/** firewall-offline-cmd, which changes files while the daemon does not run. */
export const firewallOfflineCmd = (machine: Machine, effects: Effects, args: readonly string[]): Output =>
  change(machine, effects, args, true);
