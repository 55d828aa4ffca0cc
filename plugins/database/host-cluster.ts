import { type DatabaseAddress, type HostReader, fact, readText } from '#kit';
import { needNames } from '../../src/setup/postgres/needs.ts';
import { sockets } from '../../src/setup/postgres/own-server.ts';
import { type Layout, layoutOf } from './layouts.ts';

/* The cluster of PostgreSQL that a whole host has, as its distribution lays it out. */

/** It is there from before a cluster is made until it is whole: what lies in the place of the cluster then, setup has put there. */
export const begunMark = '/var/lib/ovirt-engine/setup/cluster-begun';

/** Our block in files of PostgreSQL: in pg_hba.conf, a later run knows the names of its databases by it even before anything else is configured. */
export const accessBlock = 'engine-setup';

export interface HostCluster extends Layout {
  /** The file among its configuration that is ours. */
  readonly ownFile: string;
  readonly port: number;
  /** It is there already; then its other databases belong to somebody else. */
  readonly exists: boolean;
  /** What our file holds. */
  readonly ownSettings: string | undefined;
  /** The file that opens the server to other hosts, and what it holds. */
  readonly networkFile: string;
  readonly networkSettings: string | undefined;
}

/** The last value that a file of settings gives (postgresql.conf: `name = value`, the equals sign may be missing). */
export function valueOf(text: string, name: string): string | undefined {
  const line = new RegExp(`^[ \\t]*${name}[ \\t]*[=\\s][ \\t]*(?:'((?:[^']|'')*)'|([^\\s#]+))`, 'gim');
  const [, quoted, plain] = [...text.matchAll(line)].at(-1) ?? [];
  return quoted?.replaceAll("''", "'") ?? plain;
}

/** The text of all files that a cluster reads its settings from, in the order in which later ones win. */
async function settingsText(host: HostReader, folder: string): Promise<string> {
  const parts = (await host.files.list(`${folder}/conf.d`)).filter((name) => name.endsWith('.conf'));
  const paths = [`${folder}/postgresql.conf`, ...parts.map((name) => `${folder}/conf.d/${name}`)];
  return (await Promise.all(paths.map(async (path) => (await readText(host, path)) ?? ''))).join('\n');
}

/** Whether files of settings of a cluster have it read our folder, apart from what we have told it. */
const readsConfD = (text: string): boolean =>
  /^[ \t]*include_dir[ \t=]+'conf\.d'/im.test(
    text.replace(new RegExp(`^# BEGIN ${accessBlock}\\n[\\s\\S]*?^# END ${accessBlock}$`, 'gm'), ''),
  );

/** Whether the tools of the distribution have a new cluster read our folder. Without files of theirs it is as it comes (createcluster.conf of Debian). */
async function willReadConfD(host: HostReader, { createFile, readsFolder }: Layout): Promise<boolean> {
  const said = createFile === undefined ? undefined : await readText(host, createFile);
  return said === undefined ? readsFolder : valueOf(said, 'add_include_dir') === 'conf.d';
}

/** Whether there is a cluster, and not only what is left of an attempt to make it. */
const isWhole = async (host: HostReader, configuration: string): Promise<boolean> =>
  (await readText(host, `${configuration}/postgresql.conf`)) !== undefined;

/** Ports of all clusters that are configured here, but for the one that setup makes. */
async function portsInUse(host: HostReader, own: string): Promise<ReadonlySet<number>> {
  const ports = new Set<number>();
  for (const version of await host.files.list('/etc/postgresql')) {
    for (const name of await host.files.list(`/etc/postgresql/${version}`)) {
      const folder = `/etc/postgresql/${version}/${name}`;
      if (folder !== own && (await isWhole(host, folder))) ports.add(Number(valueOf(await settingsText(host, folder), 'port') ?? 5432));
    }
  }
  return ports;
}

async function freePort(host: HostReader, own: string): Promise<number> {
  const used = await portsInUse(host, own);
  for (let port = 5432; ; port++) if (!used.has(port) && (await host.network.listener(port)) === undefined) return port;
}

