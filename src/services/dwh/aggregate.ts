import { dayStatements, hourStatements } from './aggregation-sql.ts';
import type { History } from './history.ts';

/** What is to be aggregated next. Days are dates, since theirs is not always 24 hours. */
export type Due = { readonly kind: 'hour'; readonly begins: Date } | { readonly kind: 'day'; readonly begins: string };

/**
 * Finds the oldest hour or day that is over and not aggregated. A day is due once all its hours are; hours come first
 * nevertheless, since the present is looked at more often than last week.
 */
export async function nextDue(history: History, now: Date): Promise<Due | null> {
  const [row] = await history.query<{ hour: Date | null; day: string | null }>(
    `with done as (
       select
         max(var_datetime) filter (where var_name = 'lastHourAggr') as hour,
         (max(var_datetime) filter (where var_name = 'lastDayAggr'))::date as day
       from history_configuration
     )
     select
       case when hour + interval '2 hours' <= $1 then hour + interval '1 hour' end as hour,
       case when (day + 2)::timestamptz <= hour + interval '1 hour' then (day + 1)::text end as day
     from done`,
    [now],
  );
  const { hour = null, day = null } = row ?? {};
  if (hour !== null) return { kind: 'hour', begins: hour };
  return day === null ? null : { kind: 'day', begins: day };
}

/** Aggregates one hour or day and remembers that it is done, all or nothing. Doing it again changes nothing. */
export async function aggregate(history: History, { kind, begins }: Due): Promise<void> {
  const [statements, mark] = kind === 'hour' ? [hourStatements, 'lastHourAggr'] : [dayStatements, 'lastDayAggr'];
  await history.atomically(async () => {
    for (const statement of statements) await history.query(statement, [begins]);
    await history.query('update history_configuration set var_datetime = $1::timestamptz where var_name = $2', [begins, mark]);
  });
}

/**
 * Sets the marks where there are none yet: aggregation begins with the present hour and day. Marks that lie ahead are
 * taken back: a clock had been wrong, and what was sampled since would never be aggregated.
 */
export async function setMarks(history: History, now: Date): Promise<void> {
  const mark = (name: string, limit: string): Promise<unknown[]> =>
    history.query(`update history_configuration set var_datetime = least(var_datetime, ${limit}) where var_name = '${name}'`, [now]);
  await mark('lastHourAggr', `date_trunc('hour', $1::timestamptz) - interval '1 hour'`);
  await mark('lastDayAggr', `date_trunc('day', $1::timestamptz) - interval '1 day'`);
  await mark('lastDeletion', `$1::timestamptz`);
}
