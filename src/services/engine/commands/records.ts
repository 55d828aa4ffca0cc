import { randomUUID } from 'node:crypto';
import type { Database } from '../../frame/database.ts';
import type { Command, Ending, Fields, Told } from './command.ts';
import { toldSql } from './event-sql.ts';
import { inTurn } from './turn.ts';

/** A command with where it is. */
export interface Recorded extends Command {
  /** The stage that is to be done next, or taken back. */
  readonly stage: number;
  /** Why it is taken back; null while it goes on. */
  readonly failure: string | null;
}

/** What an earlier turn wrote, or this one no longer may. */
export class TurnLost extends Error {
  constructor() {
    super('another engine has taken over');
    this.name = 'TurnLost';
  }
}

/** Commands as they are kept. Whatever is written is written for a turn, and throws TurnLost once that is over. */
export interface Records {
  /** Those that have begun and not ended, the oldest first. */
  open(): Promise<readonly Recorded[]>;
  isCancelled(id: string): Promise<boolean>;
  /** A stage begins, in the list of steps. It may be there already. */
  enter(command: Recorded, title: string): Promise<void>;
  /** Keeps what a stage has found out before it ends. */
  keep(command: Recorded): Promise<void>;
  /** A stage has ended; where the command is now. */
  save(command: Recorded, ended: 'FINISHED' | 'FAILED'): Promise<void>;
  tell(command: Command, told: Told): Promise<void>;
  /** The command ends: with its row its locks go, and what was to be done at the end is done. */
  end(command: Command, status: 'FINISHED' | 'FAILED', ending: Ending): Promise<void>;
  /** Ends jobs whose steps have all ended. */
  settle(): Promise<void>;
}

export function createRecords(database: Database, generation: string, now: () => number): Records {
  const time = (): Date => new Date(now());

  async function written(sql: string, values: readonly unknown[]): Promise<void> {
    const [row] = await database.query<{ written: boolean }>(sql, values);
    if (row?.written !== true) throw new TurnLost();
  }
  async function settle(): Promise<void> {
    await database.query(
      `update job j set status = case when exists (select from step s where s.job_id = j.job_id and s.parent_step_id is null and s.status = 'FAILED')
         then 'FAILED' else 'FINISHED' end, end_time = $1, last_update_time = $1
       where j.status = 'STARTED' and not j.is_external and exists (select from step s where s.job_id = j.job_id)
         and not exists (select from step s where s.job_id = j.job_id and s.status = 'STARTED')`,
      [time()],
    );
  }

  return {
    open: () =>
      database.query<Recorded>(
        `select command_id as id, command_type as type, command_parameters as parameters, data, stage, failure, user_id as "userId",
           user_name as "userName", correlation_id as "correlationId", job_id as job, step_id as step
         from command_entities order by created_at, command_id`,
      ),

    async isCancelled(id) {
      const [row] = await database.query<{ cancelled: boolean }>('select cancelled from command_entities where command_id = $1', [id]);
      return row?.cancelled === true;
    },

    async enter({ id, stage }, title) {
      await written(
        `with c as (select * from command_entities where command_id = $1 and ${inTurn('$2')}),
         s as (insert into step (step_id, parent_step_id, job_id, step_type, description, step_number, status, start_time, correlation_id)
           select $3::uuid, c.step_id, c.job_id, 'EXECUTING', $4, $5, 'STARTED', $6, c.correlation_id from c
           where not exists (select from step s where s.parent_step_id = c.step_id and s.status = 'STARTED'))
         select exists (select from c) as written`,
        [id, generation, randomUUID(), title, stage + 1, time()],
      );
    },

    async keep({ id, data }) {
      await written(
        `with c as (update command_entities set data = $3 where command_id = $1 and ${inTurn('$2')} returning command_id)
         select exists (select from c) as written`,
        [id, generation, JSON.stringify(data)],
      );
    },

    async save({ id, data, stage, failure }, ended) {
      await written(
        `with c as (update command_entities set data = $3, stage = $4, failure = $5 where command_id = $1 and ${inTurn('$2')} returning step_id, job_id),
         s as (update step set status = $6, end_time = $7 where parent_step_id = (select step_id from c) and status = 'STARTED'),
         j as (update job set last_update_time = $7 where job_id = (select job_id from c))
         select exists (select from c) as written`,
        [id, generation, JSON.stringify(data), stage, failure, ended, time()],
      );
    },

    async tell(command, told) {
      const values: unknown[] = [generation];
      const event = toldSql(values, told, command, time(), 'c where c.written');
      await written(`with c as (select ${inTurn('$1')} as written), t as (${event}) select written from c`, values);
    },

    async end(command, status, { told, change = { sql: 'select', values: [] } }) {
      // The change names its values from $1 on, so everything else stands behind them.
      const values = [...change.values, command.id, generation, status, time()];
      const at = (offset: number): string => `$${change.values.length + 1 + offset}`;
      const event = told === undefined ? '' : `, t as (${toldSql(values, told, command, time(), 'gone')})`;
      await written(
        `with gone as (delete from command_entities where command_id = ${at(0)} and ${inTurn(at(1))} returning step_id, job_id),
         ${[change.sql, ...(change.also ?? [])].map((sql, place) => `changed${place} as (${sql})`).join(', ')},
         s as (update step set status = ${at(2)}, end_time = ${at(3)} where status = 'STARTED'
           and (step_id = (select step_id from gone) or parent_step_id = (select step_id from gone)))${event}
         select exists (select from gone) as written`,
        values,
      );
      await settle();
    },

    settle,
  };
}

/** A command that has come further. */
export const advanced = (command: Recorded, found: Fields | undefined): Recorded => ({
  ...command,
  data: { ...command.data, ...found },
  stage: command.stage + 1,
});
