import {
  type DatabaseAddress,
  type HostReader,
  type Setting,
  type Text,
  type View,
  choice,
  decision,
  fact,
  message,
  readText,
  setting,
  text,
} from '#kit';
import { minimumLength } from '../../src/setup/pki/password-limits.ts';
import { foreignServer } from '../../src/setup/postgres/own-server.ts';
import { newestVersion } from '../../src/setup/render/shipped.ts';
import { isWholeHost, sandbox } from '../environment/settings.ts';
import { engineHere } from '../engine/settings.ts';
import { httpsPort } from '../network/settings.ts';
import { databaseFields } from './fields.ts';
import { type HostCluster, hostCluster, occupied, peer } from './host-cluster.ts';
import { paths, trialUnit, trialVersion } from './trial-places.ts';

export { type Fields, databaseFields } from './fields.ts';
export { otherVersion } from './other-version.ts';
export { paths, trialUnit, trialVersion } from './trial-places.ts';

/** The cluster of a whole host. Throws in a trial, which has none. */
export function whole(view: View): HostCluster {
  const found = view.fact(hostCluster);
  if (found === undefined) throw new Error('a trial has a server of its own');
  return found;
}

/** Whether something of this name on the server can only be somebody else's: no run of ours has said that it makes it. */
export const isUnclaimed = (view: View, name: string): boolean =>
  view.fact(hostCluster)?.exists === true && !view.fact(occupied).begun.some(({ database }) => database === name);

/** The port of the cluster of a whole host. */
export const ownPort = (view: View): number | undefined => view.fact(hostCluster)?.port;

/** The unit of the server that our databases are on. */
export const serverUnit = (view: View): string => view.fact(hostCluster)?.unit ?? trialUnit;

/**
 * The name for a database and its role: the usual one, or one that an interrupted run has chosen already. Where the server has something
 * of that name that is not ours, it gets the time behind it. A server that does not run cannot be asked: then it is found out on the way.
 */
export function freeName(view: View, usual: string): string {
  const { names, begun, suffix } = view.fact(occupied);
  const known = begun.find(({ database }) => database === usual || new RegExp(`^${usual}_\\d{14}$`).test(database));
  if (known !== undefined) return known.database;
  return names.has(usual) ? `${usual}_${suffix}` : usual;
}

export const longEnough = (value: string): Text | undefined =>
  value.length < minimumLength ? message`The database password is shorter than ${minimumLength} characters` : undefined;

/** One value of a service's configuration as setup wrote it. */
export const valueIn = (configuration: string, key: string): string | undefined =>
  new RegExp(`^${key}="((?:[^"\\\\]|\\\\.)*)"$`, 'm').exec(configuration)?.[1]?.replace(/\\(.)/g, '$1');

/** The way into the database that an earlier run has configured, and whether the cluster is still there. */
export const present = fact('database-present', async (host) => {
  const configuration = (await readText(host, paths.engineConfiguration)) ?? '';
  return {
    // The server's own word: it runs before the engine is configured.
    port: /^port = '(\d+)'$/m.exec((await readText(host, `${paths.data}/postgresql.conf`)) ?? '')?.[1],
    /** Whether somebody else runs the server: it is not there below our paths, and its place stays what it was. */
    foreign: configuration.includes(foreignServer),
    host: valueIn(configuration, 'ENGINE_DB_HOST'),
    enginePort: valueIn(configuration, 'ENGINE_DB_PORT'),
    secured: valueIn(configuration, 'ENGINE_DB_SECURED') === 'True',
    validated: valueIn(configuration, 'ENGINE_DB_SECURED_VALIDATION') === 'True',
    name: valueIn(configuration, 'ENGINE_DB_DATABASE'),
    user: valueIn(configuration, 'ENGINE_DB_USER'),
    password: valueIn(configuration, 'ENGINE_DB_PASSWORD'),
    adminPassword: (await readText(host, paths.adminPassword))?.trim(),
    cluster: (await hostCluster.probe(host))?.exists ?? (await trialVersion(host)) !== undefined,
    /** Something lies where our cluster would: another cluster, or what is left of one. */
    occupied: (await host.files.list(paths.data)).length > 0,
  };
});

/** The engine's way into the database that an earlier run has configured; undefined where it has configured none. */
export async function presentAddress(host: HostReader): Promise<DatabaseAddress | undefined> {
  const { host: server = 'localhost', enginePort, name, user, password, secured, validated } = await present.probe(host);
  if (name === undefined || user === undefined || password === undefined) return undefined;
  const tls = secured ? { tls: validated ? ('verified' as const) : ('required' as const) } : {};
  return { host: server, port: Number(enginePort ?? 5432), name, user, password, ...tls };
}

/** How to run PostgreSQL's programs here. */
export const programs = fact('postgres-programs', (host) => host.postgres());

/** The engine's database is not there yet. */
const isNew = (view: View): boolean => view.fact(present).name === undefined;

