import { randomUUID } from 'node:crypto';
import type { Database } from '../../frame/database.ts';
import { notFound, Refusal } from '../http/refusal.ts';
import { beginSql, lockConstraint } from '../commands/begin.ts';
import { eventSql, type Subjects } from '../commands/event-sql.ts';
import type { Event, Work, Worker } from './collections/collection.ts';
import { permitName } from './collections/permits.ts';
import { outOfRange, rejected } from './fault.ts';
import type { Entity } from './types.ts';
import { Values } from './search/values.ts';

export interface Done {
  readonly id: string;
  /** The job that tells of it; null where it is itself a job or an event. */
  readonly job: string | null;
  /** What it is as a step of that job. */
  readonly step: string;
  /** What else is answered; null where there was nothing to be had. */
  readonly answer: Entity | null;
}

/** Common table expressions, as they stand behind `with`. */
const named = (parts: readonly (readonly [name: string, sql: string])[]): string =>
  parts.map(([name, sql]) => `${name} as (${sql})`).join(',\n');

/** The parts of what is told of an event, between which the name stands. */
const partsOf = ({ text, more }: Event, user: string): readonly string[] => {
  const parts = text.split('${name}').map((part) => part.replaceAll('${user}', () => user));
  return more === undefined ? parts : [...parts.slice(0, -1), `${parts.at(-1) ?? ''} ${more}`];
};

/** Whether a job, called `known`, goes on: one of its commands has not ended, or one that is added begins. */
const stillRunning = `(excluded.status = 'STARTED' or exists (select from step t where t.job_id = known.job_id and t.status = 'STARTED'))`;

/** A command as its job and its step show it. */
interface Told {
  readonly event: Event;
  readonly status: 'STARTED' | 'FINISHED' | 'FAILED';
  /** How far it came: a command that was refused did not begin. */
  readonly type: 'VALIDATING' | 'EXECUTING';
  /** SQL of what people read. */
  readonly text: string;
  /** The id of the step. */
  readonly step: string;
  /** What the statement is told of, as `from`; empty where there is nothing to wait for. */
  readonly from: string;
}

/**
 * Does the work of commands: asks for the permit, changes the database, and writes the job and the event in the same statement,
 * so that nothing is ever changed without a trace, and nothing is told that did not happen.
 */