/** The cluster that our databases go into; undefined in a trial, which has a server of its own. */
export const hostCluster = fact('host-cluster', async (host): Promise<HostCluster | undefined> => {
  if (host.files.real('/') !== '/') return undefined;
  const layout = layoutOf((await host.system()).distribution);
  const { configuration } = layout;
  const [ownFile, networkFile] = ['ovirt-engine.conf', 'ovirt-engine-network.conf'].map((name) => `${configuration}/conf.d/${name}`) as [
    string,
    string,
  ];
  const exists = (await isWhole(host, configuration)) && (await readText(host, begunMark)) === undefined;
  const said = exists ? await settingsText(host, configuration) : '';
  return {
    ...layout,
    readsFolder: exists ? readsConfD(said) : await willReadConfD(host, layout),
    ownFile,
    data: valueOf(said, 'data_directory') ?? layout.data,
    port: exists ? Number(valueOf(said, 'port') ?? 5432) : await freePort(host, configuration),
    exists,
    ownSettings: await readText(host, ownFile),
    networkFile,
    networkSettings: await readText(host, networkFile),
  };
});

/** The administrator's way in: the kernel says who root is. */
export const peer = (port: number, name = 'postgres'): DatabaseAddress => ({ host: sockets, port, name, user: 'postgres', password: '' });

/** Databases that our access rules are about, each with the role that owns it. */
export function namesInRules(text: string): readonly { readonly database: string; readonly user: string }[] {
  const [, block = ''] = new RegExp(`^# BEGIN ${accessBlock}\\n([\\s\\S]*?)^# END ${accessBlock}$`, 'm').exec(text) ?? [];
  return [...block.matchAll(/^host\S*\s+"([^"]+)"\s+"([^"]+)"\s+127\.0\.0\.1\/32\s/gm)].map(([, database = '', user = '']) => ({
    database,
    user,
  }));
}

export interface Occupied {
  /** Names of databases and roles that are there and not ours, as far as the server runs and can be asked. */
  readonly names: ReadonlySet<string>;
  /** What an interrupted run has begun to make. */
  readonly begun: ReturnType<typeof namesInRules>;
  /** Stands behind names that have to differ. */
  readonly suffix: string;
}

const stampOf = (now: Date): string => now.toISOString().replace(/\D/g, '').slice(0, 14);

/** Names on the server that is there, which databases of ours must not have. */
export const occupied = fact('database-names', async (host): Promise<Occupied> => {
  const cluster = await hostCluster.probe(host);
  const suffix = stampOf(host.now());
  if (cluster?.exists !== true) return { names: new Set(), begun: [], suffix };
  const begun = namesInRules((await readText(host, `${cluster.configuration}/pg_hba.conf`)) ?? '');
  const ours = new Set(begun.flatMap(({ database, user }) => [database, user]));
  try {
    const rows = await host.database.look(peer(cluster.port), (sql) =>
      sql.rows<{ name: string }>('select datname as name from pg_database union select rolname from pg_roles'),
    );
    return { names: new Set(rows.map(({ name }) => name).filter((name) => !ours.has(name))), begun, suffix };
  } catch {
    return { names: new Set(), begun, suffix };
  }
});

/** Settings whose values decide what is written: those that the engine has needs about, and where the server listens. */
const asked: readonly string[] = [...needNames, 'listen_addresses'];

/** What the server that is there says of them; nothing where there is none. */
export const serverValues = fact('database-server-values', async (host): Promise<ReadonlyMap<string, string>> => {
  const cluster = await hostCluster.probe(host);
  if (cluster?.exists !== true) return new Map();
  try {
    const rows = await host.database.look(peer(cluster.port), (sql) =>
      sql.rows<{ name: string; setting: string }>('select name, setting, unit from pg_settings where name = any($1)', [asked]),
    );
    return new Map(rows.map(({ name, setting }) => [name, setting]));
  } catch {
    return configuredValues(host, cluster);
  }
});

/** The same of a server that does not run, from its configuration; sizes in kB, as the running one tells them. */
async function configuredValues(host: HostReader, { configuration }: HostCluster): Promise<ReadonlyMap<string, string>> {
  const said = await settingsText(host, configuration);
  const factors: Readonly<Record<string, number>> = { '': 1, kB: 1, MB: 1024, GB: 1024 ** 2, TB: 1024 ** 3 };
  return new Map(
    asked.flatMap((name) => {
      const plain = valueOf(said, name);
      if (!needNames.includes(name)) return plain === undefined ? [] : [[name, plain] as const];
      const [, number = '', unit = ''] = /^(\d+(?:\.\d+)?)\s*(kB|MB|GB|TB)?$/.exec(plain ?? '') ?? [];
      return number === '' ? [] : [[name, String(Number(number) * (factors[unit] ?? 1))] as const];
    }),
  );
}
