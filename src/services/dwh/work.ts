import { setTimeout as sleep } from 'node:timers/promises';
import { type Database, DatabaseUnavailable } from '../frame/database.ts';
import { checkSchema } from '../frame/schema-version.ts';
import type { Log } from '../frame/log.ts';
import { aggregate, type Due, nextDue, setMarks } from './aggregate.ts';
import { deleteSome, isDeletionDue } from './deletion.ts';
import { setSampled } from './engine-side.ts';
import { type History, historySchema } from './history.ts';
import { storeSample, takeSnapshot } from './sample.ts';
import type { WarehouseSettings } from './settings.ts';

export interface WorkParts {
  readonly history: History;
  readonly engine: Database;
  readonly settings: Pick<WarehouseSettings, 'samplingSeconds' | 'keepHours' | 'deletionHour'>;
  /** Whether the engine runs; nothing is sampled of one that does not. */
  readonly engineAlive: () => boolean;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly now: () => Date;
  /** Called after each piece of work that went well. */
  readonly succeeded: () => void;
}

/** The next multiple of an interval: samples are taken at whole minutes, not at odd seconds after a start. */
export const nextBoundary = (now: number, intervalMs: number): number => (Math.floor(now / intervalMs) + 1) * intervalMs;

/**
 * Works until the signal: a sample at every interval, and in between whatever is due, one piece after the other. A day of
 * arrears is made up between samples, without keeping any of them waiting for longer than one piece takes.
 * Throws what went wrong; everything that was done before stands.
 */
export async function work({ history, engine, settings, engineAlive, log, signal, now, succeeded }: WorkParts): Promise<void> {
  await checkSchema(history, historySchema.name, historySchema.folder);
  await setMarks(history, now());
  const intervalMs = settings.samplingSeconds * 1_000;
  let nextSample = nextBoundary(now().getTime(), intervalMs);
  while (!signal.aborted) {
    const moment = now();
    // A clock that was set back would otherwise keep us waiting until it has caught up.
    nextSample = Math.min(nextSample, nextBoundary(moment.getTime(), intervalMs));
    if (moment.getTime() >= nextSample) {
      nextSample = nextBoundary(moment.getTime(), intervalMs);
      if (engineAlive()) await sample(moment);
    } else if (!(await somethingDue(moment))) {
      await sleep(nextSample - moment.getTime(), undefined, { signal }).catch(() => undefined);
      continue;
    }
    succeeded();
  }

  async function sample(at: Date): Promise<void> {
    let snapshot;
    try {
      snapshot = await takeSnapshot(engine);
    } catch (error) {
      // Whoever watches the engine has said so. The history has to be kept all the same.
      if (error instanceof DatabaseUnavailable) return;
      throw error;
    }
    await storeSample(history, snapshot, at, settings.samplingSeconds);
    await setSampled(engine, at).catch(ignoreAbsence);
    const tookMs = now().getTime() - at.getTime();
    if (tookMs > intervalMs / 2) log.warning('a sample took long', { tookMs, intervalMs });
  }

  /** Does one piece of work, if there is any. */
  async function somethingDue(at: Date): Promise<boolean> {
    const due = await nextDue(history, at);
    if (due !== null) {
      await aggregate(history, due);
      log.info(`aggregated ${due.kind}`, { begins: beginning(due) });
      return true;
    }
    if (!(await isDeletionDue(history, at, settings.deletionHour))) return false;
    if (await deleteSome(history, at, settings.keepHours)) log.info('deleted what is older than it is kept');
    return true;
  }
}

const beginning = (due: Due): string => (due.kind === 'hour' ? due.begins.toISOString() : due.begins);

function ignoreAbsence(error: unknown): void {
  if (!(error instanceof DatabaseUnavailable)) throw error;
}
