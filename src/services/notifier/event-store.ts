import type { Database } from '../frame/database.ts';
import { type Event, type Subject, subjects } from './event.ts';
import { keyOf, type Recipient, type Rule } from './filter.ts';

/** What became of an event for one recipient so far. */
export interface Past {
  readonly sent: boolean;
  readonly refusals: number;
}

/** Events and what people have been told of them, in the engine's database. Every member throws what the database does. */
export interface EventStore {
  /** Leaves out for good what happened before a moment, unless a notifier has looked within the last day: then this is but a restart. */
  skipBefore(moment: Date): Promise<void>;
  /** Notes that a notifier looks at the events now. */
  looking(): Promise<void>;
  /** Subscriptions of users, as rules. */
  subscriptions(): Promise<readonly Rule[]>;
  /** Events behind a number that are not done, oldest first. */
  pending(behind: string, limit: number): Promise<readonly Event[]>;
  /** What became of events, by `historyKey`. */
  history(ids: readonly string[]): Promise<ReadonlyMap<string, Past>>;
  /** Notes that an event was sent, or with a reason that it was refused. */
  record(event: Event, recipient: Recipient, reason: string | null): Promise<void>;
  /** These events are done: they are never looked at again. */
  finish(ids: readonly string[]): Promise<void>;
  forget(days: number): Promise<void>;
}

/** The row of `external_variable` that says when a notifier has looked last. */
const lastLook = 'engine-notifier-heartbeat';

export const historyKey = (id: string, recipient: Recipient): string => `${id} ${keyOf(recipient)}`;

interface EventRow extends Omit<Event, 'about'> {
  /** The whole row: columns that a later schema has are told, too. */
  readonly row: Readonly<Record<string, unknown>>;
}

/** The store behind a database. */
export function eventStore(database: Database): EventStore {
  return {
    async skipBefore(moment) {
      await database.query(
        `update audit_log set processed = true where not processed and log_time < $1
         and not exists (select from external_variable where var_name = $2 and _update_date > now() - interval '1 day')`,
        [moment, lastLook],
      );
    },
    async looking() {
      await database.query(
        `insert into external_variable (var_name, var_value, _update_date) values ($1, now()::text, now())
         on conflict (var_name) do update set var_value = excluded.var_value, _update_date = excluded._update_date`,
        [lastLook],
      );
    },
    async subscriptions() {
      const rows = await database.query<{ event: string; transport: string; address: string }>(
        `select e.event, s.notification_method as transport, coalesce(nullif(s.method_address, ''), u.email) as address
         from event_subscriber s
         join users u on u.user_id = s.subscriber_id
         cross join lateral (
           select s.event_up_name as event
           union select m.event_down_name from event_map m where m.event_up_name = s.event_up_name
         ) e
         order by s.subscriber_id, e.event`,
      );
      return rows.map(({ event, ...recipient }) => ({ include: true, event, severity: null, recipient }));
    },
    async pending(behind, limit) {
      const rows = await database.query<EventRow>(
        `select audit_log_id::text as id, log_type_name as name, log_type as code, severity, message, log_time as time,
           exists (select from event_map where event_down_name = log_type_name) as resolves, to_jsonb(audit_log) as row
         from audit_log where not processed and audit_log_id > $1 order by audit_log_id limit $2`,
        [behind, limit],
      );
      return rows.map(({ row, ...event }) => ({ ...event, about: aboutOf(row) }));
    },
    async history(ids) {
      const rows = await database.query<{ id: string; transport: string; address: string; sent: boolean; refusals: number }>(
        `select audit_log_id::text as id, method_type as transport, method_address as address,
           bool_or(status) as sent, count(*) filter (where not status)::int as refusals
         from event_notification_hist where audit_log_id = any($1::bigint[]) group by 1, 2, 3`,
        [ids],
      );
      return new Map(rows.map(({ id, sent, refusals, ...recipient }) => [historyKey(id, recipient), { sent, refusals }]));
    },
    async record(event, { transport, address }, reason) {
      // The event itself may have become too old and be gone.
      await database.query(
        `insert into event_notification_hist (audit_log_id, event_name, method_type, method_address, status, reason)
         select audit_log_id, $2, $3, left($4, 255), $5::text is null, left($5, 255) from audit_log where audit_log_id = $1`,
        [event.id, event.name, transport, address, reason],
      );
    },
    async finish(ids) {
      if (ids.length > 0) await database.query('update audit_log set processed = true where audit_log_id = any($1::bigint[])', [ids]);
    },
    async forget(days) {
      await database.query(
        `delete from event_notification_hist h using audit_log a
         where a.audit_log_id = h.audit_log_id and a.processed and h.sent_at < now() - make_interval(days => $1)`,
        [days],
      );
    },
  };
}

const textOf = (value: unknown): string | null => (typeof value === 'string' ? value : null);

function aboutOf(row: Readonly<Record<string, unknown>>): Event['about'] {
  const found: Partial<Record<Subject, { id: string | null; name: string | null }>> = {};
  for (const subject of subjects) found[subject] = { id: textOf(row[`${subject}_id`]), name: textOf(row[`${subject}_name`]) };
  return found;
}
