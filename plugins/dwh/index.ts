import { type HealthCheck, type Problem, type Step, type View, message, plugin } from '#kit';
import { absent, lookOr, retired, running, unitFile, unitPath } from '#steps';
import { engineDatabase, isOurs } from '../database/settings.ts';
import { engineHere } from '../engine/settings.ts';
import { accounts, realRoot, serviceUnit } from '../environment/settings.ts';
import { configuration } from './configuration.ts';
import { historyOnServer } from './database.ts';
import { disconnected, disowned, owned } from './ownership.ts';
import { historySchema } from './schema.ts';
import {
  besideEngine,
  disconnectExisting,
  dwh,
  dwhHere,
  fields,
  historyIsOurs,
  identity,
  installedBefore,
  otherWarehouse,
  ownIdentity,
  ownership,
  paths,
  performBackup,
  places,
  present,
  scale,
  unit,
  vacuum,
} from './settings.ts';

const service = (view: View): readonly Step[] => {
  const root = view.fact(realRoot);
  return [
    unitFile(
      { id: 'dwh/unit', chapter: 'units', title: 'Installing the unit of the Data Warehouse', quiet: true, notify: [unit] },
      serviceUnit(view, {
        unit,
        account: accounts.dwh,
        main: 'src/services/dwh/main.ts',
        options: ['--max-semi-space-size=1'],
        configuration: { DWH_CONF: paths.main },
        log: paths.log,
      }),
    ),
    running(
      {
        id: 'dwh/start',
        chapter: 'dwh.start',
        title: 'Starting dwh service',
        needs: ['dwh/10-setup-database.conf', 'dwh/unit', 'dwh/schema', 'dwh/owner'],
      },
      { unit, remedy: message`Look into ${root}${paths.log}` },
    ),
  ];
};

/** What is left of a data warehouse that was declined after it had been installed. The history stays, and the way into it. */
const farewell = (view: View): readonly Step[] => {
  const own = view.fact(ownIdentity);
  return [
    retired({ id: 'dwh/retire', chapter: 'dwh.configuration', title: 'Stopping the Data Warehouse for good', quiet: true }, unit),
    absent({ id: 'dwh/remove', chapter: 'dwh.configuration', title: 'Removing the Data Warehouse', quiet: true }, [
      paths.engineFragment,
      unitPath(unit),
    ]),
    ...(own === undefined ? [] : [disowned(view, own)]),
  ];
};

/** The service says in the engine's database that it works, and takes that back when it ends. */
const health = (view: View): HealthCheck => ({
  name: 'dwh',
  limitMs: 60_000,
  remedy: message`Look into ${view.fact(realRoot)}${paths.log}`,
  async probe(host) {
    if (!(await host.services.isActive(unit))) return message`${unit} is not running`;
    const connected = await lookOr(host, engineDatabase(view), false, async (sql) => (await ownership(sql))['DwhCurrentlyRunning'] === '1');
    return connected ? undefined : message`${unit} is not connected with the engine`;
  },
});

/** A server of our own is made for the engine's database, and the history may stand beside it. */
const withoutServer: Problem = {
  id: 'history-server',
  level: 'error',
  message: "The history database cannot be made on this host: the server of the engine's database is run by somebody else",
  remedy: message`Have it made there, and say where it is with ${places.provisioning.key}=False and OVESETUP_DWH_DB/*; or decline the Data Warehouse.`,
};

export default plugin({
  name: 'dwh',
  facts: [present, installedBefore, otherWarehouse, ownIdentity],
  settings: [dwh, places.location, places.provisioning, ...fields.all, performBackup, vacuum, scale, identity, disconnectExisting],
  preflight: (view) => Promise.resolve(dwhHere(view) && historyIsOurs(view) && !isOurs(view) ? [withoutServer] : []),
  steps(view) {
    if (dwhHere(view)) {
      return [
        ...disconnected(view),
        ...(besideEngine(view) ? historyOnServer(view) : []),
        ...historySchema(view),
        ...configuration(view),
        owned(view),
        ...service(view),
      ];
    }
    return engineHere(view) && view.fact(present).name !== undefined ? farewell(view) : [];
  },
  health: (view) => (dwhHere(view) ? [health(view)] : []),
});
