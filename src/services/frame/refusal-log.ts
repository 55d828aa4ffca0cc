import type { Log } from './log.ts';

/** Tells of refusals: who was refused, with which HTTP status and why. */
export type RefusalLog = (client: string, refusal: { readonly status: number; readonly message: string }) => void;

const mostInAMinute = 100;

/**
 * Anybody can be refused as often as they like, so only so many refusals a minute have a line of their own; the others are counted.
 * @param words what the log says of one refusal, and of those that it leaves out
 */
export function createRefusalLog(
  log: Log,
  now: () => number,
  words: { readonly one: string; readonly many: string },
  most = mostInAMinute,
): RefusalLog {
  let [minute, count] = [0, 0];
  return (client, { status, message }) => {
    const present = Math.floor(now() / 60_000);
    if (present !== minute) {
      if (count > most) log.warning(words.many, { more: count - most });
      [minute, count] = [present, 0];
    }
    count++;
    if (count <= most) log.warning(words.one, { client, status, reason: message });
  };
}
