import type { Database } from '../frame/database.ts';

/** How an engine stands to data warehouses, as its database tells. */
export interface EngineSide {
  /** The installation it belongs to, and the host of that; null where setup has written none. */
  readonly owner: string | null;
  readonly ownerHost: string | null;
  readonly running: boolean;
  /** Seconds since its last heartbeat, by the clock of its database; null if there never was one. */
  readonly silentSeconds: number | null;
  readonly heartbeatSeconds: number;
  /** Somebody asks the warehouse to end. */
  readonly disconnect: boolean;
  /** The oldest generation of warehouses that understands its views: `4.5.0`. */
  readonly minimalVersion: string;
}

/** Looks how the engine is. */
export async function lookAtEngine(engine: Database): Promise<EngineSide> {
  const [row] = await engine.query<EngineSide>(
    `with option as (select option_name as name, option_value as value from vdc_options where version = 'general')
     select
       max(nullif(var_value, '')) filter (where var_name = 'dwhUuid') as "owner",
       max(nullif(var_value, '')) filter (where var_name = 'dwhHostname') as "ownerHost",
       coalesce(bool_or(var_value = '1') filter (where var_name = 'DwhCurrentlyRunning'), false) as "running",
       extract(epoch from now() - max(var_datetime) filter (where var_name = 'heartBeat'))::float8 as "silentSeconds",
       coalesce((select value::float8 from option where name = 'DwhHeartBeatInterval'), 15) as "heartbeatSeconds",
       coalesce((select value = '1' from option where name = 'DisconnectDwh'), false) as "disconnect",
       coalesce((select value from option where name = 'MinimalETLVersion'), '') as "minimalVersion"
     from dwh_history_timekeeping`,
  );
  if (row === undefined) throw new Error("the engine's database tells nothing of data warehouses");
  return row;
}

/** Beats that may be missed before an engine counts as down. */
const missedBeats = 4;

/** Whether the engine runs: it has beaten not long ago. */
export const isAlive = ({ silentSeconds, heartbeatSeconds }: EngineSide): boolean =>
  silentSeconds !== null && silentSeconds <= heartbeatSeconds * missedBeats;

/** The generation of views that this warehouse reads. */
export const generation = '4.5.0';

/** Why a warehouse may not work for this engine; null if it may. */
export function refusal({ owner, ownerHost, minimalVersion }: EngineSide, uuid: string): string | null {
  if (owner === null) return 'the engine belongs to no data warehouse: run engine-setup on this host';
  if (owner !== uuid) {
    const where = ownerHost === null ? '' : ` on ${ownerHost}`;
    return `the engine belongs to another data warehouse${where} (${owner}): to connect this one instead, run engine-setup on this host`;
  }
  if (isOlder(generation, minimalVersion))
    return `the engine needs a data warehouse of version ${minimalVersion} at least: update this host`;
  return null;
}

/** Compares versions number by number. What is no number counts as 0. */
export function isOlder(version: string, than: string): boolean {
  const numbers = (text: string): number[] => text.split('.').map((part) => Number.parseInt(part, 10) || 0);
  const [a, b] = [numbers(version), numbers(than)];
  for (let at = 0; at < Math.max(a.length, b.length); at++) {
    const difference = (a[at] ?? 0) - (b[at] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}

/** Writes down whether a warehouse works for this engine, if the engine belongs to it. */
export async function setRunning(engine: Database, uuid: string, running: boolean): Promise<void> {
  await engine.query(
    `update dwh_history_timekeeping set var_value = $2
     where var_name = 'DwhCurrentlyRunning' and var_value is distinct from $2
       and exists (select from dwh_history_timekeeping where var_name = 'dwhUuid' and var_value = $1)`,
    [uuid, running ? '1' : '0'],
  );
}

/** Writes down when the engine was sampled last, and that its configuration was copied then. */
export async function setSampled(engine: Database, at: Date): Promise<void> {
  await engine.query(
    `update dwh_history_timekeeping
     set var_datetime = case when var_name = 'timesFailed' then var_datetime else $1 end,
       var_value = case when var_name = 'timesFailed' then '0' else var_value end
     where var_name in ('lastSampling', 'lastSync', 'lastFullHostCheck', 'timesFailed')`,
    [at],
  );
}

/** Events of a warehouse, under the numbers that users and tools look for. */
const events = {
  started: { type: 9700, name: 'DWH_STARTED', severity: 0, text: 'ETL Service Started' },
  stopped: { type: 9701, name: 'DWH_STOPPED', severity: 0, text: 'ETL Service Stopped' },
} as const;

/** Adds an event to the engine's audit log. */
export async function tellEngine(engine: Database, event: keyof typeof events): Promise<void> {
  const { type, name, severity, text } = events[event];
  await engine.query('insert into audit_log (log_time, log_type, log_type_name, severity, message) values (now(), $1, $2, $3, $4)', [
    type,
    name,
    severity,
    text,
  ]);
}

/** Counts a failure, and adds an event about it unless there was one within the given time. */
export async function tellFailure(engine: Database, what: string, quietMs: number): Promise<void> {
  await engine.query(
    `with counted as (
       update dwh_history_timekeeping set var_value = (coalesce(nullif(var_value, ''), '0')::bigint + 1)::text where var_name = 'timesFailed'
     ), told as (
       update dwh_history_timekeeping set var_datetime = now()
       where var_name = 'lastErrorSent' and (var_datetime is null or var_datetime <= now() - $2 * interval '1 millisecond')
       returning 1
     )
     insert into audit_log (log_time, log_type, log_type_name, severity, message)
     select now(), 9704, 'DWH_ERROR', 2, $1 from told`,
    [`The data warehouse failed: ${what}`.slice(0, 1_000), quietMs],
  );
}
