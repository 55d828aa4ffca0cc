import { type DatabaseAddress, type Setting, type Text, type View, choice, decision, fact, list, message, setting, text } from '#kit';
import { minimumLength } from '../../src/setup/pki/password-limits.ts';
import { certificatesPem } from '../../src/setup/pki/pem-kinds.ts';
import { newestVersion } from '../../src/setup/render/shipped.ts';
import { dwh, dwhAlone } from '../dwh/component.ts';
import { isWholeHost, sandbox } from '../environment/settings.ts';
import { engineHere } from '../engine/settings.ts';
import { httpsPort } from '../network/settings.ts';
import { clientFlaw } from './clients.ts';
import { databaseFields } from './fields.ts';
import { type HostCluster, hostCluster, occupied, peer } from './host-cluster.ts';
import { engineElsewhere, present } from './present.ts';
import { trialUnit } from './trial-places.ts';

export { type Fields, databaseFields } from './fields.ts';
export { otherVersion } from './other-version.ts';
export { ownership, warehouseOf } from './ownership.ts';
export { addressElsewhere, engineElsewhere, present, presentAddress, valueIn } from './present.ts';
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

/** Whether the server of the engine's database is ours to run on this host: setup makes it now, or has made it. */
export const isOurs = (view: View): boolean => engineHere(view) && (view.find(provisioning) ?? !view.fact(present).foreign);

/** The engine's database as an earlier run was told of it. */
function known(view: View): { readonly host: string | undefined; readonly secured: boolean; readonly validated: boolean } | undefined {
  if (!engineHere(view)) return view.fact(engineElsewhere);
  return isNew(view) ? undefined : view.fact(present);
}

/** Somebody else has made it, and nobody has said yet where. */
const isUntold = (view: View): boolean => known(view) === undefined && !isOurs(view);

/** Who vouches for the database of an engine on another host. Where the wizard gets there, it finds that out. */
export const authority = setting({
  key: 'OVESETUP_DB/authority',
  section: 'database',
  kind: certificatesPem,
  about:
    'Certificates in PEM of authorities that are trusted for the database of an engine on another host, beside those that the system trusts: the internal CA of that engine, `ca.pem`.',
  when: dwhAlone,
  initial: (view) => view.fact(engineElsewhere)?.authority,
});

/** The data warehouse of another host that the engine belongs to, as its database says. */
export const warehouseElsewhere = setting({
  key: 'OVESETUP_DWH_DB/existingDwhHost',
  section: 'database',
  kind: text,
  about: 'Host of the Data Warehouse that an engine on another host belongs to already. Setup finds that out itself.',
  remember: false,
  when: dwhAlone,
});

export const fields = databaseFields({
  prefix: 'OVESETUP_DB',
  questions: 'OVESETUP_ENGINE_DB',
  title: 'Engine',
  usual: 'engine',
  wanted: (view) => engineHere(view) || dwhAlone(view),
  byHand: isUntold,
  local: (view) => view.find(location) === 'local',
  newest: () => newestVersion('src/services/engine/schema/engine'),
  elsewhere: { is: dwhAlone, authority: (view) => view.find(authority), learns: warehouseElsewhere },
  host: { settled: (view) => known(view)?.host },
  secured: { settled: (view) => known(view)?.secured },
  validated: { settled: (view) => known(view)?.validated },
  port: {
    initial: (view) => (dwhAlone(view) ? 5432 : (view.fact(hostCluster)?.port ?? 15432)),
    // The cluster of a whole host keeps its port: others may use it, too.
    settled: (view) =>
      isOurs(view) && view.fact(hostCluster)?.exists === true
        ? view.fact(hostCluster)?.port
        : dwhAlone(view)
          ? view.fact(engineElsewhere)?.port
          : undefined,
    validate: (value, view) =>
      isOurs(view) && value === view.get(httpsPort) ? message`Port ${value} is wanted for HTTPS already` : undefined,
  },
  // Another name would mean another, empty database beside the one that is in use.
  name: {
    settled: (view) => (engineHere(view) ? view.fact(present).name : view.fact(engineElsewhere)?.name),
    initial: (view) => (isOurs(view) ? freeName(view, 'engine') : 'engine'),
  },
  user: {
    settled: (view) => (engineHere(view) ? view.fact(present).user : view.fact(engineElsewhere)?.user),
    initial: (view) => (isOurs(view) ? freeName(view, 'engine') : 'engine'),
  },
  password: {
    initial: (view, reader) =>
      engineHere(view)
        ? (view.fact(present).password ?? (isOurs(view) ? reader.crypto.random(16).toString('base64url') : undefined))
        : view.fact(engineElsewhere)?.password,
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
  when: (view) => isOurs(view) && view.fact(sandbox),
  // A server that is there has its password: setup would lock itself out with another one.
  settled: (view) => (view.fact(present).cluster ? view.fact(present).adminPassword : undefined),
  initial: (view, reader) => view.fact(present).adminPassword ?? reader.crypto.random(16).toString('base64url'),
  validate: longEnough,
});

/** Hosts that reach the engine's database over the network. A data warehouse on a host of its own does. */
export const clients = setting({
  key: 'OVESETUP_DB/clients',
  section: 'database',
  kind: list,
  about:
    "Hosts that may reach the engine's database over the network, with TLS and the password of its role: names, addresses and networks such as 192.0.2.0/24, with commas between. Empty: none, and the server listens to this host alone.",
  ask: {
    name: 'OVESETUP_ENGINE_DB_CLIENTS',
    text: 'Host of the Data Warehouse, or nothing',
    notes: [
      'A Data Warehouse on another host has to reach the Engine database. Setup can open the server to that host,',
      'with TLS, under the name or the address that it comes from. Nothing: no other host gets in.',
    ],
    showsInitial: false,
  },
  keep: true,
  when: (view) => isWholeHost(view) && isOurs(view) && view.find(dwh) === false,
  initial: [],
  async validate(value, _view, host) {
    const flaws = await Promise.all(value.map((one) => clientFlaw(one, host)));
    return flaws.find((flaw) => flaw !== undefined);
  },
});

/** Whether the server of this host is open to others. */
export const isReachable = (view: View): boolean => (view.find(clients) ?? []).length > 0;

/** The engine's own way into its database. */
export const engineDatabase = (view: View): DatabaseAddress => fields.address(view);

/** The port of the server that setup runs on this host. */
export const serverPort = (view: View): number => (isOurs(view) ? view.get(port) : whole(view).port);

/** The administrator's way into that server. */
export function serverAdministration(view: View): DatabaseAddress {
  if (isWholeHost(view)) return peer(serverPort(view));
  return { ...engineDatabase(view), name: 'postgres', user: 'postgres', password: view.get(adminPassword) };
}

/** The same for the server of the engine's database; where that is not ours, the owner of the database has to do. */
export const administration = (view: View): DatabaseAddress => (isOurs(view) ? serverAdministration(view) : engineDatabase(view));
