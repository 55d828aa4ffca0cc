/** How long a source waits for the answer to a failed login: nothing at first, then longer with every failure. */
export interface Patience {
  /** Notes a failed login. */
  failed(source: string): void;
  /** What its next answer to a failure waits, in milliseconds. */
  delay(source: string): number;
}

const windowMs = 60_000;
const free = 4;
const firstMs = 250;
const longestMs = 4_000;
/** More failures than these make the delay no longer. */
const counted = free + 1 + Math.log2(longestMs / firstMs);
const mostSources = 1_000;

/** Makes the memory of failures. It forgets after a minute, and the source that failed least recently when it is full. */
export function createPatience(now: () => number): Patience {
  const failures = new Map<string, readonly number[]>();
  const recent = (source: string): readonly number[] => (failures.get(source) ?? []).filter((at) => at > now() - windowMs);
  return {
    failed(source) {
      const times = [...recent(source), now()].slice(-counted);
      // Removed first, so that the map stays in the order of the latest failures.
      failures.delete(source);
      failures.set(source, times);
      for (const [oldest, at] of failures) {
        if (failures.size <= mostSources && (at.at(-1) ?? 0) > now() - windowMs) break;
        failures.delete(oldest);
      }
    },
    delay(source) {
      const over = recent(source).length - free;
      return over <= 0 ? 0 : Math.min(firstMs * 2 ** (over - 1), longestMs);
    },
  };
}
