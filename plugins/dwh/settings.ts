import { DatabaseUnavailable, type View, choice, fact, message, readText, setting, yesNo } from '#kit';
import { databaseFields, fields as engine, isOurs, placeQuestions, present as enginePresent } from '../database/settings.ts';
import { engineHere, postInstall } from '../engine/settings.ts';

/** The way into the history database that an earlier run has configured. */
export const present = fact('dwh-database-present', async (host) => {
  const path = '/etc/ovirt-engine-dwh/ovirt-engine-dwhd.conf.d/10-setup-database.conf';
  return /^DWH_DB_DATABASE="([\w]+)"$/m.exec((await readText(host, path)) ?? '')?.[1];
});

export const dwh = setting({
  key: 'OVESETUP_DWH_CORE/enable',
  section: 'product',
  kind: yesNo,
  about: 'Installs the data warehouse, which keeps the history of hosts and virtual machines.',
  ask: {
    name: 'OVESETUP_DWH_ENABLE',
    text: 'Configure Data Warehouse on this host',
    notes: (view) =>
      engineHere(view)
        ? [
            '',
            '* Please note * : Data Warehouse is required for the engine.',
            'If you choose to not configure it on this host, you have to configure',
            'it on a remote host, and then configure the engine on this host so',
            'that it can access the database of the remote Data Warehouse host.',
          ]
        : [],
  },
  preview: 'DWH installation',
  keep: true,
  optional: true,
  initial: true,
});

const wanted = (view: View): boolean => view.get(dwh);
/** Whether an earlier run has installed it. */
export const installedBefore = fact('dwh-installed', async (host) =>
  ((await readText(host, postInstall)) ?? '').includes(`${dwh.key}=bool:True`),
);

/** The history database is not there yet, and this run is to make it. */
const isNew = (view: View): boolean => view.fact(present) === undefined && !view.fact(installedBefore);

export const places = placeQuestions({
  prefix: 'OVESETUP_DWH_PROVISIONING',
  title: 'DWH',
  word: 'DWH',
  wanted: (view) => wanted(view) && isNew(view),
});

/** The port of the server of this host, where setup makes both databases there. */
const onOneServer = (view: View): number | undefined =>
  view.find(places.provisioning) === true && isOurs(view) ? (view.peek(engine.port) ?? 5432) : undefined;

const byHand = (view: View): boolean => wanted(view) && isNew(view) && view.find(places.provisioning) === false;

export const fields = databaseFields({
  prefix: 'OVESETUP_DWH_DB',
  questions: 'OVESETUP_DWH_DB',
  title: 'DWH',
  usual: 'ovirt_engine_history',
  wanted,
  byHand,
  port: {
    // One server on this host, one port.
    initial: (view) => onOneServer(view) ?? 5432,
    validate(value, view) {
      const wanted = onOneServer(view);
      return wanted === undefined || value === wanted
        ? undefined
        : message`Both databases are on the server of this host, which has port ${wanted}`;
    },
  },
  // Names and password of a database that setup makes are settled when it is made.
  secured: { when: byHand },
  validated: { when: byHand },
  name: { when: byHand },
  user: { when: byHand },
  password: { when: byHand },
});

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
  when: (view) => wanted(view) && view.fact(present) !== undefined,
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
  when: (view) => wanted(view) && view.fact(present) !== undefined,
  remember: false,
  initial: false,
});

/** Identity of the data warehouse on this host, as setup wrote it. */
const ownIdentity = /^DWH_UUID="?([\w-]+)"?$/m;

/** The host of another data warehouse that the engine's database belongs to; undefined where there is none. */
export const otherWarehouse = fact('other-warehouse', async (host) => {
  const found = await enginePresent.probe(host);
  if (found.name === undefined || found.user === undefined || found.password === undefined) return undefined;
  const own = ownIdentity.exec((await readText(host, '/etc/ovirt-engine-dwh/ovirt-engine-dwhd.conf.d/10-setup-uuid.conf')) ?? '')?.[1];
  const at = {
    host: found.host ?? 'localhost',
    port: Number(found.enginePort ?? 5432),
    name: found.name,
    user: found.user,
    password: found.password,
  };
  try {
    const rows = await host.database.look(at, (sql) =>
      sql.rows<{ name: string; value: string | null }>(
        "select var_name as name, var_value as value from dwh_history_timekeeping where var_name in ('dwhUuid', 'dwhHostname')",
      ),
    );
    const { dwhUuid = '', dwhHostname } = Object.fromEntries(rows.map(({ name, value }) => [name, value ?? ''])) as Record<
      string,
      string | undefined
    >;
    return dwhUuid === '' || dwhUuid === own ? undefined : dwhHostname || dwhUuid;
  } catch (error) {
    if (error instanceof DatabaseUnavailable) return undefined;
    throw error;
  }
});

export const disconnectExisting = setting({
  key: 'OVESETUP_DWH_DB/disconnectExistingDwh',
  section: 'misc',
  kind: yesNo,
  about: 'Takes the engine away for good from the data warehouse of another host, which would otherwise go on to fill its own history.',
  ask: {
    name: 'OVESETUP_DWH_DISCONNECT_EXISTING',
    text: 'Do you want to permanently disconnect this DWH from the engine?',
    notes: (view) => [
      message`The engine has a Data Warehouse already, on ${view.fact(otherWarehouse) ?? ''}. It can have only one.`,
      'The history that the other one has stays there.',
    ],
  },
  remember: false,
  when: (view) => wanted(view) && view.fact(otherWarehouse) !== undefined,
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
