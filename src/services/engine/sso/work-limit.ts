import { Refusal } from '../http/refusal.ts';

/** Runs expensive work, a few at a time. */
export type WorkLimit = <T>(work: () => Promise<T>) => Promise<T>;

/**
 * Runs at most `atOnce` pieces of work at a time and lets at most `waiting` more wait in line. Beyond that it throws a
 * 503 that asks the client to come back.
 */
export function createWorkLimit(atOnce: number, waiting: number): WorkLimit {
  const line: (() => void)[] = [];
  let running = 0;
  return async (work) => {
    if (running < atOnce) {
      running++;
    } else {
      if (line.length >= waiting) throw new Refusal(503, 'Too many logins at the same time.', { 'retry-after': '2' });
      // Whoever finishes hands its place over, so `running` stays as it is.
      const turn = Promise.withResolvers<undefined>();
      line.push(() => turn.resolve(undefined));
      await turn.promise;
    }
    try {
      return await work();
    } finally {
      const next = line.shift();
      if (next === undefined) running--;
      else next();
    }
  };
}
