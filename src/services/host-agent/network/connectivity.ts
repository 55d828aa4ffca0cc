import type { Call } from '../verbs.ts';

/** Knows whether the engine still reaches this host. */
export interface Connectivity {
  /** The engine has called. */
  heard(call: Call): void;
  /**
   * Waits until it calls over a connection that is made from now on: one that was there before proves nothing, nor does one from this machine.
   * @returns false when it did not until the signal
   */
  proven(signal: AbortSignal): Promise<boolean>;
}

/** @param clock milliseconds, as connections are told by */
export function createConnectivity(clock: () => number): Connectivity {
  const waiting = new Set<(call: Call) => void>();
  return {
    heard(call) {
      for (const one of waiting) one(call);
    },
    proven(signal) {
      const from = clock();
      const { promise, resolve } = Promise.withResolvers<boolean>();
      const take = ({ connection }: Call): void => {
        if (connection !== undefined && connection.since >= from && !connection.isOfThisMachine) resolve(true);
      };
      const giveUp = (): void => resolve(false);
      waiting.add(take);
      if (signal.aborted) giveUp();
      signal.addEventListener('abort', giveUp, { once: true });
      return promise.finally(() => {
        waiting.delete(take);
        signal.removeEventListener('abort', giveUp);
      });
    },
  };
}
