import { type Step, type View, message } from '#kit';
import { vacuumed } from '#steps';
import { engineDatabase } from '../database/settings.ts';
import { unit, vacuum } from './settings.ts';
import { stops } from './stops.ts';

/** Rewrites every table of the engine's database, if somebody asked for it. */
export function engineVacuum(view: View): readonly Step[] {
  if (view.find(vacuum) !== true) return [];
  const at = engineDatabase(view);
  return [
    vacuumed(
      {
        id: 'engine/vacuum',
        chapter: 'engine.schema',
        title: 'Running full vacuum on the Engine database',
        needs: ['engine/schema'],
        // It locks every table in turn: the engine would only wait.
        stops: stops(view),
        notify: [unit],
      },
      { at, note: message`${at.name}` },
    ),
  ];
}
