import { type Setting, type Text, type View, integer, message, setting, term, yesNo } from '#kit';
import { clearTasks } from './stale-tasks.ts';
import { type Task, running, tasks } from './tasks.ts';
import { isUpgrade } from './upgrade.ts';

/* Tasks that an upgrade waits for, before it stops the engine. */

/** Those that are ended by the run itself keep nobody waiting. */
const waitedFor = (view: View, all: readonly Task[]): readonly Task[] =>
  all.filter(({ stale }) => !(stale && view.find(clearTasks) === true));

const someRun = (view: View): boolean => isUpgrade(view) && waitedFor(view, view.fact(tasks)).length > 0;

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
      ...waitedFor(view, view.fact(tasks)).map(({ id, name, owner, since }) => message`    ${name} (${id}), of ${owner}, since ${since}`),
      remedy,
    ],
  },
  remarks: (view) => (isUpgrade(view) ? [{ level: 'info', text: 'Looking for running tasks of the engine' }] : []),
  remember: false,
  when: someRun,
  initial: false,
  async validate(value, view, host) {
    const found = waitedFor(view, value ? await running(host) : view.fact(tasks));
    if (found.length === 0) return undefined;
    const names = found.map(({ name, id }) => `${name} (${id})`).join(', ');
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