export function createWork(database: Database, now: () => number, begun: () => void) {
  const timeIn = (values: Values): string => `${values.add(new Date(now()))}::timestamptz`;

  /**
   * The job of a command and its step in it. What one user asks for with one correlation id is one job, however many commands it
   * takes: that is how clients wait for all of them. It failed if one of them did.
   */
  function insertJob(
    values: Values,
    { event, status, type, text, step, from }: Told,
    worker: Worker,
  ): readonly (readonly [string, string])[] {
    const [time, owner] = [timeIn(values), `${values.add(worker.userId)}::uuid`];
    const correlation = `${values.add(worker.correlationId)}::text`;
    const state = `${values.add(status)}::text`;
    const end = status === 'STARTED' ? 'null::timestamptz' : time;
    return [
      [
        'j',
        `insert into job as known (job_id, action_type, description, status, owner_id, start_time, end_time, last_update_time, correlation_id)
         select coalesce((select job_id from job where correlation_id = ${correlation} and owner_id = ${owner} and not is_external
             order by start_time, job_id limit 1), gen_random_uuid()),
           ${values.add(event.name)}::text, ${text}, ${state}, ${owner}, ${time}, ${end}, ${time}, ${correlation}${from}
         on conflict (job_id) do update set last_update_time = excluded.last_update_time,
           end_time = case when ${stillRunning} then null else excluded.end_time end,
           status = case when ${stillRunning} then 'STARTED' when known.status = 'FAILED' then known.status else excluded.status end
         returning job_id, description`,
      ],
      [
        's',
        `insert into step (step_id, job_id, step_type, description, step_number, status, start_time, end_time, correlation_id)
         select ${values.add(step)}::uuid, j.job_id, ${values.add(type)}::text, ${text},
           (select count(*) + 1 from step t where t.job_id = j.job_id), ${state}, ${time}, ${end}, ${correlation}
         from j${from.replace(' from ', ', ')}`,
      ],
    ];
  }

  /** The job and the event of what was done, with the name that the statement itself returns. */
  function trace(values: Values, step: string, work: Work, worker: Worker): readonly (readonly [string, string])[] {
    const { event, begins } = work;
    const text = partsOf(event, worker.userName)
      .map((part) => `${values.add(part)}::text`)
      .join(' || done.name || ');
    return [
      ...insertJob(
        values,
        { event, status: begins === undefined ? 'FINISHED' : 'STARTED', type: 'EXECUTING', text, step, from: ' from done' },
        worker,
      ),
      ...(begins === undefined ? [] : beginSql(values, begins, worker, step)),
      [
        'told',
        eventSql((value) => values.add(value), { ...event, severity: 0 }, work, worker, {
          ...{ time: timeIn(values), message: text, job: 'j.job_id', from: 'done, j', added: 'done.name' },
        }),
      ],
    ];
  }

  async function failed(
    work: Pick<Work, 'event' | 'name' | keyof Subjects>,
    worker: Worker,
    why: string,
    type: Told['type'],
  ): Promise<void> {
    const values = new Values();
    const message = `${values.add(`Failed: ${[partsOf(work.event, worker.userName).join(work.name ?? ''), why].filter((part) => part !== '').join(' ')}`)}::text`;
    const parts = insertJob(values, { event: work.event, status: 'FAILED', type, text: message, step: randomUUID(), from: '' }, worker);
    const event = { code: work.event.failed ?? work.event.code + 1, name: `${work.event.name}_FAILED`, severity: 2 };
    const told = eventSql((value) => values.add(value), event, work, worker, { time: timeIn(values), message, job: 'j.job_id', from: 'j' });
    await database.query(`with ${named(parts)} ${told}`, values.all);
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
      'VALIDATING',
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
      await failed(work, worker, 'The user lacks the permission.', 'VALIDATING');
      throw new Refusal(403, 'The user is not authorized to perform this action.');
    }
    const values = new Values();
    const step = randomUUID();
    try {
      const answer = (await work.first?.()) ?? (work.first === undefined ? {} : null);
      if (answer === null) return { id: work.object, job: null, step, answer };
      const parts = work.statement(values);
      const traced = work.quiet !== true;
      const all = [...parts, ...(traced ? trace(values, step, work, worker) : [])];
      // A part that only selects is run only where something refers to it.
      const also = parts.some(([name]) => name === 'also') ? ', (select count(*) from also)' : '';
      const [done] = await database.query<{ id: string; job: string | null }>(
        `with ${named(all)} select id, ${traced ? '(select job_id::text from j)' : 'null'} as job${also} from done`,
        values.all,
      );
      if (done === undefined) throw work.otherwise?.() ?? notFound();
      if (work.begins !== undefined) begun();
      return { id: done.id, job: done.job, step, answer };
    } catch (error) {
      const refusal = refusalOf(error);
      if (refusal === null) throw error;
      await failed(work, worker, refusal.message, 'EXECUTING');
      throw refusal;
    }
  }

  return Object.assign(doWork, { needPermit });
}

const detailOf = (error: unknown): string => (error instanceof Error && 'detail' in error ? String(error.detail) : '');

/** What a client is told of what the database refuses, by SQLSTATE. */
function refusalOf(error: unknown): Refusal | null {
  if (error instanceof Refusal) return error.status === 404 ? null : error;
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined;
  switch (code) {
    case 'OV409': // raised by our own triggers, with a text for people
      return new Refusal(409, (error as Error).message);
    case '23505': // unique_violation
      if (error instanceof Error && 'constraint' in error && error.constraint === lockConstraint)
        return new Refusal(409, 'Another command is working on it. Wait until that has ended.');
      // The detail names the columns: `Key (role_id, action_group_id)=(...) already exists.`
      return new Refusal(409, /name/.test(detailOf(error).split('=', 1)[0] ?? '') ? 'The name is already in use.' : 'It is there already.');
    case '23503': // foreign_key_violation
      return new Refusal(409, 'It is still in use.');
    case '22001': // string_data_right_truncation
      return outOfRange('A text is too long.');
    case '22003': // numeric_value_out_of_range
    case '23514': // check_violation
      return outOfRange('A number is too small or too large.');
    case '23502': // not_null_violation
      return rejected('Something that is needed is missing.');
    default:
      return null;
  }
}
