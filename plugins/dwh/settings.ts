import { type DatabaseAddress, type Setting, type Stop, type View, choice, fact, message, readText, setting, text, yesNo } from '#kit';
import {
  addressElsewhere,
  databaseFields,
  engineElsewhere,
  fields as engine,
  freeName,
  isOurs,
  placeQuestions,
  valueIn,
  longEnough,
  otherVersion,
  ownPort,
  presentAddress,
  serverPort,
  warehouseElsewhere,
  warehouseOf,
} from '../database/settings.ts';
import { foreignServer } from '../../src/setup/postgres/own-server.ts';
import { newestVersion } from '../../src/setup/render/shipped.ts';
import { engineHere, postInstall } from '../engine/settings.ts';
import { dwh, dwhHere, paths, unit } from './component.ts';

export { dwh, dwhAlone, dwhHere, paths, unit } from './component.ts';

/** It has to stand still while the databases that it works on are changed. */
export const stop: Stop = { unit, title: 'Stopping dwh service' };

/** The way into the history database that an earlier run has configured. */
export const present = fact('dwh-database-present', async (host) => {
  const configuration = (await readText(host, paths.fragment('10-setup-database.conf'))) ?? '';
  const port = valueIn(configuration, 'DWH_DB_PORT');
  return {
    name: valueIn(configuration, 'DWH_DB_DATABASE'),
    /** Whether somebody else runs its server. */
    foreign: configuration.includes(foreignServer),
    host: valueIn(configuration, 'DWH_DB_HOST'),
    port: port === undefined ? undefined : Number(port),
    user: valueIn(configuration, 'DWH_DB_USER'),
    password: valueIn(configuration, 'DWH_DB_PASSWORD'),
    secured: valueIn(configuration, 'DWH_DB_SECURED') === 'True',
    validated: valueIn(configuration, 'DWH_DB_SECURED_VALIDATION') === 'True',
  };
});

const wanted = (view: View): boolean => view.get(dwh);
/** Whether an earlier run has installed it. */
export const installedBefore = fact('dwh-installed', async (host) =>
  ((await readText(host, postInstall)) ?? '').includes(`${dwh.key}=bool:True`),
);

/** Whether its service is to run on this host, or may run here since an earlier run. */
export const mayRun = (view: View): boolean => dwhHere(view) || view.fact(present).name !== undefined;

/** The history database is not there yet, and this run is to make it. */
const isNew = (view: View): boolean => view.fact(present).name === undefined && !view.fact(installedBefore);

export const places = placeQuestions({
  prefix: 'OVESETUP_DWH_PROVISIONING',
  title: 'DWH',
  word: 'DWH',
  wanted: (view) => wanted(view) && isNew(view),
});

/** Whether setup makes the history database, now or in an earlier run. */
export const historyIsOurs = (view: View): boolean => view.find(places.provisioning) ?? !view.fact(present).foreign;

/** Whether it stands on the server that setup runs on this host. */
export const historyOnHost = (view: View): boolean => dwhHere(view) && historyIsOurs(view);

/** Whether setup runs a server of PostgreSQL on this host: for the engine's database, for the history, or for both. */
export const serverHere = (view: View): boolean => isOurs(view) || historyOnHost(view);

/** The port of the server of this host, where setup makes the history there. */
function portOfServer(view: View): number | undefined {
  if (view.find(places.provisioning) !== true) return undefined;
  return ownPort(view) ?? view.peek(engine.port) ?? 15_432;
}

const byHand = (view: View): boolean => wanted(view) && isNew(view) && view.find(places.provisioning) === false;
/** Somebody else has made it, and an earlier run was told where. */
const known = (view: View): boolean => view.fact(present).name !== undefined && view.fact(present).foreign;
const told = (view: View): boolean => byHand(view) || (wanted(view) && known(view));
const usual = 'ovirt_engine_history';

/** The port of a history that is there. Where setup has made it, it moves with the server of the engine's database. */
const presentPort = (view: View): number | undefined =>
  known(view) ? view.fact(present).port : ((isOurs(view) ? view.peek(engine.port) : ownPort(view)) ?? view.fact(present).port);

export const fields = databaseFields({
  prefix: 'OVESETUP_DWH_DB',
  questions: 'OVESETUP_DWH_DB',
  title: 'DWH',
  usual,
  wanted,
  byHand,
  local: (view) => view.find(places.location) === 'local',
  newest: () => newestVersion('src/services/dwh/schema'),
  host: { settled: (view) => view.fact(present).host },
  port: {
    // One server on this host, one port.
    initial: (view) => portOfServer(view) ?? view.fact(present).port ?? 5432,
    settled: (view) => (view.fact(present).name === undefined ? undefined : presentPort(view)),
    validate(value, view) {
      const wanted = portOfServer(view);
      if (wanted === undefined || value === wanted) return undefined;
      return isOurs(view)
        ? message`Both databases are on the server of this host, which has port ${wanted}`
        : message`The server of this host, which the history is on, has port ${wanted}`;
    },
  },
  // Names of a database that setup makes are settled when it is made.
  secured: { when: told, settled: (view) => (known(view) ? view.fact(present).secured : undefined) },
  validated: { when: told, settled: (view) => (known(view) ? view.fact(present).validated : undefined) },
  name: { when: told, settled: (view) => view.fact(present).name },
  user: { when: told, settled: (view) => view.fact(present).user },
  password: {
    when: dwhHere,
    initial: (view, reader) =>
      view.fact(present).password ?? (historyIsOurs(view) ? reader.crypto.random(16).toString('base64url') : undefined),
    // The password of somebody else's server is as it is.
    validate: (value, view) => (historyIsOurs(view) ? longEnough(value) : undefined),
  },
});

