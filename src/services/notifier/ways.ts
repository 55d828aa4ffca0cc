import { setTimeout as sleep } from 'node:timers/promises';
import type { Event } from './event.ts';
import type { Past } from './event-store.ts';
import type { Recipient } from './filter.ts';
import type { Transport } from './transport.ts';

/** One event for one recipient. */
export interface Delivery {
  readonly event: Event;
  readonly recipient: Recipient;
  readonly transport: Transport;
  readonly past: Past;
}

/** What became of a delivery: nothing more is to be done, it has to be tried again, or nothing at all goes this way at present. */
export type Outcome = 'settled' | 'open' | 'unreachable';

/**
 * Sends what `read` finds, each way by itself and in order, and returns the events of which something is left. A way that
 * was slow or out of reach is not used again by the same tour. Rejects with what `read` or `attempt` throws.
 */
export type Tour = (read: () => Promise<readonly Delivery[]>) => Promise<ReadonlySet<string>>;

export interface Ways {
  /** Begins a pass over all events. */
  tour(): Tour;
  /** Waits for everything that is under way. */
  rest(): Promise<void>;
}

const wayOf = ({ transport, recipient }: Delivery): string => transport.way(recipient.address);

/** Makes the ways to recipients. What takes longer than `patienceMs` goes on, but nobody waits for it. */
export function createWays(attempt: (delivery: Delivery) => Promise<Outcome>, patienceMs: number): Ways {
  const busy = new Map<string, Promise<void>>();

  const start = (way: string, work: Promise<void>): Promise<void> => {
    const job = work.finally(() => busy.delete(way));
    busy.set(way, job);
    return job;
  };

  return {
    tour() {
      const closed = new Set<string>();
      return async (read) => {
        // What is under way may be settled after the past was read, and would be sent again: so this is asked before.
        const blocked = new Set([...closed, ...busy.keys()]);
        const deliveries = await read();
        const open = new Set(deliveries);
        const send = async (way: string, own: readonly Delivery[]): Promise<void> => {
          for (const delivery of own) {
            const outcome = await attempt(delivery);
            if (outcome === 'settled') open.delete(delivery);
            if (outcome === 'unreachable') return void closed.add(way);
          }
        };
        const jobs = [...Map.groupBy(deliveries, wayOf)].flatMap(([way, own]) => (blocked.has(way) ? [] : [start(way, send(way, own))]));
        await within(Promise.all(jobs), patienceMs);
        for (const way of busy.keys()) closed.add(way);
        return new Set([...open].map(({ event }) => event.id));
      };
    },
    async rest() {
      await Promise.allSettled(busy.values());
    },
  };
}

/** Waits for work, but not longer than so. Rejects with what the work throws meanwhile. */
async function within(work: Promise<unknown>, ms: number): Promise<void> {
  const limit = new AbortController();
  try {
    await Promise.race([work, sleep(ms, undefined, { signal: limit.signal })]);
  } finally {
    limit.abort();
  }
}