/** Where a database is, and whether setup makes it: two questions that each database has. */
export function placeQuestions(on: {
  readonly prefix: string;
  readonly title: string;
  readonly word: string;
  readonly wanted: (view: View) => boolean;
}): { readonly location: Setting<'local' | 'remote'>; readonly provisioning: Setting<boolean> } {
  const { prefix, title, word, wanted } = on;
  const location = setting({
    key: `${prefix}/postgresLocation`,
    section: 'database',
    kind: choice('Local', 'Remote'),
    about: message`Whether the ${title} database is on this host or on another one.`,
    ask: { name: `${prefix}_POSTGRES_LOCATION`, text: message`Where is the ${title} database located?` },
    when: (view) => isWholeHost(view) && wanted(view) && !view.stated(provisioning),
    initial: 'local',
  });
  const provisioning: Setting<boolean> = setting({
    key: `${prefix}/postgresProvisioningEnabled`,
    section: 'database',
    kind: decision('Automatic', 'Manual'),
    about: message`Automatic: setup runs the PostgreSQL server of this host and makes the ${title} database. Manual: somebody else has made it.`,
    ask: {
      name: `${prefix}_POSTGRES_ENABLED`,
      text: message`Would you like Setup to automatically configure postgresql and create ${title} database, or prefer to perform that manually?`,
      notes: [
        message`Setup can configure the local postgresql server automatically for the ${word} to run. This may conflict with existing applications.`,
      ],
      when: (view) => isWholeHost(view) && view.find(location) !== 'remote',
    },
    preview: message`Configure local ${title} database`,
    when: wanted,
    initial: (view) => view.find(location) !== 'remote',
    validate: (value, view) => (value || isWholeHost(view) ? undefined : 'Below a root the database server is one of its own'),
  });
  return { location, provisioning };
}

const places = placeQuestions({
  prefix: 'OVESETUP_PROVISIONING',
  title: 'Engine',
  word: 'engine',
  wanted: (view) => engineHere(view) && isNew(view),
});
export const { location, provisioning } = places;

/** Whether the database server is ours to run: setup makes it now, or has made it. */
export const isOurs = (view: View): boolean => view.find(provisioning) ?? !view.fact(present).foreign;

/** What the configuration of an installation that is there says already. */
const unlessNew =
  <T>(pick: (found: { readonly host: string | undefined; readonly secured: boolean; readonly validated: boolean }) => T) =>
  (view: View): T | undefined =>
    isNew(view) ? undefined : pick(view.fact(present));

export const fields = databaseFields({
  prefix: 'OVESETUP_DB',
  questions: 'OVESETUP_ENGINE_DB',
  title: 'Engine',
  usual: 'engine',
  wanted: engineHere,
  byHand: (view) => isNew(view) && !isOurs(view),
  local: (view) => view.find(location) === 'local',
  newest: () => newestVersion('src/services/engine/schema/engine'),
  host: { settled: unlessNew(({ host }) => host) },
  secured: { settled: unlessNew(({ secured }) => secured) },
  validated: { settled: unlessNew(({ validated }) => validated) },
  port: {
    initial: (view) => view.fact(hostCluster)?.port ?? 15432,
    // The cluster of a whole host keeps its port: others may use it, too.
    settled: (view) => (isOurs(view) && view.fact(hostCluster)?.exists === true ? view.fact(hostCluster)?.port : undefined),
    validate: (value, view) =>
      isOurs(view) && value === view.get(httpsPort) ? message`Port ${value} is wanted for HTTPS already` : undefined,
  },
  // Another name would mean another, empty database beside the one that is in use.
  name: { settled: (view) => view.fact(present).name, initial: (view) => (isOurs(view) ? freeName(view, 'engine') : 'engine') },
  user: { settled: (view) => view.fact(present).user, initial: (view) => (isOurs(view) ? freeName(view, 'engine') : 'engine') },
  password: {
    initial: (view, reader) => view.fact(present).password ?? (isOurs(view) ? reader.crypto.random(16).toString('base64url') : undefined),
    validate: (value, view) => (isOurs(view) ? longEnough(value) : undefined),
  },
});
export const { port, name, user, password } = fields;

export const adminPassword = setting({
  key: 'OVESETUP_PROVISIONING/postgresAdminPassword',
  section: 'database',
  kind: text,
  about: 'Password of the administrator of the PostgreSQL server that setup runs; made up where none is given.',
  secret: true,
  // The administrator of a whole host needs none: the kernel vouches for root.
  when: (view) => engineHere(view) && isOurs(view) && view.fact(sandbox),
  // A server that is there has its password: setup would lock itself out with another one.
  settled: (view) => (view.fact(present).cluster ? view.fact(present).adminPassword : undefined),
  initial: (view, reader) => view.fact(present).adminPassword ?? reader.crypto.random(16).toString('base64url'),
  validate: longEnough,
});

/** The engine's own way into its database. */
export const engineDatabase = (view: View): DatabaseAddress => fields.address(view);

/** The administrator's way into the server; where the server is not ours, the owner of the database has to do. */
export function administration(view: View): DatabaseAddress {
  const own = engineDatabase(view);
  if (!isOurs(view)) return own;
  return isWholeHost(view) ? peer(own.port) : { ...own, name: 'postgres', user: 'postgres', password: view.get(adminPassword) };
}
