import { type Step, type View, message } from '#kit';
import { schema, vacuumed } from '#steps';
import { shippedMigrations } from '../../src/setup/render/shipped.ts';
import { serverAdministration } from '../database/settings.ts';
import { historyDatabase, historyIsOurs, performBackup, stop, unit, vacuum } from './settings.ts';

/** The schema of the history, and its vacuum if somebody asked for one. */
export function historySchema(view: View): readonly Step[] {
  const at = historyDatabase(view);
  const ours = historyIsOurs(view);
  return [
    schema(
      {
        id: 'dwh/schema',
        chapter: 'dwh.schema',
        title: 'Creating/refreshing DWH database schema',
        needs: ours ? ['dwh/database'] : [],
        // On a server of somebody else's it does not go with a cluster that this run makes.
        inside: ours ? ['database/initdb', 'dwh/database'] : [],
        stops: [stop],
        notify: [unit],
      },
      {
        at,
        admin: ours ? serverAdministration(view) : at,
        schema: 'public',
        migrations: shippedMigrations('src/services/dwh/schema'),
        copies: view.find(performBackup) ?? true,
      },
    ),
    ...(view.find(vacuum) === true
      ? [
          vacuumed(
            {
              id: 'dwh/vacuum',
              chapter: 'dwh.schema',
              title: 'Running full vacuum on the history database',
              needs: ['dwh/schema'],
              // It locks every table in turn: the service would only wait.
              stops: [stop],
              notify: [unit],
            },
            { at, note: message`${at.name}` },
          ),
        ]
      : []),
  ];
}
