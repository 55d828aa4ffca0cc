import { errorFields, type Log } from '../frame/log.ts';
import type { Event } from './event.ts';
import { type EventStore, historyKey, type Past } from './event-store.ts';
import { audience, keyOf, type Recipient, type Rule } from './filter.ts';
import { Refused, type Transport } from './transport.ts';
import { createWays, type Delivery, type Outcome } from './ways.ts';

export interface DispatcherParts {
  readonly store: EventStore;
  readonly rules: readonly Rule[];
  readonly transports: ReadonlyMap<string, Transport>;
  /** How often a transport may refuse an event before it is given up. */
  readonly retries: number;
  readonly log: Log;
  /** Aborted when the notifier ends: what is being sent is finished, the rest is left to the next one. */
  readonly signal: AbortSignal;
  /** How long a round waits for a way that is slow, before it goes on without it. */
  readonly patienceMs?: number;
}

export interface Dispatcher {
  /** Tells everybody of everything that is new. Returns whether something is left that has to be tried again. */
  round(): Promise<boolean>;
  /** Tells of an event that stands in no table, once, whether or not it arrives. */
  tell(event: Event): Promise<void>;
  /** Waits for what a round has left behind because it was slow. */
  rest(): Promise<void>;
}

const page = 100;
const never: Past = { sent: false, refusals: 0 };

/**
 * Tells recipients of events. An event counts as sent once the transport has taken it, which is noted at once: after a
 * crash the one that was just being sent may arrive twice, and none is lost.
 */
export function createDispatcher(parts: DispatcherParts): Dispatcher {
  const { store, rules, transports, retries, log, signal, patienceMs = 5_000 } = parts;
  /** Ways that could not be used when they were last tried. */
  const unreachable = new Set<string>();
  const ways = createWays(attempt, patienceMs);

  /** Sends one event to one recipient. Throws what the database does. */
  async function attempt({ event, recipient, transport, past }: Delivery): Promise<Outcome> {
    if (signal.aborted) return 'open';
    const way = transport.way(recipient.address);
    try {
      await transport.send(event, recipient.address);
    } catch (error) {
      if (!(error instanceof Refused)) {
        if (!unreachable.has(way)) log.warning(`${way} cannot be reached, events wait for it`, { error: errorFields(error).error });
        unreachable.add(way);
        return 'unreachable';
      }
      await store.record(event, recipient, error.message);
      const last = past.refusals + 1 >= retries;
      log.warning(last ? 'an event could not be sent' : 'an event was refused and will be tried again', {
        event: event.id,
        recipient: keyOf(recipient),
        error: error.message,
      });
      return last ? 'settled' : 'open';
    }
    if (unreachable.delete(way)) log.info(`${way} can be reached again`);
    await store.record(event, recipient, null);
    log.info('event sent', { event: event.id, name: event.name, recipient: keyOf(recipient) });
    return 'settled';
  }

  /** What is still to be done about some events. */
  async function deliveriesOf(events: readonly Event[], all: readonly Rule[]): Promise<readonly Delivery[]> {
    const history = await store.history(events.map(({ id }) => id));
    return events.flatMap((event) =>
      audience(all, event).flatMap((recipient) => {
        const past = history.get(historyKey(event.id, recipient)) ?? never;
        const transport = transports.get(recipient.transport);
        // Whoever has configured no server wants no mail; the start has told so.
        return transport === undefined || past.sent || past.refusals >= retries ? [] : [{ event, recipient, transport, past }];
      }),
    );
  }

  const tellOne = async (event: Event, recipient: Recipient): Promise<void> => {
    try {
      await transports.get(recipient.transport)?.send(event, recipient.address);
    } catch (error) {
      log.warning(`${event.name} could not be sent`, { recipient: keyOf(recipient), error: errorFields(error).error });
    }
  };

  return {
    async round() {
      // Subscriptions come first, as they always have: what a user wants to know no rule can take away.
      const all = [...(await store.subscriptions()), ...rules];
      const tour = ways.tour();
      let left = false;
      for (let behind = '0'; ;) {
        const events = await store.pending(behind, page);
        const last = events.at(-1);
        if (last === undefined) return left;
        const open = await tour(() => deliveriesOf(events, all));
        if (open.size > 0) left = true;
        await store.finish(events.filter((event) => !open.has(event.id)).map(({ id }) => id));
        if (signal.aborted || events.length < page) return left;
        behind = last.id;
      }
    },
    async tell(event) {
      await Promise.all(audience(rules, event).map((recipient) => tellOne(event, recipient)));
    },
    rest: ways.rest,
  };
}
