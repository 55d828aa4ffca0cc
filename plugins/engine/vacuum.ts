import { type Step, type View, message } from '#kit';
import { identifier, once } from '#steps';
import { engineDatabase } from '../database/settings.ts';
import { unit, vacuum } from './settings.ts';
import { stops } from './stops.ts';

/** Rewrites every table of the engine's database, if somebody asked for it. */
export function vacuumed(view: View): readonly Step[] {
  if (view.find(vacuum) !== true) return [];
  const at = engineDatabase(view);
  return [
    once(
      {
        id: 'engine/vacuum',
        chapter: 'engine.schema',
        title: 'Running full vacuum on the Engine database',
        needs: ['engine/schema'],
        // It locks every table in turn: the engine would only wait.
        stops,
        notify: [unit],
      },
      {
        note: message`${at.name}`,
        run: (host, say) =>
          host.database.change(at, async (sql) => {
            const tables = await sql.rows<{ schema: string; name: string }>(
              'select schemaname as schema, tablename as name from pg_tables where tableowner = current_user order by 1, 2',
            );
            for (const { schema, name } of tables) {
              say(`${schema}.${name}`);
              await sql.rows(`vacuum (full, analyze) ${identifier(schema)}.${identifier(name)}`);
            }
          }),
      },
    ),
  ];
}
