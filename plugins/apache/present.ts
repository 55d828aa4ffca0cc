import { posix } from 'node:path';
import { type HostReader, fact, readText } from '#kit';
import { enabledAs, paths } from './settings.ts';

const ours: readonly string[] = [paths.proxy, paths.rootRedirect, paths.site].map(enabledAs);

/** The text at a path; what Debian enables is a link to it. */
async function textBehind(host: HostReader, path: string): Promise<string | undefined> {
  const entry = await host.files.read(path);
  return readText(host, entry?.kind === 'link' ? posix.resolve(posix.dirname(path), entry.target) : path);
}

/** Every file with ports that Debian's Apache reads, but for ours. */
async function configurationFiles(host: HostReader): Promise<readonly string[]> {
  const folders = ['mods-enabled', 'conf-enabled', 'sites-enabled'].map((name) => `${paths.home}/${name}`);
  const found = await Promise.all(folders.map(async (folder) => (await host.files.list(folder)).map((name) => `${folder}/${name}`)));
  return [`${paths.home}/apache2.conf`, `${paths.home}/ports.conf`, ...found.flat().filter((path) => !ours.includes(path))];
}

/** Ports that Apache listens on by what others have configured. Before it is installed: those that it will listen on then. */
export const listening = fact('apache-listening', async (host): Promise<readonly number[]> => {
  if ((await readText(host, `${paths.home}/ports.conf`)) === undefined) return [80, 443];
  const texts = await Promise.all((await configurationFiles(host)).map((path) => textBehind(host, path)));
  return texts.flatMap((text = '') => [...text.matchAll(/^\s*Listen\s+(?:\S*:)?(\d+)\b/gim)].map(([, number]) => Number(number)));
});

/** A site of others, by its file. */
export interface Site {
  readonly path: string;
  /** As they stand there: `*:443`, `192.0.2.10:443`, `[2001:db8::10]:443`. */
  readonly addresses: readonly string[];
  /** With the patterns among them; none where Apache takes the name of the host. */
  readonly names: readonly string[];
}

const blocks = /^[ \t]*<VirtualHost\s+([^>]*)>([^]*?)<\/VirtualHost>/gim;
const nameLines = /^[ \t]*Server(?:Name|Alias)[ \t]+(.*)$/gim;
const words = (text: string): readonly string[] => text.split(/\s+/).flatMap((word) => (word === '' ? [] : [word.replaceAll('"', '')]));

/** Sites that others have configured, also those that wait for a module, if Apache reads them before ours. */
export const earlierSites = fact('apache-earlier-sites', async (host): Promise<readonly Site[]> => {
  const files = (await configurationFiles(host)).filter(
    (path) => path.endsWith('.conf') && (!path.includes('/sites-enabled/') || path < enabledAs(paths.site)),
  );
  const sites = files.map(async (path) => {
    const found = [...((await textBehind(host, path)) ?? '').matchAll(blocks)];
    return found.map(([, addresses = '', block = '']): Site => {
      const names = [...block.matchAll(nameLines)].flatMap(([, line = '']) => words(line));
      return { path, addresses: words(addresses), names: names.map((name) => name.replace(/^\w+:\/\//, '').replace(/:\d+$/, '')) };
    });
  });
  return (await Promise.all(sites)).flat();
});

/** The port of an address of a site; undefined: all of them. */
const portOf = (address: string): number | undefined => {
  const [, digits] = /:(\d+)$/.exec(address.replace(/^\[.*\]/, '')) ?? [];
  return digits === undefined ? undefined : Number(digits);
};

/** Addresses that sites have a port of to themselves: there Apache asks none of those that are for all addresses. */
export const ownAddresses = (sites: readonly Site[], port: number): readonly string[] => [
  ...new Set(
    sites.flatMap(({ addresses }) => addresses).filter((address) => portOf(address) === port && !/^(\*|_default_):/.test(address)),
  ),
];

const asPattern = (name: string): RegExp =>
  new RegExp(
    `^${name
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.')}$`,
    'i',
  );

/** The site that answers under a name, on a port. */
export const siteFor = (
  sites: readonly Site[],
  { name, port, hostName }: { name: string; port: number; hostName: string },
): Site | undefined =>
  sites.find(
    ({ addresses, names }) =>
      addresses.some((address) => [port, undefined].includes(portOf(address))) &&
      (names.length === 0 ? [hostName] : names).some((one) => asPattern(one).test(name)),
  );

/** Whether an earlier run sends visitors of the root page to the engine. */
export const presentRootRedirect = fact('apache-root-redirect', async (host) => (await host.files.read(paths.rootRedirect)) !== undefined);

/** The port on which the engine waits for the web server now. */
export const presentBackendPort = fact('present-backend-port', async (host) => {
  const configuration = (await readText(host, '/etc/ovirt-engine/engine.conf.d/10-setup-protocols.conf')) ?? '';
  return /^ENGINE_HTTP_PORT="(\d+)"$/m.exec(configuration)?.[1];
});
