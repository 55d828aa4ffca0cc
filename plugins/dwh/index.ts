import { type Step, type View, message, plugin } from '#kit';
import { absent, retired, running, unitFile, unitPath } from '#steps';
import { addressElsewhere, engineDatabase, engineElsewhere } from '../database/settings.ts';
import { engineHere } from '../engine/settings.ts';
import { accounts, realRoot, serviceUnit } from '../environment/settings.ts';
import { configuration } from './configuration.ts';
import { historyOnServer } from './database.ts';
import { elsewhere, engineIsOld } from './elsewhere.ts';
import { health } from './health.ts';
import { disconnected, disowned, owned } from './ownership.ts';
import { historySchema } from './schema.ts';
import {
  disconnectExisting,
  dwh,
  dwhHere,
  fields,
  historyIsOurs,
  identity,
  installedBefore,
  otherWarehouse,
  ownIdentity,
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
  const elsewhere = view.fact(engineElsewhere);
  const at = engineHere(view) ? engineDatabase(view) : elsewhere === undefined ? undefined : addressElsewhere(elsewhere);
  return [
    retired({ id: 'dwh/retire', chapter: 'dwh.configuration', title: 'Stopping the Data Warehouse for good', quiet: true }, unit),
    absent({ id: 'dwh/remove', chapter: 'dwh.configuration', title: 'Removing the Data Warehouse', quiet: true }, [
      paths.engineFragment,
      unitPath(unit),
    ]),
    ...(own === undefined || at === undefined ? [] : [disowned(view, at, own)]),
  ];
};

export default plugin({
  name: 'dwh',
  facts: [present, engineElsewhere, engineIsOld, installedBefore, otherWarehouse, ownIdentity],
  settings: [dwh, places.location, places.provisioning, ...fields.all, performBackup, vacuum, scale, identity, disconnectExisting],
  steps(view) {
    if (dwhHere(view)) {
      return [
        ...disconnected(view),
        ...(historyIsOurs(view) ? historyOnServer(view) : []),
        ...historySchema(view),
        ...configuration(view),
        owned(view),
        ...service(view),
      ];
    }
    return [...disconnected(view), ...(view.fact(present).name === undefined ? [] : farewell(view))];
  },
  health: (view) => (dwhHere(view) ? [health(view)] : []),
  summary: (view, host) => (engineHere(view) && !dwhHere(view) ? elsewhere(view, host) : Promise.resolve([])),
});
