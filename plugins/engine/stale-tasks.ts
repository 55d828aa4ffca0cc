import { type DatabaseAddress, type Heading, type Step, type View, message, setting, yesNo } from '#kit';
import { rows } from '#steps';
import { engineDatabase } from '../database/settings.ts';
import { unit } from './settings.ts';
import { stops } from './stops.ts';
import { isStale } from './tasks.ts';
import { isUpgrade } from './upgrade.ts';

/* Tasks whose programs are gone: nobody will ever end them, and nobody should wait for them. */

export const clearTasks = setting({
  key: 'OVESETUP_ASYNC/clearTasks',
  section: 'misc',
  kind: yesNo,
  about: 'Whether an upgrade ends tasks of the engine that nobody has said anything of for 50 hours, with the status UNKNOWN.',
  remember: false,
  when: isUpgrade,
  initial: true,
});

interface Kept {
  readonly jobs: readonly { readonly id: string; readonly last: string }[];
  readonly steps: readonly string[];
}

const ofStale = `select job_id from job where ${isStale}`;

/** Ends the tasks in the database, with their steps: whoever looks at the list afterwards sees what has become of them. */
export const ended = (heading: Heading, at: DatabaseAddress): Step =>
  rows(heading, {
    at,
    note: message`${'job, step'}`,
    isRight: async (sql) => (await sql.rows(`${ofStale} limit 1`)).length === 0,
    async keep(sql) {
      const jobs = await sql.rows<Kept['jobs'][number]>(
        `select job_id::text as id, last_update_time::text as last from job where ${isStale}`,
      );
      const steps = await sql.rows<{ id: string }>(
        `select step_id::text as id from step where status = 'STARTED' and job_id in (${ofStale})`,
      );
      return { jobs: jobs.map(({ id, last }) => ({ id, last })), steps: steps.map(({ id }) => id) };
    },
    statements: () => [
      { text: `update step set status = 'UNKNOWN', end_time = now() where status = 'STARTED' and job_id in (${ofStale})` },
      { text: `update job set status = 'UNKNOWN', end_time = now(), last_update_time = now() where ${isStale}` },
    ],
    undo(kept) {
      const { jobs, steps } = kept as unknown as Kept;
      return [
        { text: "update step set status = 'STARTED', end_time = null where step_id = any($1::uuid[])", values: [steps] },
        ...jobs.map(({ id, last }) => ({
          text: "update job set status = 'STARTED', end_time = null, last_update_time = $2::timestamptz where job_id = $1::uuid",
          values: [id, last],
        })),
      ];
    },
  });

/** The step of an upgrade that ends them, where that is wanted. */
export const staleTasks = (view: View, where: Pick<Step, 'needs' | 'inside'>): readonly Step[] =>
  view.find(clearTasks) === true
    ? [
        ended(
          {
            id: 'engine/stale-tasks',
            chapter: 'engine.schema',
            title: 'Cleaning stale zombie tasks and commands',
            ...where,
            // The engine would show them as running meanwhile.
            stops: stops(view),
            notify: [unit],
          },
          engineDatabase(view),
        ),
      ]
    : [];
