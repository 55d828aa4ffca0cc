import { Refusal } from '../http/refusal.ts';

/** On whose behalf a password is checked. */
export interface Asker {
  /** Where the attempt comes from. */
  readonly source: string;
  /** The user name as given. */
  readonly name: string;
}

/** Runs the check of a password when its turn comes. */
export type PasswordQueue = <T>(asker: Asker, check: () => Promise<T>) => Promise<T>;

export interface QueueLimits {
  readonly atOnce: number;
  readonly waiting: number;
  readonly perSource: { readonly atOnce: number; readonly waiting: number };
}

interface Turn {
  begin(): void;
  refuse(error: Refusal): void;
}

interface Source {
  running: number;
  waiting: number;
  /** Who waits, by user name. The order of the map is that of the next turns, as it is in the map of sources. */
  readonly names: Map<string, Turn[]>;
}

const busyHere = () => new Refusal(429, 'Too many logins from your address at the same time.', { 'retry-after': '1' });
const busyAtAll = () => new Refusal(503, 'Too many logins at the same time.', { 'retry-after': '2' });

/**
 * Lets sources take turns, and the user names within a source. When no more may wait, the attempt that has waited longest is
 * turned away (429, or 503 when it is the whole queue that is full) from the name, and the source, that has the most waiting: so
 * whoever floods the queue displaces its own attempts.
 */
export function createPasswordQueue({ atOnce, waiting, perSource }: QueueLimits): PasswordQueue {
  const sources = new Map<string, Source>();
  let running = 0;
  let allWaiting = 0;

  function refuseOldest(key: string, source: Source, error: Refusal): void {
    const [name, line] = longest(source.names, (turns) => turns.length);
    source.waiting--;
    allWaiting--;
    line.shift()?.refuse(error);
    if (line.length === 0) source.names.delete(name);
    forgetIdle(key, source);
  }

  function forgetIdle(key: string, source: Source): void {
    if (source.running === 0 && source.waiting === 0) sources.delete(key);
  }

  function wait({ source: key, name }: Asker, source: Source): Promise<void> {
    const turn = Promise.withResolvers<undefined>();
    const line = source.names.get(name) ?? [];
    source.names.set(name, line);
    line.push({ begin: () => turn.resolve(undefined), refuse: turn.reject });
    source.waiting++;
    allWaiting++;
    if (source.waiting > perSource.waiting) refuseOldest(key, source, busyHere());
    else if (allWaiting > waiting) refuseOldest(...longest(sources, (one) => one.waiting), busyAtAll());
    return turn.promise;
  }

  function beginNext(): void {
    for (const [key, source] of sources) {
      if (running >= atOnce) return;
      const [first] = source.names;
      if (first === undefined || source.running >= perSource.atOnce) continue;
      const [name, line] = first;
      source.running++;
      running++;
      source.waiting--;
      allWaiting--;
      line.shift()?.begin();
      source.names.delete(name);
      if (line.length > 0) source.names.set(name, line);
      // To the end of the map, where this loop comes to it again.
      sources.delete(key);
      sources.set(key, source);
    }
  }

  return async (asker, check) => {
    const source = sources.get(asker.source) ?? { running: 0, waiting: 0, names: new Map<string, Turn[]>() };
    sources.set(asker.source, source);
    const turn = wait(asker, source);
    beginNext();
    await turn;
    try {
      return await check();
    } finally {
      source.running--;
      running--;
      forgetIdle(asker.source, source);
      beginNext();
    }
  };
}

/** The entry with the highest measure; of equal ones the first. */
function longest<Value>(entries: ReadonlyMap<string, Value>, measure: (value: Value) => number): readonly [string, Value] {
  return [...entries].reduce((most, entry) => (measure(entry[1]) > measure(most[1]) ? entry : most));
}
