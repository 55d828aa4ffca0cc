import { createAgingMap } from '../../frame/aging-map.ts';
import { inTurns } from '../../frame/in-turn.ts';

/*
 * What is heard of machines, and what is done with them, in one order. Nothing here goes by clocks: those of hosts may be wrong, or set back.
 */

/** A moment in the order in which this engine has heard and done things. */
export type Moment = number;

export interface MachineTurns {
  /** The present moment; each is later than those before. */
  now(): Moment;
  /** Does things with one machine one after the other. */
  within<T>(machine: string, work: () => Promise<T>): Promise<T>;
  /** What was heard of a machine before a moment is overtaken by something that is heard or done then; now, where none is given. */
  overtake(machine: string, moment?: Moment): void;
  /** Whether something was heard or done after a moment. */
  isOvertaken(machine: string, moment: Moment): boolean;
  /** Something new of a machine is stored. */
  publish(machine: string): void;
  /** When that was so last; 0 where nobody knows. */
  news(machine: string): Moment;
  /** Fulfilled as soon as there is more news than was seen, or after so many milliseconds. */
  moreNews(machine: string, seen: Moment, withinMs: number): Promise<void>;
  /** Forgets machines of which nothing was heard or done since this was called last. No answer may be under way for so long. */
  age(): void;
}

export function createMachineTurns(): MachineTurns {
  const turns = new Map<string, { readonly take: ReturnType<typeof inTurns>; waiting: number }>();
  const latest = createAgingMap<Moment>();
  const published = createAgingMap<Moment>();
  const waiting = new Map<string, Set<() => void>>();
  let present: Moment = 0;

  return {
    now: () => ++present,
    async within(machine, work) {
      const turn = turns.get(machine) ?? { take: inTurns(), waiting: 0 };
      turns.set(machine, turn);
      turn.waiting++;
      try {
        return await turn.take(work);
      } finally {
        if (--turn.waiting === 0) turns.delete(machine);
      }
    },
    overtake: (machine, moment = ++present) => latest.set(machine, Math.max(latest.get(machine) ?? 0, moment)),
    isOvertaken: (machine, moment) => (latest.get(machine) ?? 0) > moment,
    publish(machine) {
      published.set(machine, ++present);
      for (const wake of waiting.get(machine) ?? []) wake();
    },
    news: (machine) => published.get(machine) ?? 0,
    async moreNews(machine, seen, withinMs) {
      if ((published.get(machine) ?? 0) > seen) return;
      const { promise, resolve } = Promise.withResolvers<undefined>();
      const wake = (): void => resolve(undefined);
      const all = waiting.get(machine) ?? new Set();
      waiting.set(machine, all.add(wake));
      const timer = setTimeout(wake, withinMs).unref();
      await promise;
      clearTimeout(timer);
      all.delete(wake);
      if (all.size === 0) waiting.delete(machine);
    },
    age() {
      latest.age();
      published.age();
    },
  };
}
