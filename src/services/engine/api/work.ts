import { randomUUID } from 'node:crypto';
import type { Database } from '../../frame/database.ts';
import { badRequest, notFound, Refusal } from '../http/refusal.ts';
import type { Event, Work } from './collections/collection.ts';
import { permitName } from './collections/permits.ts';
import { Values } from './search/values.ts';

/** Who wants it. */
export interface Worker {
  readonly userId: string;
  readonly userName: string;
  readonly correlationId: string;
}

export interface Done {
  readonly id: string;
  readonly job: string;
}

const filledIn = ({ text }: Event, name: string, user: string): string => text.replaceAll('${name}', name).replaceAll('${user}', user);

/**
 * Does the work of commands: asks for the permit, changes the database, and writes the job and the event in the same statement,
 * so that nothing is ever changed without a trace, and nothing is told that did not happen.
 */
export function createWork(database: Database, now: () => number) {
  const insertEvent = (
    values: Values,
    event: Event & { readonly severity: number },
    message: string,
    worker: Worker,
    from: string,
  ): string =>
    `insert into audit_log (log_time, log_type, log_type_name, severity, message, user_id, user_name, correlation_id, job_id)
     select ${values.add(new Date(now()))}::timestamptz, ${values.add(event.code)}::integer, ${values.add(event.name)}::text, ${values.add(event.severity)}::integer,
       ${message}, ${values.add(worker.userId)}::uuid, ${values.add(worker.userName)}::text, ${values.add(worker.correlationId)}::text, j.job_id from ${from}`;

  const insertJob = (
    values: Values,
    job: string,
    event: Event,
    status: string,
    description: string,
    worker: Worker,
    from: string,
  ): string => {
    const time = values.add(new Date(now()));
    return `insert into job (job_id, action_type, description, status, owner_id, start_time, end_time, last_update_time, correlation_id)
      select ${values.add(job)}::uuid, ${values.add(event.name)}::text, ${description}, ${values.add(status)}::text, ${values.add(worker.userId)}::uuid, ${time}::timestamptz,
        ${time}::timestamptz, ${time}::timestamptz, ${values.add(worker.correlationId)}::text${from} returning job_id`;
  };

  /** The job and the event of what was done, with the name that the statement itself returns. */
  function trace(values: Values, job: string, event: Event, worker: Worker): readonly (readonly [string, string])[] {
    const said = filledIn(event, '\u0000', worker.userName).split('\u0000');
    const text = said.map((part) => `${values.add(part)}::text`).join(' || done.name || ');
    return [
      ['j', insertJob(values, job, event, 'FINISHED', text, worker, ' from done')],
      ['told', insertEvent(values, { ...event, severity: 0 }, text, worker, 'done, j')],
    ];
  }

  async function failed(work: Pick<Work, 'event' | 'name'>, worker: Worker, why: string): Promise<void> {
    const values = new Values();
    const event = { code: work.event.code + 1, name: `${work.event.name}_FAILED`, text: work.event.text, severity: 2 };
    const text = `${values.add(`Failed: ${[filledIn(work.event, work.name ?? '', worker.userName), why].filter((part) => part !== '').join(' ')}`)}::text`;
    await database.query(
      `with j as (${insertJob(values, randomUUID(), work.event, 'FAILED', text, worker, '')}) ${insertEvent(values, event, text, worker, 'j')}`,
      values.all,
    );
  }

  /** Throws a refusal (403) unless the user has the permit on anything at all. What it is asked for comes later. */
  async function needPermit(permit: number, worker: Worker): Promise<void> {
    const [found] = await database.query<{ may: boolean }>(
      `select exists (select from permissions p join roles_groups g on g.role_id = p.role_id and g.action_group_id = $2
         where p.ad_element_id in (select ad_element_id from user_and_groups($1))) as may`,
      [worker.userId, permit],
    );
    if (found?.may === true) return;
    await failed(
      { event: { code: 9900, name: 'USER_LACKS_PERMIT', text: '' } },
      worker,
      `User ${worker.userName} lacks the permit ${permitName(permit) ?? permit}.`,
    );
    throw new Refusal(403, 'The user is not authorized to perform this action.');
  }

  async function doWork(work: Work, worker: Worker): Promise<Done> {
    const [allowed] = await database.query<{ may: boolean }>('select has_permit($1, $2, $3) as may', [
      worker.userId,
      work.permit,
      work.object,
    ]);
    if (allowed?.may !== true) {
      await failed(work, worker, 'The user lacks the permission.');
      throw new Refusal(403, 'The user is not authorized to perform this action.');
    }
    const values = new Values();
    const job = randomUUID();
    const parts = work.statement(values);
    const all = [...parts, ...(work.quiet === true ? [] : trace(values, job, work.event, worker))];
    try {
      const [done] = await database.query<{ id: string }>(
        `with ${all.map(([name, sql]) => `${name} as (${sql})`).join(',\n')} select id${parts.some(([name]) => name === 'also') ? ', (select count(*) from also)' : ''} from done`,
        values.all,
      );
      if (done === undefined) throw notFound();
      return { id: done.id, job };
    } catch (error) {
      const refusal = refusalOf(error);
      if (refusal === null) throw error;
      await failed(work, worker, refusal.message);
      throw refusal;
    }
  }

  return Object.assign(doWork, { needPermit });
}

export type DoWork = ReturnType<typeof createWork>;

/** What a client is told of what the database refuses, by SQLSTATE. */
function refusalOf(error: unknown): Refusal | null {
  if (error instanceof Refusal) return error.status === 404 ? null : error;
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined;
  switch (code) {
    case 'OV409': // raised by our own triggers, with a text for people
      return new Refusal(409, (error as Error).message);
    case '23505': // unique_violation
      return new Refusal(409, 'The name is already in use.');
    case '23503': // foreign_key_violation
      return new Refusal(409, 'It is still in use.');
    case '22001': // string_data_right_truncation
      return badRequest('A text is too long.');
    case '22003': // numeric_value_out_of_range
    case '23514': // check_violation
      return badRequest('Value out of range.');
    case '23502': // not_null_violation
      return badRequest('Incomplete parameters.');
    default:
      return null;
  }
}
