import { type Entry, file, textOf } from '../../kit/host.ts';
import { distributionOf } from './distributions.ts';
import { type Machine, dataOf } from './machine.ts';

/** A row as a server answers with it. */
export type Row = Record<string, unknown>;

/** A server as far as setup asks it. It lives in a file of the cluster, so it moves, vanishes and comes back with it. */
export interface Cluster {
  adminPassword: string;
  /** Of a server on another host the password is known. */
  roles: Record<string, { verifier: string; password?: string }>;
  databases: Record<string, Database>;
}

/** A database as far as setup asks for what is in it. */
export interface Database {
  owner: string;
  /** Whether everybody may connect. */
  open: boolean;
  schemas: Record<string, { version: string }>;
  options: Record<string, string>;
  admin?: { password: string; attached: boolean };
  /** What the engine and its data warehouse tell each other. */
  timekeeping?: Record<string, string>;
  /** Programs that single sign-on knows, by their ids. */
  clients?: Record<string, Row>;
  /** Providers that the engine knows, by their names, and whether the default cluster has networks of one. */
  providers?: Record<string, Row>;
  /** Rows that violate foreign keys: how many, by key, as `schema.table.constraint`. */
  violations?: Record<string, number>;
}

/** One that nothing has been put into yet. */
export const emptyDatabase = (owner: string): Database => ({ owner, open: true, schemas: {}, options: {} });

/** The server of another host, whose disk is a part of this one's so that it is copied and compared with it. */
export const clusterElsewhere = (host: string, port: number): string => `/net/${host}:${port}/cluster.json`;

/** Where the cluster is that a port leads to: one that runs beside the usual one has its own in its unit. */
export function clusterAt(machine: Machine, port: number): { readonly path: string; readonly configuration: string | undefined } {
  const passing = [...machine.running.keys()]
    .map((unit) => textOf(machine.disk.get(`/etc/systemd/system/${unit}.service`)))
    .find((unit) => unit.includes(` -c port=${port} `));
  const data = / -D (\S+)/.exec(passing ?? '')?.[1]?.slice(machine.prefix.length);
  const unit = machine.prefix === '' ? distributionOf(machine).server.unit : 'postgresql';
  return {
    path: `${data ?? dataOf(machine)}/base/cluster.json`,
    configuration: passing === undefined ? machine.running.get(unit) : '',
  };
}

/** What initdb leaves behind, below a directory. */
export function initialize(machine: Machine, directory: string, adminPassword: string): void {
  const put = (name: string, text: string): void => void machine.disk.set(`${directory}/${name}`, file(text, 0o600));
  machine.disk.set(directory, { kind: 'directory', mode: 0o700 });
  machine.disk.set(`${directory}/base`, { kind: 'directory', mode: 0o700 });
  put('PG_VERSION', `${machine.postgresVersion}\n`);
  put('postgresql.conf', '# as initdb made it\n');
  put('pg_hba.conf', '# as initdb made it\n');
  put(
    'base/cluster.json',
    JSON.stringify({ adminPassword, roles: {}, databases: { postgres: { owner: 'postgres', open: true, schemas: {}, options: {} } } }),
  );
}

/** By name, so that what was added in another order is written alike. */
export const byName = <T extends object>(rows: T): T => Object.fromEntries(Object.entries(rows).sort(([a], [b]) => (a < b ? -1 : 1))) as T;

const clusters = new WeakMap<Entry, Cluster>();
const parsed = (entry: Entry | undefined): Cluster => JSON.parse(textOf(entry)) as Cluster;

/** The cluster that is written in a file, to look at: it is read once for all who do. */
export function clusterIn(entry: Entry | undefined): Cluster {
  const cluster = (entry && clusters.get(entry)) ?? parsed(entry);
  if (entry !== undefined) clusters.set(entry, cluster);
  return cluster;
}

/** The same to change it, of which nobody sees anything before it is written. */
export const clusterToChange = ({ disk }: Machine, path: string): Cluster => parsed(disk.get(path));

/** Writes a cluster. Two with the same databases are written alike, whatever has happened to them. */
export function writeCluster({ disk }: Machine, path: string, cluster: Cluster): void {
  const databases = Object.entries(cluster.databases).map(([name, { clients, providers, ...rest }]) => [
    name,
    { ...rest, ...(clients === undefined ? {} : { clients }), ...(providers === undefined ? {} : { providers }) },
  ]);
  disk.set(path, file(JSON.stringify({ ...cluster, databases: byName(Object.fromEntries(databases) as Cluster['databases']) }), 0o600));
}
