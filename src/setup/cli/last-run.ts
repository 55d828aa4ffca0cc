import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type Text, message } from '#kit';
import { type Entry, runsDirectory } from '../core/journal.ts';
import { codeOf } from '../host/errno.ts';
import { type Holder, lockHolder } from './lock.ts';
import { usualLog } from './run-log.ts';

/** What `status` tells of the run that is active, or of the last one that changed something. */
export interface RunStatus {
  /**
   * `active`: it is at work, or asks its questions. `cut-off`: it ended in the middle of its work, and the next run takes that up.
   * `unclear`: its journal is damaged, or only somebody else may read it.
   */
  readonly state: 'active' | 'done' | 'rolled-back' | 'cut-off' | 'unclear';
  readonly name?: string;
  readonly pid?: number;
  /** When it began, and when it ended, as ISO text. */
  readonly began?: string;
  readonly ended?: string;
  /** Where it is, or was cut off. */
  readonly step?: { readonly id: string; readonly n: number; readonly of: number; readonly since?: string };
  /** What made it fail. */
  readonly failed?: { readonly step: string; readonly error?: Text };
  /** Steps that could not be taken back. */
  readonly leftOver?: readonly string[];
  /** The titles of the steps that are named here, by their ids; journals of older versions do not hold them. */
  readonly titles?: Readonly<Record<string, Text>>;
  readonly log?: string;
  /** Why it is unclear. */
  readonly problem?: Text;
}

/** The lines of a journal that are whole; undefined if one of them says nothing. */
function entriesOf(text: string): readonly Entry[] | undefined {
  try {
    const entries = text
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Partial<Entry> | null);
    return entries.every((entry) => typeof entry?.t === 'string') ? (entries as readonly Entry[]) : undefined;
  } catch {
    return undefined;
  }
}

/** The last attempt in a journal: a run that was cut off is taken up by the next one in the same journal. */
const lastAttempt = (entries: readonly Entry[]): readonly Entry[] => entries.slice(entries.findLastIndex(({ t }) => t === 'start'));

/** The step that was begun or settled last, and its place among all. */
function placeIn(attempt: readonly Entry[]): RunStatus['step'] {
  const [start] = attempt;
  const at = attempt.findLast((entry) => entry.t === 'begin' || entry.t === 'done' || entry.t === 'already');
  if (start?.t !== 'start' || at === undefined || !('step' in at)) return undefined;
  const of = start.steps.length;
  // What comes behind all planned steps is the end of the work.
  const n = start.steps.includes(at.step) ? start.steps.indexOf(at.step) + 1 : of;
  return { id: at.step, n, of, ...(at.at === undefined ? {} : { since: at.at }) };
}

/** The titles of some steps, as the run has known them. */
function titlesOf([start]: readonly Entry[], ids: readonly string[]): RunStatus['titles'] {
  if (start?.t !== 'start' || start.titles === undefined) return undefined;
  const titles = new Map(start.steps.map((id, index) => [id, start.titles?.[index]]));
  const known = ids.flatMap((id) => (titles.get(id) === undefined ? [] : [[id, titles.get(id)] as [string, Text]]));
  return known.length === 0 ? undefined : Object.fromEntries(known);
}

const stateOf = (last: Entry | undefined, active: boolean): RunStatus['state'] => {
  if (last?.t === 'end') return last.result === 'ok' ? 'done' : 'rolled-back';
  return active ? 'active' : 'cut-off';
};

function told(entries: readonly Entry[], active: boolean): Omit<RunStatus, 'name'> {
  const attempt = lastAttempt(entries);
  const last = attempt.at(-1);
  const state = stateOf(last, active);
  const [failed] = attempt.flatMap((entry) => (entry.t === 'failed' ? [entry] : []));
  const leftOver = attempt.flatMap((entry) => (entry.t === 'undo-failed' ? [entry.step] : []));
  const step = state === 'active' || state === 'cut-off' ? placeIn(attempt) : undefined;
  const titles = titlesOf(attempt, [step?.id ?? [], failed?.step ?? [], leftOver].flat());
  return {
    state,
    ...(attempt[0]?.at === undefined ? {} : { began: attempt[0].at }),
    ...(last?.t !== 'end' || last.at === undefined ? {} : { ended: last.at }),
    ...(step === undefined ? {} : { step }),
    ...(failed === undefined ? {} : { failed: { step: failed.step, ...(failed.error === undefined ? {} : { error: failed.error }) } }),
    ...(leftOver.length === 0 ? {} : { leftOver }),
    ...(titles === undefined ? {} : { titles }),
  };
}

const active = ({ pid, since }: Holder): RunStatus => ({
  state: 'active',
  ...(pid === undefined ? {} : { pid }),
  ...(since === undefined ? {} : { began: since.toISOString() }),
});

/** The newest run with a journal, of those below a root. */
function newestRun(root: string): { readonly name: string; readonly path: string } | undefined {
  const directory = join(root, runsDirectory);
  const names = existsSync(directory) ? readdirSync(directory).sort().reverse() : [];
  const name = names.find((each) => existsSync(join(directory, each, 'journal')));
  return name === undefined ? undefined : { name, path: join(directory, name, 'journal') };
}

async function look(root: string, lock: string): Promise<RunStatus | undefined> {
  const holder = await lockHolder(lock);
  const newest = newestRun(root);
  if (newest === undefined) return holder === undefined ? undefined : active(holder);
  // Whoever holds the lock has begun only if the journal is younger than that.
  const writes = holder !== undefined && (holder.since === undefined || statSync(newest.path).mtime >= holder.since);
  if (holder !== undefined && !writes) return active(holder);
  const entries = entriesOf(readFileSync(newest.path, 'utf8'));
  if (entries === undefined) return { state: 'unclear', name: newest.name, problem: message`The journal ${newest.path} is damaged` };
  const start = entries.findLast((entry) => entry.t === 'start');
  const log = usualLog(root, start?.run ?? newest.name);
  return {
    name: newest.name,
    ...told(entries, writes),
    ...(holder?.pid === undefined ? {} : { pid: holder.pid }),
    ...(existsSync(log) ? { log } : {}),
  };
}

/**
 * How the run goes that is active below a root, or how the last one went; undefined if there was none.
 * @param lock path of the lock of the installation
 */
export async function lastRun(root: string, lock: string): Promise<RunStatus | undefined> {
  try {
    return await look(root, lock);
  } catch (error) {
    // What is known of runs belongs to whoever runs setup.
    if (codeOf(error) !== 'EACCES') throw error;
    return {
      state: 'unclear',
      problem: 'Only root, or the user who installed it, can see how the last run went, or whether one is active',
    };
  }
}
