import type { Params, Verbs } from '../verbs.ts';
import { failure } from './failures.ts';
import type { Pools } from './pools.ts';
import { type StartTasks, startTaskInfo } from './start-tasks.ts';
import type { Tasks } from './tasks.ts';

/** Verbs about tasks, which clients know by their ids alone. */
export function taskVerbs({ pools, starts }: { readonly pools: Pools; readonly starts: StartTasks }): Verbs {
  /** Tasks of the pools whose SPM this host is. */
  const all = (): readonly Tasks[] =>
    pools
      .list()
      .filter((pool) => pool.role.state() === 'SPM')
      .flatMap((pool) => {
        try {
          return [pool.tasks()];
        } catch {
          // It is about to become the SPM, or to be none any more.
          return [];
        }
      });
  const withTask = (id: string): Tasks => {
    const tasks = all().find((one) => one.has(id));
    if (tasks === undefined) throw failure('task unknown', `Task ${id} is not known on this host`);
    return tasks;
  };
  const idOf = (params: Params): string => params.uuid('taskID');
  const each = <T>(ofStart: (id: string) => T, ofTask: (tasks: Tasks, id: string) => T): Readonly<Record<string, T>> =>
    Object.fromEntries([
      ...starts.ids().map((id) => [id, ofStart(id)] as const),
      ...all().flatMap((tasks) => tasks.ids().map((id) => [id, ofTask(tasks, id)] as const)),
    ]);

  return {
    'Task.getStatus': (params) => (starts.has(idOf(params)) ? starts.status(idOf(params)) : withTask(idOf(params)).status(idOf(params))),
    'Task.getInfo': (params) => (starts.has(idOf(params)) ? startTaskInfo(idOf(params)) : withTask(idOf(params)).info(idOf(params))),
    'Task.clear': (params) => (starts.has(idOf(params)) ? starts.clear(idOf(params)) : withTask(idOf(params)).clear(idOf(params))),
    'Task.stop': (params) => withTask(idOf(params)).stop(idOf(params)),
    'Task.revert': (params) => withTask(idOf(params)).revert(idOf(params)),
    'Host.getAllTasksStatuses': () =>
      each(
        (id) => starts.status(id),
        (tasks, id) => tasks.status(id),
      ),
    'Host.getAllTasksInfo': () => each(startTaskInfo, (tasks, id) => tasks.info(id)),
  };
}
