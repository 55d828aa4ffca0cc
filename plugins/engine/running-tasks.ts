import { type HostReader, type Setting, type Text, type View, fact, integer, message, setting, term, yesNo } from '#kit';
import { unit } from './settings.ts';
import { isUpgrade, lookInside } from './upgrade.ts';

/*
 * What runs in an engine that is about to be stopped. Its own commands end within the request that asked for them. What can run for
 * long are jobs of other programs (POST /jobs), and only those programs, or an administrator in their place, can end them.
 */

interface Task {
  readonly id: string;
  readonly name: string;
  readonly owner: string;
  readonly since: string;
}

/** An engine that does not run is not stopped: its tasks have nothing to wait for. */
const running = async (host: HostReader): Promise<readonly Task[]> =>
  (await host.services.isActive(unit))
    ? lookInside(host, [], (sql) =>
        sql.rows<Task>(
          `select j.job_id::text as id, j.description as name, coalesce(u.username || '@' || u.domain, '-') as owner,
             to_char(j.start_time at time zone 'UTC', 'YYYY-MM-DD HH24:MI') || ' UTC' as since
           from job j left join users u on u.user_id = j.owner_id where j.status = 'STARTED' order by j.start_time, j.job_id`,
        ),
      )
    : [];

export const tasks = fact('engine-running-tasks', running);

const someRun = (view: View): boolean => isUpgrade(view) && view.fact(tasks).length > 0;

/** Nobody waits for longer than this. */
const atMostMs = 3_600_000;

const remedy: Text =
  'Tasks of programs that are gone are ended by POST /ovirt-engine/api/jobs/ID/end; those of an engine that was stopped are not waited for.';

export const waitSeconds = setting({
  key: 'OVESETUP_ASYNC/clearTasksWait',
  section: 'misc',
  kind: integer(1, 3600),
  about: 'How many seconds Setup waits before it looks again whether tasks of the engine are still running. It waits for an hour at most.',
  when: someRun,
  initial: 20,
});

export const waitForTasks: Setting<boolean> = setting({
  key: 'OVESETUP_ASYNC/waitRunningTasks',
  section: 'misc',
  kind: yesNo,
  about:
    'Whether an upgrade waits, for an hour at most, until no task is running in the engine. Jobs that nobody ends any more are ended by POST /ovirt-engine/api/jobs/ID/end, or left alone by stopping the engine before Setup is started.',
  ask: {
    name: 'OVESETUP_WAIT_RUNNING_TASKS',
    text: 'Would you like to wait until these tasks have ended?',
    showsInitial: false,
    notes: (view) => [
      'Tasks are running in the engine, which is going to be stopped:',
      ...view.fact(tasks).map(({ id, name, owner, since }) => message`    ${name} (${id}), of ${owner}, since ${since}`),
      remedy,
    ],
  },
  remarks: (view) => (isUpgrade(view) ? [{ level: 'info', text: 'Looking for running tasks of the engine' }] : []),
  remember: false,
  when: someRun,
  initial: false,
  async validate(value, view, host) {
    const left = value ? await running(host) : view.fact(tasks);
    if (left.length === 0) return undefined;
    const names = left.map(({ name, id }) => `${name} (${id})`).join(', ');
    if (!value)
      return { ends: message`Tasks are running in the engine: ${names}. Let them end, or let Setup wait for them. ${term(remedy)}` };
    const seconds = view.get(waitSeconds);
    return {
      wait: message`Still running: ${names}. Looking again in ${seconds} seconds`,
      everyMs: seconds * 1000,
      atMostMs,
      otherwise: message`Tasks are still running in the engine after an hour: ${names}. ${term(remedy)}`,
    };
  },
});
