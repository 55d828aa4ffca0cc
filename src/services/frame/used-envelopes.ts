import type { Envelope } from './envelope.ts';

/** Remembers envelopes until they expire, so that each is good for one thing. */
export interface UsedEnvelopes {
  /** Marks an envelope as used. 'used': it was used before. 'full': nothing more can be remembered, so it cannot be taken. */
  use(envelope: Envelope, now: number): 'new' | 'used' | 'full';
}

/** How many can be remembered at once: what is forgotten could be used again, so a full memory refuses. */
const mostEnvelopes = 100_000;

/**
 * Makes a memory that holds nothing yet. It is lost with the process: an envelope may be used again after a restart, while it is valid.
 * @param lateMs how long envelopes are taken after their end
 */
export function createUsedEnvelopes(lateMs: number, limit = mostEnvelopes): UsedEnvelopes {
  const until = new Map<string, number>();
  let nextSweep = 0;
  const sweep = (now: number): void => {
    for (const [id, last] of until) if (last < now) until.delete(id);
    nextSweep = now + 60_000;
  };
  return {
    use({ id, validTo }, now) {
      if (now >= nextSweep) sweep(now);
      if (until.has(id)) return 'used';
      if (until.size >= limit) sweep(now);
      if (until.size >= limit) return 'full';
      until.set(id, validTo + lateMs);
      return 'new';
    },
  };
}
