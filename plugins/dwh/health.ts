import { type HealthCheck, type Sql, type View, message } from '#kit';
import { lookOr } from '#steps';
import { engineDatabase, ownership } from '../database/settings.ts';
import { engineHere } from '../engine/settings.ts';
import { realRoot } from '../environment/settings.ts';
import { paths, unit } from './settings.ts';

/** An engine beats every 15 seconds; it is down when it has missed so many. */
const missed = 4 * 15;

/** How long ago the engine gave the last sign of life, in seconds, by the clock of its database; null: never. */
async function silence(sql: Sql): Promise<number | null> {
  const [row] = await sql.rows<{ seconds: number | null }>(
    "select extract(epoch from now() - var_datetime)::float8 as seconds from dwh_history_timekeeping where var_name = 'heartBeat'",
  );
  return row?.seconds ?? null;
}

/** The service says in the engine's database that it works, and takes that back when it ends. An engine on another host has to live, too. */
export const health = (view: View): HealthCheck => ({
  name: 'dwh',
  limitMs: 60_000,
  remedy: message`Look into ${view.fact(realRoot)}${paths.log}`,
  async probe(host) {
    if (!(await host.services.isActive(unit))) return message`${unit} is not running`;
    const at = engineDatabase(view);
    if (!(await lookOr(host, at, false, async (sql) => (await ownership(sql))['DwhCurrentlyRunning'] === '1')))
      return message`${unit} is not connected with the engine`;
    if (engineHere(view)) return undefined;
    const seconds = await lookOr(host, at, null, silence);
    return seconds !== null && seconds <= missed ? undefined : message`the engine gives no sign of life, so nothing is sampled`;
  },
});
