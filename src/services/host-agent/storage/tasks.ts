import { randomUUID } from 'node:crypto';
import type { Log } from '../../frame/log.ts';
import { readParams, type Params, VerbFailure } from '../verbs.ts';
import { codes, failure, failureOf } from './failures.ts';
import type { TaskFiles, TaskRecord } from './task-files.ts';

/** What a kind of task does. Everything it needs to know stands in the parameters, since the host that ends it may not be the one that began. */
export interface Work {
  run(params: Params, course: Course): Promise<void>;
  /**
   * After it was broken off, be it by an error or by the power: brings the storage to where it would be after the work, or to where it was before.
   * Called as often as it takes.
   */
  recover(params: Params, course: Course): Promise<'finished' | 'undone'>;
  /** Whether what was broken off is always carried through. */
  readonly isForward?: true;
  /** Takes finished work back. Left out where that cannot be done. */
  revert?(params: Params, course: Course): Promise<void>;
}

/** What work looks at while it goes on. */
export interface Course {
  readonly task: string;
  /** Throws unless this host may still change the pool. Stands before everything that does. */
  readonly assert: () => void;
  /** Aborted when somebody stops the task, or the role is lost. */
  readonly signal: AbortSignal;
}

/** What clients hear of a task. */
export interface TaskStatus {
  readonly taskID: string;
  readonly taskState: 'init' | 'running' | 'finished' | 'aborting' | 'cleaning';
  readonly taskResult: '' | 'success' | 'cleanSuccess' | 'cleanFailure';
  readonly code: number;
  readonly message: string;
}

export interface Tasks {
  /** Writes down what is to be done, begins with it, and returns the name of the task. */
  begin(verb: string, kind: string, params: Readonly<Record<string, unknown>>): Promise<string>;
  /**
   * Takes up what another holder of the role, or an earlier life of this one, has left unfinished. What was being made is taken back when this returns;
   * what is carried through may take hours, and goes on.
   */
  takeUp(): Promise<void>;
  has(id: string): boolean;
  status(id: string): TaskStatus;
  info(id: string): { readonly verb: string; readonly id: string };
  ids(): readonly string[];
  /** Forgets a finished task. Throws VerbFailure (403) for others. */
  clear(id: string): Promise<void>;
  /** Breaks a task off; what it has done is taken back. */
  stop(id: string): Promise<void>;
  revert(id: string): Promise<void>;
  /** Whether something is at work. */
  isBusy(): boolean;
  /** Resolves when nothing is at work any more. */
  idle(): Promise<void>;
}

interface Task {
  record: TaskRecord;
  readonly stopping: AbortController;
  readonly done: Promise<void>;
}

const mostAtOnce = 4;
const mostTasks = 1_000;

/**
 * Makes the tasks of a pool whose SPM this host is.
 * @param works by their kinds
 * @param assert throws unless the role is held
 * @param lost aborted when it is lost: then everything stays as it is, for the next holder
 */
