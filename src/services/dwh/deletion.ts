import type { History } from './history.ts';
import { statistics } from './statistics.ts';

export interface Keep {
  readonly samples: number;
  readonly hourly: number;
  readonly daily: number;
}

/** Rows that one statement deletes at most, so that the next sample never waits long. */
export const batch = 20_000;

/** Tables of each kind, and before when their rows are old: $1 is now, $2 the hours that they are kept. */
const kinds = [
  { kind: 'samples', tables: tablesOf('samples'), notYet: 'lastHourAggr', step: '1 hour' },
  { kind: 'hourly', tables: [...tablesOf('hourly'), 'statistics_vms_users_usage_hourly'], notYet: 'lastDayAggr', step: '1 day' },
  { kind: 'daily', tables: [...tablesOf('daily'), 'statistics_vms_users_usage_daily'], notYet: null, step: null },
] as const;

function tablesOf(kind: string): string[] {
  return statistics.map(({ name }) => `${name}_${kind}_history`);
}

/** Whether the daily deletion has yet to be done: it was not since the last time that it was this hour of the day here. */
export async function isDeletionDue(history: History, now: Date, hour: number): Promise<boolean> {
  const [row] = await history.query<{ due: boolean }>(
    `select $1::timestamptz >= turn and var_datetime < turn as due
     from history_configuration, lateral (select date_trunc('day', $1::timestamptz) + make_interval(hours => $2) as turn) today
     where var_name = 'lastDeletion'`,
    [now, hour],
  );
  return row?.due === true;
}

/**
 * Deletes one batch of rows that are older than they are kept. What is not aggregated yet stays, however old it is.
 * Returns whether nothing old is left; then the deletion counts as done.
 */
export async function deleteSome(history: History, now: Date, keep: Keep): Promise<boolean> {
  for (const { kind, tables, notYet, step } of kinds) {
    const old = `$1::timestamptz - make_interval(hours => $2)`;
    const aggregated = `(select var_datetime + interval '${step ?? ''}' from history_configuration where var_name = '${notYet ?? ''}')`;
    const limit = notYet === null ? old : `least(${old}, ${aggregated})`;
    for (const table of tables) {
      const [row] = await history.query<{ deleted: number }>(
        `with gone as (
           delete from ${table}
           where history_id in (select history_id from ${table} where history_datetime < ${limit} limit ${batch}) returning 1
         )
         select count(*)::integer as deleted from gone`,
        [now, keep[kind]],
      );
      if ((row?.deleted ?? 0) > 0) return false;
    }
  }
  await history.query(`update history_configuration set var_datetime = $1 where var_name = 'lastDeletion'`, [now]);
  return true;
}
