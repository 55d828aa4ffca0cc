import type { Log } from '../../frame/log.ts';
import { isUuid } from '../../frame/uuid.ts';
import { inFolder } from './folder.ts';
import type { Domain } from './domains.ts';

/** What is kept of a task on the master domain, so that it outlives the agent and the host. */
export interface TaskRecord {
  readonly id: string;
  /** The verb that began it, for clients. */
  readonly verb: string;
  readonly kind: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly state: 'init' | 'running' | 'finished' | 'aborting' | 'cleaning';
  readonly result: '' | 'success' | 'cleanSuccess' | 'cleanFailure';
  readonly code: number;
  readonly message: string;
}

export interface TaskFiles {
  write(record: TaskRecord): Promise<void>;
  remove(id: string): Promise<void>;
  /** All tasks, before this host has begun any; what cannot be read is told to the log and left alone. */
  readAll(log: Log): Promise<readonly TaskRecord[]>;
}

const places = ['master', 'tasks'] as const;
const mostBytes = 64 * 1024;
const nameForm = /^([0-9a-f-]{36})\.json$/;
const states: readonly unknown[] = ['init', 'running', 'finished', 'aborting', 'cleaning'];
const results: readonly unknown[] = ['', 'success', 'cleanSuccess', 'cleanFailure'];

/** Makes the files of tasks on a master domain: one for each, `master/tasks/ID.json`. */
export function taskFiles({ mount, id: domain }: Domain): TaskFiles {
  const nameOf = (id: string): string => `${id}.json`;
  return {
    async write(record) {
      await inFolder(mount, [domain, ...places], (folder) => folder.replace(nameOf(record.id), JSON.stringify(record), 0o640));
    },
    async remove(id) {
      await inFolder(mount, [domain, ...places], async (folder) => {
        await folder.remove(nameOf(id));
        await folder.sync();
      });
    },
    readAll: (log) =>
      inFolder(mount, [domain, ...places], async (folder) => {
        const found: TaskRecord[] = [];
        await folder.sweep();
        for (const name of (await folder.names()).sort()) {
          const id = nameForm.exec(name)?.[1];
          if (id === undefined || !isUuid(id)) continue;
          try {
            found.push(readRecord(JSON.parse(await folder.read(name, mostBytes)), id));
          } catch (error) {
            log.error('a task on the storage cannot be read', {
              task: id,
              domain,
              reason: error instanceof Error ? error.message : String(error),
            });
          }
        }
        return found;
      }),
  };
}

function readRecord(value: unknown, id: string): TaskRecord {
  const record = value as Readonly<Record<keyof TaskRecord, unknown>> | null;
  const isWhole =
    typeof record === 'object' &&
    record !== null &&
    record.id === id &&
    typeof record.verb === 'string' &&
    typeof record.kind === 'string' &&
    typeof record.params === 'object' &&
    record.params !== null &&
    typeof record.code === 'number' &&
    typeof record.message === 'string' &&
    states.includes(record.state) &&
    results.includes(record.result);
  if (!isWhole) throw new SyntaxError('it is not a task');
  return record as TaskRecord;
}
