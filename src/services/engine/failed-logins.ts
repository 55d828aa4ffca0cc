/** The failed logins that share one row of the audit log. */
export interface Tally {
  /** Whose they are; null for the names of a source that had no place any more. */
  readonly userName: string | null;
  count: number;
  /** Ends with the last write of the row, and gives its id. */
  row: Promise<string> | null;
}

const windowMs = 60_000;
const mostNames = 10;
const mostSources = 1_000;

interface Minute {
  readonly until: number;
  readonly byName: Map<string | null, Tally>;
}

/**
 * Counts failed logins by name and source, each for a minute. A source that tries many names, each for the first time, gets
 * one tally for all names beyond the first ten: strangers must not be able to fill the table.
 */
export function createFailedLogins(now: () => number): (userName: string, source: string) => Tally {
  const minutes = new Map<string, Minute>();

  function minuteOf(source: string): Minute {
    const running = minutes.get(source);
    if (running !== undefined && running.until > now()) return running;
    minutes.delete(source);
    for (const [oldest, { until }] of minutes) {
      if (minutes.size < mostSources && until > now()) break;
      minutes.delete(oldest);
    }
    const begun: Minute = { until: now() + windowMs, byName: new Map() };
    minutes.set(source, begun);
    return begun;
  }

  return (userName, source) => {
    const { byName } = minuteOf(source);
    const key = byName.has(userName) || byName.size < mostNames ? userName : null;
    const tally = byName.get(key) ?? { userName: key, count: 0, row: null };
    byName.set(key, tally);
    tally.count++;
    return tally;
  };
}