export function createTasks(
  files: TaskFiles,
  works: Readonly<Record<string, Work>>,
  { assert, lost, log }: { readonly assert: () => void; readonly lost: AbortSignal; readonly log: Log },
): Tasks {
  const tasks = new Map<string, Task>();
  const waiting: (() => void)[] = [];
  let free = mostAtOnce;
  const place = async (): Promise<void> => {
    if (free > 0) free--;
    else await new Promise<void>((resolve) => waiting.push(resolve));
  };
  const leavePlace = (): void => {
    const next = waiting.shift();
    if (next === undefined) free++;
    else next();
  };

  const get = (id: string): Task => tasks.get(id) ?? fail(`Task ${id} is not known on this host`);
  const fail = (text: string): never => {
    throw failure('task unknown', text);
  };

  /** Keeps what a task has come to. Where the role is gone nothing may be written, and the next holder finds the last state. */
  const keep = async (task: Task, change: Partial<TaskRecord>): Promise<void> => {
    assert();
    // Told when it is written: whoever hears of the end may have it forgotten at once.
    await files.write({ ...task.record, ...change });
    task.record = { ...task.record, ...change };
  };

  const workOf = ({ kind }: TaskRecord): Work => works[kind] ?? fail(`Tasks of the kind ${kind} are not known`);

  /** Brings a task to its end: by its work, or by taking up what was left. */
  const pursue = async (task: Task, isLeft: boolean): Promise<void> => {
    const work = workOf(task.record);
    const params = readParams(task.record.params);
    const course: Course = { task: task.record.id, assert, signal: AbortSignal.any([task.stopping.signal, lost]) };
    let cause: VerbFailure | null = null;
    if (!isLeft) {
      try {
        course.signal.throwIfAborted();
        await work.run(params, course);
        return await keep(task, { state: 'finished', result: 'success' });
      } catch (error) {
        lost.throwIfAborted();
        cause = task.stopping.signal.aborted
          ? failure('task aborted', `Task ${task.record.id} was stopped`)
          : failureOf(error, 'task', `Task ${task.record.id} failed`);
        log.warning('task failed', { task: task.record.id, verb: task.record.verb, code: cause.code, reason: cause.message });
      }
    }
    const { code, message } = cause ?? failure('task aborted', `Task ${task.record.id} was interrupted`);
    await keep(task, { state: 'cleaning', code, message });
    try {
      const outcome = await work.recover(params, { ...course, signal: lost });
      if (outcome === 'finished' && (cause === null || work.isForward === true))
        await keep(task, { state: 'finished', result: 'success', code: 0, message: '' });
      else await keep(task, { state: 'finished', result: 'cleanSuccess' });
    } catch (error) {
      lost.throwIfAborted();
      const reason = error instanceof Error ? error.message : String(error);
      log.error('task not cleaned up', { task: task.record.id, verb: task.record.verb, reason });
      await keep(task, { state: 'finished', result: 'cleanFailure' });
    }
  };

  const launch = (record: TaskRecord, isLeft: boolean): Task => {
    const stopping = new AbortController();
    const started = Promise.withResolvers<Task>();
    const done = started.promise.then(async (task) => {
      await place();
      try {
        if (!isLeft) await keep(task, { state: 'running' });
        await pursue(task, isLeft);
      } catch (error) {
        log.warning('task left as it is', { task: record.id, reason: error instanceof Error ? error.message : String(error) });
        task.record = { ...task.record, state: 'finished', result: 'cleanFailure', ...describe(error) };
      } finally {
        leavePlace();
      }
    });
    const task: Task = { record, stopping, done };
    tasks.set(record.id, task);
    started.resolve(task);
    return task;
  };

  const stop = (task: Task): void => {
    if (task.record.state === 'finished' || task.record.state === 'cleaning') return;
    task.record = { ...task.record, state: 'aborting' };
    task.stopping.abort();
  };

  return {
    async begin(verb, kind, params) {
      assert();
      if (tasks.size >= mostTasks) throw failure('task', `There are ${mostTasks} tasks already; finished ones must be cleared`);
      const record: TaskRecord = { id: randomUUID(), verb, kind, params, state: 'init', result: '', code: 0, message: '' };
      await files.write(record);
      launch(record, false);
      return record.id;
    },
    async takeUp() {
      assert();
      const isForward = ({ kind }: TaskRecord): boolean => works[kind]?.isForward === true;
      const left: TaskRecord[] = [];
      for (const record of await files.readAll(log)) {
        if (tasks.has(record.id)) continue;
        if (record.state === 'finished') tasks.set(record.id, { record, stopping: new AbortController(), done: Promise.resolve() });
        else if (!Object.hasOwn(works, record.kind)) log.error('unknown task on the storage', { task: record.id, kind: record.kind });
        else left.push(record);
      }
      for (const record of left.filter((one) => !isForward(one))) await launch(record, true).done;
      for (const record of left.filter(isForward)) launch(record, true);
    },
    has: (id) => tasks.has(id),
    status(id) {
      const { record } = get(id);
      return { taskID: id, taskState: record.state, taskResult: record.result, code: record.code, message: record.message };
    },
    info: (id) => ({ verb: get(id).record.verb, id }),
    ids: () => [...tasks.keys()],
    async clear(id) {
      const { record } = get(id);
      if (record.state !== 'finished') throw failure('task unfinished', `Task ${id} is ${record.state}; stop it, or wait for its end`);
      assert();
      await files.remove(id);
      tasks.delete(id);
    },
    async stop(id) {
      stop(get(id));
    },
    async revert(id) {
      const task = get(id);
      if (task.record.state !== 'finished') return stop(task);
      const { revert } = workOf(task.record);
      if (task.record.result !== 'success') return;
      if (revert === undefined) throw failure('task', `What task ${id} did cannot be taken back`);
      await revert(readParams(task.record.params), { task: id, assert, signal: lost });
      await keep(task, { result: 'cleanSuccess', code: codes['task aborted'], message: `Task ${id} was taken back` });
    },
    isBusy: () => [...tasks.values()].some(({ record }) => record.state !== 'finished'),
    async idle() {
      await Promise.all([...tasks.values()].map(({ done }) => done));
    },
  };
}

function describe(error: unknown): { readonly code: number; readonly message: string } {
  if (error instanceof VerbFailure) return { code: error.code, message: error.message };
  return { code: codes.task, message: error instanceof Error ? error.message : String(error) };
}
