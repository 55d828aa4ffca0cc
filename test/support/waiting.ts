import { setTimeout as sleep } from 'node:timers/promises';
import { vi } from 'vitest';

/* Waiting for what comes by itself, by looking again and again. The limits are for what never comes. */

/** Waits until expectations hold. Throws the one that still does not after 40 seconds. */
export const eventually = (holds: () => Promise<void> | void): Promise<void> => vi.waitFor(holds, { timeout: 40_000, interval: 25 });

/** Waits until something is there, and returns it. Throws after 30 seconds. */
export async function until<T>(what: () => T | undefined | false | Promise<T | undefined | false>): Promise<T> {
  const deadline = performance.now() + 30_000;
  for (;;) {
    const found = await what();
    if (found !== undefined && found !== false) return found;
    if (performance.now() > deadline) throw new Error('it did not happen');
    await sleep(25);
  }
}
