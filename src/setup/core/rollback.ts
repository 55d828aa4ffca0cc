import { DatabaseUnavailable, type Host, type Json, type Step, type Text, message, term, textOfError } from '#kit';
import { type Observer, owedRestarts } from './execute.ts';
import { type Entry, type Journal, freeReserve, tidyRuns } from './journal.ts';
import { restore } from './stash.ts';

interface Begun {
  readonly step: string;
  readonly kept: Json;
  /** The first copy of every path in the whole run. */
  readonly files: Readonly<Record<string, string | null>>;
}

/**
 * Steps of the run, in the order they were begun first, with the oldest copies. Those undone already are left out,
 * and so are their copies: what happened to a file after it was put back is not ours to undo.
 */
function begunSteps(journal: Journal): readonly Begun[] {
  const first = new Map<string, string | null>();
  const found = new Map<string, { kept: Json; paths: Set<string> }>();
  const inUse = (path: string): boolean => [...found.values()].some(({ paths }) => paths.has(path));
  for (const entry of journal.entries()) {
    if (entry.t === 'begin') {
      for (const [path, hash] of Object.entries(entry.files)) if (!first.has(path)) first.set(path, hash);
      const known = found.get(entry.step) ?? { kept: entry.kept, paths: new Set<string>() };
      for (const path of Object.keys(entry.files)) known.paths.add(path);
      found.set(entry.step, known);
    }
    if (entry.t === 'undone') {
      const paths = found.get(entry.step)?.paths ?? [];
      found.delete(entry.step);
      for (const path of paths) if (!inUse(path)) first.delete(path);
    }
  }
  return [...found].map(([step, { kept, paths }]) => ({
    step,
    kept,
    files: Object.fromEntries([...paths].map((path) => [path, first.get(path) ?? null])),
  }));
}

/**
 * Whether a run that lacks its end has nevertheless done all its work: only its last line was lost.
 * Such a run is closed, not taken up: whatever fails later must not take the whole installation with it.
 * @param pending ids of steps that have something to do now
 */
export function isComplete(entries: readonly Entry[], pending: ReadonlySet<string>): boolean {
  let planned: readonly string[] = [];
  const settled = new Set<string>();
  const begun = new Set<string>();
  for (const entry of entries) {
    if (entry.t === 'start') planned = entry.steps;
    if (entry.t === 'begin') begun.add(entry.step);
    if (entry.t === 'done' || entry.t === 'already') settled.add(entry.step);
    if (entry.t === 'undone' || entry.t === 'undo-failed' || entry.t === 'failed') return false;
  }
  if (owedRestarts({ entries: () => entries }).length > 0) return false;
  const wentThrough = planned.length > 0 && planned.every((step) => settled.has(step));
  return wentThrough || (pending.size === 0 && [...begun].every((step) => settled.has(step)));
}

async function undoOne(begun: Begun, step: Step | undefined, host: Host, directory: string): Promise<void> {
  const own = step !== undefined && typeof step.undo === 'object' && 'run' in step.undo ? step.undo : undefined;
  await own?.run(host, begun.kept);
  // The innermost paths first: a directory is removed after what was put into it.
  for (const [path, hash] of Object.entries(begun.files).sort(([a], [b]) => (a < b ? 1 : -1))) await restore(host, directory, path, hash);
  await own?.afterFiles?.(host, begun.kept);
}

/**
 * Undoes everything the run has begun, last thing first, from the oldest safety copies. Errors are collected, never stopped at.
 * Returns what could not be undone, in words; nothing left means that the journal is closed as rolled back.
 * @param steps the steps known now; files of others are restored all the same
 */
export async function rollBack(steps: readonly Step[], on: { host: Host; journal: Journal; observer: Observer }): Promise<readonly Text[]> {
  const { host, journal, observer } = on;
  await freeReserve(host, journal).catch(() => undefined);
  const known = new Map(steps.map((step) => [step.id, step]));
  const begun = begunSteps(journal);
  const inRun = new Set(begun.map(({ step }) => step));
  const leftOver: Text[] = [];
  const postponed: Begun[] = [];
  const undo = async (one: Begun, mayWait: boolean): Promise<void> => {
    const step = known.get(one.step);
    try {
      const within = step?.inside?.some((id) => inRun.has(id)) === true;
      if (!within && step !== undefined && typeof step.undo === 'object' && 'never' in step.undo) {
        leftOver.push(message`${one.step}: ${term(step.undo.never)}`);
        return;
      }
      if (step === undefined && one.kept !== null) {
        leftOver.push(message`${one.step}: the present answers do not contain this step any more`);
        return;
      }
      if (!within) await undoOne(one, step, host, journal.directory);
      await journal.append({ t: 'undone', step: one.step });
      if (step !== undefined) observer.ended(step, 'undone', undefined);
    } catch (error) {
      if (mayWait && error instanceof DatabaseUnavailable) {
        postponed.push(one);
        return;
      }
      leftOver.push(message`${one.step}: ${term(textOfError(error))}`);
      await journal.append({ t: 'undo-failed', step: one.step, error: textOfError(error) }).catch(() => undefined);
    }
  };
  for (const one of [...begun].reverse()) await undo(one, true);
  try {
    leftOver.push(...(await removeEmptyParents(host, journal)), ...(await bringBackServices(host, journal)));
    // The server that they are in may have been down: it runs again, with its former settings.
    for (const one of postponed) await undo(one, false);
    if (leftOver.length === 0) {
      await journal.append({ t: 'end', result: 'rolled-back' });
      // What cannot be thrown away now, the next run throws away: everything is taken back.
      await tidyRuns(host).catch(() => undefined);
    }
  } catch (error) {
    leftOver.push(textOfError(error));
  }
  return leftOver;
}

/** Directories that came into being on the way, unless somebody has put something into them. */
async function removeEmptyParents(host: Host, journal: Journal): Promise<readonly Text[]> {
  const failed: Text[] = [];
  const parents = new Set(journal.entries().flatMap((entry) => (entry.t === 'begin' ? entry.parents : [])));
  for (const path of [...parents].sort().reverse()) {
    try {
      if ((await host.files.read(path))?.kind === 'directory' && (await host.files.list(path)).length === 0) await host.files.remove(path);
    } catch (error) {
      failed.push(textOfError(error));
    }
  }
  return failed;
}

/** Starts what the run has stopped, and restarts what may have been started in between, with the files that were just taken back. */
async function bringBackServices(host: Host, journal: Journal): Promise<readonly Text[]> {
  const failed: Text[] = [];
  const stopped = new Set<string>();
  const notified = new Set<string>();
  for (const entry of journal.entries()) {
    if (entry.t === 'stopped') stopped.add(entry.unit);
    if (entry.t === 'notify') notified.add(entry.unit);
  }
  for (const unit of [...stopped, ...[...notified].filter((unit) => !stopped.has(unit))]) {
    try {
      const active = await host.services.isActive(unit);
      if (stopped.has(unit) && !active) await host.services.start(unit);
      else if (notified.has(unit) && active) {
        // One that does not come up again is for the next rollback to start.
        await journal.append({ t: 'stopped', unit });
        await host.services.restart(unit);
      }
    } catch (error) {
      failed.push(message`${unit}: ${term(textOfError(error))}`);
    }
  }
  return failed;
}