/** The data warehouse's own way into the history. */
export function historyDatabase(view: View): DatabaseAddress {
  if (!historyIsOurs(view)) return fields.address(view);
  const { name = freeName(view, usual), user = freeName(view, usual) } = view.fact(present);
  // The server of this host, wherever that listens now.
  return { host: 'localhost', port: serverPort(view), name, user, password: view.get(fields.password) };
}

export const performBackup = setting({
  key: 'OVESETUP_DWH_DB/performBackup',
  section: 'database',
  kind: yesNo,
  about: 'Keeps a copy of the history database before its schema is changed. Without one a failed upgrade cannot be taken back.',
  ask: {
    name: 'OVESETUP_DWH_PERFORM_BACKUP',
    text: 'Would you like to backup the existing database before upgrading it?',
    notes: ['The history database can be large: a copy of it may take long, and needs as much room again.'],
  },
  preview: 'Backup DWH database',
  // An upgrade of PostgreSQL keeps all old data until it has succeeded.
  when: (view) => wanted(view) && view.fact(present).name !== undefined && view.fact(otherVersion) === undefined,
  initial: true,
  validate: (value) =>
    value
      ? undefined
      : {
          id: 'OVESETUP_DWH_VERIFY_NO_BACKUP',
          doubt: 'Without a backup the history database cannot be brought back if its upgrade fails',
          question: 'Are you sure you do not want to backup the DWH database?',
          acceptedWhenGiven: true,
        },
});

export const vacuum = setting({
  key: 'OVESETUP_DB/dwhVacuumFull',
  section: 'database',
  kind: yesNo,
  about: 'Rewrites the whole history database, which gives its unused space back to the disk. It takes long for a large one.',
  ask: {
    name: 'DWH_VACUUM_FULL',
    text: 'Would you like to run a full vacuum on the Data Warehouse database?',
    notes: [
      'Setup can run a full vacuum on the history database. It reduces the size of the database and can make it quicker,',
      'but it takes time, and needs as much free space on the disk as the database itself.',
    ],
  },
  when: (view) => wanted(view) && view.fact(present).name !== undefined,
  remember: false,
  initial: false,
});

/** Identity of the data warehouse on this host, as setup wrote it. */
export const ownIdentity = fact(
  'dwh-identity',
  async (host) => /^DWH_UUID="?([\w-]+)"?$/m.exec((await readText(host, paths.fragment('10-setup-uuid.conf'))) ?? '')?.[1],
);

/** A random UUID (RFC 9562, version 4). */
function newUuid(random: Buffer): string {
  const bytes = Buffer.from(random);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x40, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

export const identity: Setting<string> = setting({
  key: 'OVESETUP_DWH_CONFIG/uuid',
  section: 'misc',
  kind: text,
  about: 'Tells this data warehouse from every other: an engine works with one only. Made up once, and kept.',
  remember: false,
  when: dwhHere,
  settled: (view) => view.fact(ownIdentity),
  initial: (_view, reader) => newUuid(reader.crypto.random(16)),
  validate: (value) =>
    /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/.test(value) ? undefined : message`"${value}" is not a UUID in small letters`,
});

/** The host of another data warehouse that the engine's database belongs to, of an engine that is known; undefined where there is none. */
export const otherWarehouse = fact('other-warehouse', async (host) => {
  const elsewhere = await engineElsewhere.probe(host);
  const at = (await presentAddress(host)) ?? (elsewhere === undefined ? undefined : addressElsewhere(elsewhere));
  return at === undefined ? undefined : warehouseOf(host, at, await ownIdentity.probe(host));
});

/** The same also of an engine that this run has just been told of. */
export const otherHost = (view: View): string | undefined => view.fact(otherWarehouse) ?? view.find(warehouseElsewhere);

export const disconnectExisting = setting({
  key: 'OVESETUP_DWH_DB/disconnectExistingDwh',
  section: 'misc',
  kind: yesNo,
  about: 'Takes the engine away for good from the data warehouse of another host, which would otherwise go on to fill its own history.',
  ask: {
    name: 'OVESETUP_DWH_DISCONNECT_EXISTING',
    text: 'Do you want to permanently disconnect this DWH from the engine?',
    notes: (view) => [
      message`The engine has a Data Warehouse already, on ${otherHost(view) ?? ''}. It can have only one.`,
      'The history that the other one has stays there.',
    ],
  },
  remember: false,
  when: (view) => wanted(view) && otherHost(view) !== undefined,
  initial: false,
  validate: (value) => (value ? undefined : { ends: 'The engine keeps the Data Warehouse that it has; configure none on this host' }),
});

export const scale = setting({
  key: 'OVESETUP_DWH_CONFIG/scale',
  section: 'misc',
  kind: choice('1', '2'),
  about: 'How much history is kept. 1: samples of a day, hours of a month, no days. 2: hours of two months and days of five years.',
  ask: {
    name: 'OVESETUP_DWH_SCALE',
    text: '',
    notes: ['Please choose Data Warehouse sampling scale:', '(1) Basic', '(2) Full'],
  },
  keep: true,
  when: wanted,
  initial: (view) => (engineHere(view) ? '1' : '2'),
});
