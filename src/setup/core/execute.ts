import { dirname } from 'node:path';
import { type Change, type Host, type Json, SetupError, type StageId, type Step, message, textOfError, term } from '#kit';
import type { Entry, Journal } from './journal.ts';
import { stash } from './stash.ts';

/** Watches a run: progress on screen, events for programs, the log. It decides nothing. */
export interface Observer {
  /** A stage begins. */
  stage(id: StageId): void;
  /**
   * The work is about to begin.
   * @param steps all steps that have something to do, in their order
   * @param expected milliseconds that each took in earlier runs, by step id; steps that never ran here are not in it
   */
  planned(steps: readonly Step[], expected: ReadonlyMap<string, number>): void;
  started(step: Step): void;
  said(step: Step, line: string): void;
  /** @param ms how long it took; unknown for a step that was undone */
  ended(step: Step, how: 'done' | 'already' | 'failed' | 'undone', ms: number | undefined, error?: unknown): void;
  /** No step follows, however it went: what is drawn on the screen stays as it is. */
  finished(): void;
}

export interface Workshop {
  readonly host: Host;
  readonly journal: Journal;
  readonly observer: Observer;
  /** Aborted by the first signal: the running step finishes, the next one does not start. */
  readonly signal: AbortSignal;
}

/** The first beginning of a step in this run; none if it has been undone since. */
function begun(journal: Journal, step: string): Extract<Entry, { t: 'begin' }> | undefined {
  let found: Extract<Entry, { t: 'begin' }> | undefined;
  for (const entry of journal.entries()) {
    if (entry.t === 'begin' && entry.step === step) found ??= entry;
    if (entry.t === 'undone' && entry.step === step) found = undefined;
  }
  return found;
}

/** Units that were notified and not restarted since. */
export const owedRestarts = (journal: Pick<Journal, 'entries'>): readonly string[] => {
  const owed = new Set<string>();
  for (const entry of journal.entries()) {
    if (entry.t === 'notify') owed.add(entry.unit);
    if (entry.t === 'notified') owed.delete(entry.unit);
  }
  return [...owed];
};

/** Directories that a step makes, and those above its paths that are not there: writing a file makes them on the way. */
async function newDirectories(paths: readonly string[], makes: readonly string[], host: Host): Promise<readonly string[]> {
  const missing = new Set<string>();
  for (const path of makes) if ((await host.files.read(path)) === undefined) missing.add(path);
  for (const path of [...paths, ...makes]) {
    for (let parent = dirname(path); parent !== '/' && !missing.has(parent); parent = dirname(parent)) {
      if ((await host.files.read(parent)) !== undefined) break;
      missing.add(parent);
    }
  }
  return [...missing];
}

const holds = async (step: Step, kept: Json, host: Host): Promise<boolean> => step.holds === undefined || step.holds(host, kept);

async function begin(step: Step, change: Exclude<Change, { kind: 'none' }>, { host, journal }: Workshop): Promise<void> {
  const files: Record<string, string | null> = {};
  for (const path of change.touches ?? []) files[path] = await stash(host, journal.directory, path);
  const parents = await newDirectories(Object.keys(files), change.makes ?? [], host);
  // The first safety copy of an unfinished run counts: a second one would hold our own half-done work.
  const earlier = begun(journal, step.id);
  const kept = earlier !== undefined && (await holds(step, earlier.kept, host)) ? earlier.kept : ((await step.prepare?.(host)) ?? null);
  try {
    await journal.append({ t: 'begin', step: step.id, kept, files, parents });
  } catch (error) {
    // A copy that the journal does not know of would never be thrown away.
    if (kept !== earlier?.kept) await step.discard?.(host, kept).catch(() => undefined);
    throw error;
  }
  for (const unit of step.notify ?? []) await journal.append({ t: 'notify', unit });
}

/** How the host differs; a restart that waits for the step is a difference, too. */
async function differs(step: Step, { host, journal }: Workshop): Promise<Change> {
  const change = await step.check(host);
  const owed = step.restarts === true && step.starts !== undefined && owedRestarts(journal).includes(step.starts);
  return change.kind === 'none' && owed ? { kind: 'run', note: message`${step.starts} is to be restarted` } : change;
}

/** A restart that fails leaves the unit down, and it may end by itself: then a rollback has to bring it back. */
async function minding({ starts }: Step, { host, journal }: Workshop): Promise<void> {
  if (starts !== undefined && (await host.services.isActive(starts))) await journal.append({ t: 'stopped', unit: starts });
}

async function perform(step: Step, workshop: Workshop): Promise<void> {
  const { host, journal, observer } = workshop;
  const from = host.now().getTime();
  const took = (): number => host.now().getTime() - from;
  const change = await differs(step, workshop);
  if (change.kind === 'none') {
    await journal.append({ t: 'already', step: step.id, ms: took() });
    observer.ended(step, 'already', took());
    return;
  }
  observer.started(step);
  try {
    await begin(step, change, workshop);
    await minding(step, workshop);
    await step.apply(host, (line) => observer.said(step, line));
    const left = await step.check(host);
    if (left.kind !== 'none')
      throw new SetupError('failed', message`${term(step.title)}: ran, but the host still differs: ${term(left.note)}`);
  } catch (error) {
    // On a full disk this line cannot be written either; the rollback does not need it.
    await journal.append({ t: 'failed', step: step.id, error: textOfError(error) }).catch(() => undefined);
    observer.ended(step, 'failed', took(), error);
    throw error;
  }
  const ms = took();
  await journal.append({ t: 'done', step: step.id, ms });
  if (step.starts !== undefined && owedRestarts(journal).includes(step.starts)) await journal.append({ t: 'notified', unit: step.starts });
  observer.ended(step, 'done', ms);
}

/**
 * Brings the host to what the steps want, one after the other, each announced in the journal before it changes anything.
 * Throws what the first failing step threw, or SetupError `interrupted` between two steps; it does not roll back.
 */
export async function execute(steps: readonly Step[], workshop: Workshop): Promise<void> {
  for (const step of steps) {
    if (workshop.signal.aborted) throw new SetupError('interrupted', 'Stopped by a signal');
    await perform(step, workshop);
  }
}

/** Stops what must not run during the work, and remembers it. */
export async function stopServices(units: readonly string[], { host, journal }: Workshop): Promise<void> {
  for (const unit of units) {
    if (!(await host.services.isActive(unit))) continue;
    await journal.append({ t: 'stopped', unit });
    await host.services.stop(unit);
  }
}

/**
 * Restarts every notified unit once. A unit that does not run is left to the step that starts it.
 * @param steps all that follow: units that one of them restarts are left to it
 */
export async function restartNotified({ host, journal }: Workshop, steps: readonly Step[] = []): Promise<void> {
  const later = new Set(steps.filter(({ restarts }) => restarts).map(({ starts }) => starts));
  for (const unit of owedRestarts(journal).filter((owed) => !later.has(owed))) {
    if (await host.services.isActive(unit)) {
      // A restart that fails leaves the unit down: then a rollback has to bring it back.
      await journal.append({ t: 'stopped', unit });
      await host.services.restart(unit);
    }
    await journal.append({ t: 'notified', unit });
  }
}
