import { posix } from 'node:path';
import { fact } from '#kit';
import { configurationFiles, textBehind } from './present.ts';
import { webServer } from './settings.ts';

/*
 * Which site Apache shows under a name (httpd.apache.org, "An In-Depth Discussion of Virtual Host Matching"): of those for the address and
 * the port of a connection, which go before those for all of either, the first one with that name.
 */

/** A site of others, by its file. */
export interface Site {
  readonly path: string;
  /** As they stand there: `*:443`, `192.0.2.10:443`, `[2001:db8::10]`, `*`. */
  readonly addresses: readonly string[];
  /** With the patterns among them; none where it has no name of its own. */
  readonly names: readonly string[];
  readonly tls: boolean;
  /** Whether Apache reads it before ours. */
  readonly early: boolean;
}

export interface Configured {
  readonly sites: readonly Site[];
  /** The name of the server as a whole, which sites without a name have; undefined: that of the host. */
  readonly serverName: string | undefined;
}

/** The directives of a file: without remarks, and each on one line. */
const directives = (text: string): readonly string[] =>
  text
    .replaceAll(/\\\r?\n/g, ' ')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));

const words = (text: string): readonly string[] => text.split(/\s+/).flatMap((word) => (word === '' ? [] : [word.replaceAll('"', '')]));

/** The words behind a directive, whatever its case; none where the line is another one. */
const behind = (line: string, ...names: readonly string[]): readonly string[] => {
  const [first = '', ...others] = words(line);
  return names.includes(first.toLowerCase()) ? others : [];
};

/** A name without the scheme and the port that may stand around it. */
const bare = (name: string): string => name.replace(/^\w+:\/\//, '').replace(/:\d+$/, '');

/**
 * What one file configures.
 * @param ours where Apache reads our site: those in other folders are read before its own
 */
function configuredIn(path: string, text: string, ours: string): Configured {
  const sites: Site[] = [];
  let serverName: string | undefined;
  let open: { readonly addresses: readonly string[]; readonly lines: string[] } | undefined;
  for (const line of directives(text)) {
    const [, addresses] = /^<VirtualHost\s+([^>]*)>/i.exec(line) ?? [];
    // What a variable stands for is not known here.
    if (addresses !== undefined) open = { addresses: words(addresses).filter((word) => !word.includes('${')), lines: [] };
    else if (open === undefined) serverName = behind(line, 'servername').map(bare)[0] ?? serverName;
    else if (!/^<\/VirtualHost>/i.test(line)) open.lines.push(line);
    else {
      sites.push({
        path,
        addresses: open.addresses,
        names: open.lines.flatMap((inside) => behind(inside, 'servername', 'serveralias')).map(bare),
        tls: open.lines.some((inside) => behind(inside, 'sslengine')[0]?.toLowerCase() === 'on'),
        early: posix.dirname(path) !== posix.dirname(ours) || path < ours,
      });
      open = undefined;
    }
  }
  return { sites, serverName };
}

/** What others have configured, also what waits for a module. Files that only an Include of theirs names are not looked at. */
export const configuredByOthers = fact('apache-sites', async (host): Promise<Configured> => {
  const { files: own, enabledAs } = await webServer.probe(host);
  const files = (await configurationFiles(host)).filter((path) => path.endsWith('.conf'));
  const all = await Promise.all(files.map(async (path) => configuredIn(path, (await textBehind(host, path)) ?? '', enabledAs(own.site))));
  return {
    sites: all.flatMap(({ sites }) => sites),
    serverName: all.findLast(({ serverName }) => serverName !== undefined)?.serverName,
  };
});

/** An address of a site: of which host, or of all; and its port, undefined for all of them. */
function parts(address: string): { readonly host: string; readonly port: number | undefined } {
  const [, host = '', digits] = /^(\[[^\]]*\]|[^:]*)(?::(\d+|\*))?$/.exec(address) ?? [];
  return { host, port: digits === undefined || digits === '*' ? undefined : Number(digits) };
}

const isForAll = (host: string): boolean => ['', '*', '_default_'].includes(host);

/** Addresses that sites have to themselves, with a port: there Apache asks none of those that are for all addresses. */
export const ownAddresses = (sites: readonly Site[], port: number): readonly string[] => [
  ...new Set(
    sites
      .flatMap(({ addresses }) => addresses.map(parts))
      .filter((one) => !isForAll(one.host) && (one.port ?? port) === port)
      .map(({ host }) => `${host}:${port}`),
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

/** The site that answers under a name in our place, on a port. */
export const siteInOurPlace = (
  { sites, serverName }: Configured,
  { name, port, hostName }: { readonly name: string; readonly port: number; readonly hostName: string },
): Site | undefined =>
  sites.find(
    ({ addresses, names, early }) =>
      early &&
      addresses.some((address) => parts(address).port === port) &&
      (names.length === 0 ? [serverName ?? hostName] : names).some((one) => asPattern(one).test(name)),
  );

/** A site that says no port, and so would not be found any more where ours says the one that people reach it at. */
export const siteInOurShadow = ({ sites }: Configured): Site | undefined =>
  sites.find(({ addresses, tls }) => tls && addresses.some((address) => parts(address).port === undefined));
