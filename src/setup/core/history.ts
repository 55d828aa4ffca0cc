import type { HostReader } from '#kit';
import { type Entry, endedRuns } from './journal.ts';

/** What steps took in earlier runs on this host, in milliseconds by step id; of several runs the latest counts. */
export async function timesOfEarlierRuns(host: HostReader): Promise<ReadonlyMap<string, number>> {
  const runs: readonly (readonly Entry[])[] = await endedRuns(host);
  return new Map(runs.flat().flatMap((entry) => (entry.t === 'done' ? [[entry.step, entry.ms] as const] : [])));
}
