import { type HostReader, SetupError, message, readText } from '#kit';
import type { Port } from './services.ts';

/** What a zone of firewalld lets in. */
export interface Zone {
  readonly name: string;
  readonly services: readonly string[];
  /** As firewalld writes them: `2222/tcp`, `5900-5903/tcp`. */
  readonly ports: readonly string[];
  /** Everything that nothing else is said of. */
  readonly acceptsAll: boolean;
}

/** Settings of firewalld lie in either folder; those of the host go before those that came with it. */
const own = '/etc/firewalld';
const shipped = '/usr/lib/firewalld';

const settingsOf = async (host: HostReader, path: string): Promise<string> =>
  (await readText(host, `${own}/${path}`)) ?? (await readText(host, `${shipped}/${path}`)) ?? '';

export const zoneFile = (name: string): string => `${own}/zones/${name}.xml`;
export const serviceFile = (name: string): string => `${own}/services/${name}.xml`;

const attribute = (element: string, name: string): string => new RegExp(`\\b${name}="([^"]*)"`).exec(element)?.[1] ?? '';
const elements = (xml: string, name: string): readonly string[] => xml.match(new RegExp(`<${name}\\b[^>]*>`, 'g')) ?? [];
const portOf = (element: string): string => `${attribute(element, 'port')}/${attribute(element, 'protocol')}`;

/** What a zone lets in by its settings, whether or not they are in force. */
export async function permanentZone(host: HostReader, name: string): Promise<Zone> {
  // Rules name services and ports as well, for some sources and other ends.
  const xml = (await settingsOf(host, `zones/${name}.xml`)).replace(/<!--.*?-->|<rule\b.*?<\/rule>/gs, '');
  return {
    name,
    services: elements(xml, 'service').map((element) => attribute(element, 'name')),
    ports: elements(xml, 'port').map(portOf),
    acceptsAll: elements(xml, 'zone').some((element) => attribute(element, 'target') === 'ACCEPT'),
  };
}

interface ListedZone extends Zone {
  /** Whether interfaces or sources belong to it. */
  readonly active: boolean;
  readonly interfaces: readonly string[];
}

/** Zones as `firewall-cmd --list-all-zones` prints them. */
export function parseZones(text: string): readonly ListedZone[] {
  return text.split(/\n\s*\n/).flatMap((block) => {
    const [first = '', ...lines] = block.trim().split('\n');
    const [, name, notes = ''] = /^(\S+)(?: \(([^)]*)\))?$/.exec(first.trim()) ?? [];
    if (name === undefined) return [];
    const words = (label: string): readonly string[] => {
      const line = lines.map((one) => one.trim()).find((one) => one.startsWith(`${label}:`)) ?? '';
      return line
        .slice(label.length + 1)
        .split(/\s+/)
        .filter((word) => word !== '');
    };
    const active = notes.split(/,\s*/).includes('active');
    const [interfaces, services, ports] = [words('interfaces'), words('services'), words('ports')];
    return [{ name, active, interfaces, services, ports, acceptsAll: words('target')[0] === 'ACCEPT' }];
  });
}

const defaultZone = async (host: HostReader): Promise<string> =>
  /^DefaultZone=(\S+)/m.exec((await readText(host, `${own}/firewalld.conf`)) ?? '')?.[1] ?? 'public';

/** All zones as firewalld knows them: in force, or `--permanent`. */
export async function listedZones(host: HostReader, ...where: readonly string[]): Promise<readonly ListedZone[]> {
  const { code, stdout, stderr } = await host.query({ argv: ['firewall-cmd', ...where, '--list-all-zones'] });
  if (code !== 0) throw new SetupError('failed', message`firewalld does not say what its zones let in: ${stderr.trim()}`);
  return parseZones(stdout);
}

/** Interfaces through which something comes in by itself: not those that are part of a bond or a bridge. */
async function interfacesOf(host: HostReader): Promise<readonly string[]> {
  const folder = '/sys/class/net';
  const names = await host.files.list(folder);
  const counts = names.map(async (name) => {
    // `bonding_masters` lies there as well, and is a file.
    const isInterface = (await host.files.read(`${folder}/${name}`))?.kind !== 'file';
    return name !== 'lo' && isInterface && (await host.files.read(`${folder}/${name}/master`)) === undefined;
  });
  const counted = await Promise.all(counts);
  return names.filter((_, index) => counted[index]);
}

/** Zones through which something comes in; the default one, where an interface of this host belongs to no other, or none is active. */
export async function zonesInForce(host: HostReader): Promise<readonly Zone[]> {
  const zones = await listedZones(host);
  const bound = zones.flatMap(({ interfaces }) => interfaces);
  const free = (await interfacesOf(host)).some((name) => !bound.includes(name));
  const fallback = await defaultZone(host);
  const noneActive = !zones.some(({ active }) => active);
  return zones.filter(({ name, active }) => active || (name === fallback && (free || noneActive)));
}

/** Zones through which something may come in once firewalld runs: the default one, and those that interfaces or sources belong to. */
export async function zonesToBe(host: HostReader): Promise<readonly string[]> {
  const names = await zoneNames(host);
  const bound = await Promise.all(names.map(async (name) => /<(interface|source)\b/.test(await settingsOf(host, `zones/${name}.xml`))));
  return [...new Set([await defaultZone(host), ...names.filter((_, index) => bound[index])])];
}

/** All zones that there are. */
export async function zoneNames(host: HostReader): Promise<readonly string[]> {
  const files = await Promise.all([own, shipped].map((folder) => host.files.list(`${folder}/zones`)));
  const names = files
    .flat()
    .filter((name) => name.endsWith('.xml'))
    .map((name) => name.slice(0, -'.xml'.length));
  return [...new Set([...names, await defaultZone(host)])];
}

const within = (range: string, port: number, protocol = 'tcp'): boolean => {
  const [, from, to = from, ofRange] = /^(\d+)(?:-(\d+))?\/(\w+)$/.exec(range) ?? [];
  return protocol === ofRange && Number(from) <= port && port <= Number(to);
};

/** Whether a zone names a port among those that it lets in. */
export const opens = ({ ports }: Pick<Zone, 'ports'>, { port, to = port, protocol }: Port): boolean =>
  ports.some((range) => within(range, port, protocol) && within(range, to, protocol));

/** Ports that a definition of a service names on disk. */
export const portsOnDisk = async (host: HostReader, service: string): Promise<readonly string[]> =>
  elements((await readText(host, serviceFile(service))) ?? '', 'port').map(portOf);

/** Whether a zone lets in what comes to a port of TCP. */
export async function letsIn(host: HostReader, zone: Zone, port: number): Promise<boolean> {
  if (zone.acceptsAll || zone.ports.some((range) => within(range, port))) return true;
  const services = await Promise.all(zone.services.map((name) => settingsOf(host, `services/${name}.xml`)));
  const isSsh = port === 22 && zone.services.includes('ssh');
  return isSsh || services.some((xml) => elements(xml, 'port').some((element) => within(portOf(element), port)));
}
