import type { Log } from '../frame/log.ts';
import type { Refusal } from './refusal.ts';

/** Tells of refusals. */
export type RefusalLog = (client: string, refusal: Refusal) => void;

const mostInAMinute = 100;

/** Anybody can be refused as often as they like, so only so many refusals a minute have a line of their own; the others are counted. */
export function createRefusalLog(log: Log, now: () => number, most = mostInAMinute): RefusalLog {
  let [minute, count] = [0, 0];
  return (client, { status, message }) => {
    const present = Math.floor(now() / 60_000);
    if (present !== minute) {
      if (count > most) log.warning('consoles refused', { more: count - most });
      [minute, count] = [present, 0];
    }
    count++;
    if (count <= most) log.warning('console refused', { client, status, reason: message });
  };
}
