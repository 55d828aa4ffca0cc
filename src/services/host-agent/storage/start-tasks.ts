import { VerbFailure } from '../verbs.ts';
import { codes, failure } from './failures.ts';
import type { TaskStatus } from './tasks.ts';

/** Taking the role of the SPM is a task as well, but nothing is written of it: before it is done, nothing may be written. */
export interface StartTasks {
  begin(id: string, work: () => Promise<void>): string;
  has(id: string): boolean;
  ids(): readonly string[];
  status(id: string): TaskStatus;
  clear(id: string): void;
}

const verb = 'spmStart';
/** So many are kept that nobody has cleared: whoever has begun them may have been killed since. */
const mostTasks = 100;

/** What clients hear of such a task. */
export const startTaskInfo = (id: string): { readonly verb: string; readonly id: string } => ({ verb, id });

/** Makes the list of such tasks. */
export function createStartTasks(): StartTasks {
  const tasks = new Map<string, TaskStatus>();
  const get = (id: string): TaskStatus => {
    const task = tasks.get(id);
    if (task === undefined) throw failure('task unknown', `Task ${id} is not known on this host`);
    return task;
  };
  return {
    begin(id, work) {
      const [oldest] = [...tasks.values()].filter(({ taskState }) => taskState === 'finished');
      if (tasks.size >= mostTasks && oldest !== undefined) tasks.delete(oldest.taskID);
      if (tasks.size >= mostTasks) throw failure('task', `There are ${mostTasks} tasks at work already`);
      tasks.set(id, { taskID: id, taskState: 'running', taskResult: '', code: 0, message: '' });
      work().then(
        () => tasks.set(id, { ...get(id), taskState: 'finished', taskResult: 'success' }),
        (error: unknown) => {
          const [code, message] =
            error instanceof VerbFailure ? [error.code, error.message] : [codes['SPM start'], `The role was not taken: ${String(error)}`];
          tasks.set(id, { ...get(id), taskState: 'finished', taskResult: 'cleanSuccess', code, message });
        },
      );
      return id;
    },
    has: (id) => tasks.has(id),
    ids: () => [...tasks.keys()],
    status: get,
    clear(id) {
      if (get(id).taskState !== 'finished') throw failure('task unfinished', `Task ${id} is still running`);
      tasks.delete(id);
    },
  };
}
