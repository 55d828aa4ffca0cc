import { type Text, message } from '#kit';

/** How long something took: `0.4 s`, `12 s`, `3 min 5 s`. */
export function duration(ms: number): Text {
  if (ms < 9_950) return message`${(ms / 1000).toFixed(1)} s`;
  return rough(ms);
}

/** The same in whole seconds, for what is an estimate or still going on. */
export function rough(ms: number): Text {
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return message`${seconds} s`;
  return message`${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** What is known of the time that the work still takes. */
export interface Remaining {
  readonly ms: number;
  /** Whether every step that is left has been timed before. If not, it is `ms` at least. */
  readonly complete: boolean;
}

/**
 * The sum of what the steps that are left took in earlier runs; undefined where none of them ever ran here.
 * @param left ids of those steps, the running one first
 * @param elapsed how long the first of them has been running
 */
export function remaining(left: readonly string[], expected: ReadonlyMap<string, number>, elapsed: number): Remaining | undefined {
  const times = left.map((id) => expected.get(id));
  const known = times.filter((time) => time !== undefined);
  if (known.length === 0) return undefined;
  const [first] = times;
  const passed = first === undefined ? 0 : Math.min(elapsed, first);
  return { ms: known.reduce((sum, time) => sum + time, 0) - passed, complete: known.length === times.length };
}
