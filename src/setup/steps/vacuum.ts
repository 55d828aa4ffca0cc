import type { DatabaseAddress, Heading, Step, Text } from '#kit';
import { once } from './once.ts';
import { identifier } from './sql.ts';

/** Rewrites every table of a database, in this very run, as its owner. It gives unused space back to the disk. */
export const vacuumed = (heading: Heading, { at, note }: { readonly at: DatabaseAddress; readonly note: Text }): Step =>
  once(heading, {
    note,
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
  });
