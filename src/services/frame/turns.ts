/** Has work on one thing done one after the other, while work on other things goes on. */
export interface Turns {
  /** @param keys what the work needs for itself */
  take<T>(keys: readonly string[], work: () => Promise<T>): Promise<T>;
  /** Whether somebody has it, or waits for it. */
  isTaken(key: string): boolean;
}

/** Makes turns. Whoever needs several things waits for all of them at once, so that no two wait for each other. */
export function createTurns(): Turns {
  const last = new Map<string, Promise<unknown>>();
  return {
    take(keys, work) {
      const before = Promise.all(keys.map(async (key) => last.get(key)));
      const mine = before.then(work);
      const settled = mine.catch(() => undefined);
      for (const key of keys) last.set(key, settled);
      void settled.then(() => {
        for (const key of keys) if (last.get(key) === settled) last.delete(key);
      });
      return mine;
    },
    isTaken: (key) => last.has(key),
  };
}
