import { errorFields, type Log } from '../frame/log.ts';
import type { Event } from './event.ts';
import { type EventStore, historyKey, type Past } from './event-store.ts';
import { audience, keyOf, type Recipient, type Rule } from './filter.ts';
import { Refused, type Transport } from './transport.ts';

export interface DispatcherParts {
  readonly store: EventStore;
  readonly rules: readonly Rule[];
  readonly transports: ReadonlyMap<string, Transport>;
  /** How often a transport may refuse an event before it is given up. */
  readonly retries: number;
  readonly log: Log;
  /** Aborted when the notifier ends: what is being sent is finished, the rest is left to the next one. */
  readonly signal: AbortSignal;
}

export interface Dispatcher {
  /** Tells everybody of everything that is new. Returns whether something is left that has to be tried again. */
  round(): Promise<boolean>;
  /** Tells of an event that stands in no table, once, whether or not it arrives. */
  tell(event: Event): Promise<void>;
}

const page = 100;
const never: Past = { sent: false, refusals: 0 };

/**
 * Tells recipients of events. An event counts as sent once the transport has taken it, which is noted at once: after a
 * crash the one that was just being sent may arrive twice, and none is lost.
 */
export function createDispatcher({ store, rules, transports, retries, log, signal }: DispatcherParts): Dispatcher {
  /** Transports that could not be reached when they were last tried. */
  const unreachable = new Set<string>();

  /** Sends one event to one recipient. Returns whether that is settled; `down` keeps a round from waiting for the same transport twice. */
  async function attempt(event: Event, recipient: Recipient, past: Past, down: Set<string>): Promise<boolean> {
    const { transport: name, address } = recipient;
    const transport = transports.get(name);
    // Whoever has configured no server wants no mail; the start has told so.
    if (transport === undefined || past.sent || past.refusals >= retries) return true;
    if (down.has(name)) return false;
    try {
      await transport.send(event, address);
    } catch (error) {
      if (!(error instanceof Refused)) {
        down.add(name);
        if (!unreachable.has(name)) log.warning(`${name} cannot be reached, events wait for it`, { error: errorFields(error).error });
        unreachable.add(name);
        return false;
      }
      await store.record(event, recipient, error.message);
      const last = past.refusals + 1 >= retries;
      log.warning(last ? 'an event could not be sent' : 'an event was refused and will be tried again', {
        event: event.id,
        recipient: keyOf(recipient),
        error: error.message,
      });
      return last;
    }
    if (unreachable.delete(name)) log.info(`${name} can be reached again`);
    await store.record(event, recipient, null);
    log.info('event sent', { event: event.id, name: event.name, recipient: keyOf(recipient) });
    return true;
  }

  return {
    async round() {
      // Subscriptions come first, as they always have: what a user wants to know no rule can take away.
      const all = [...(await store.subscriptions()), ...rules];
      const down = new Set<string>();
      let left = false;
      for (let behind = '0'; ;) {
        const events = await store.pending(behind, page);
        const history = events.length === 0 ? new Map<string, Past>() : await store.history(events.map(({ id }) => id));
        const settled: string[] = [];
        for (const event of events) {
          let open = false;
          for (const recipient of audience(all, event)) {
            const past = history.get(historyKey(event.id, recipient)) ?? never;
            if (signal.aborted || !(await attempt(event, recipient, past, down))) open = true;
          }
          if (open) left = true;
          else settled.push(event.id);
          behind = event.id;
        }
        await store.finish(settled);
        if (signal.aborted || events.length < page) return left;
      }
    },
    async tell(event) {
      for (const recipient of audience(rules, event)) {
        await transports
          .get(recipient.transport)
          ?.send(event, recipient.address)
          .catch((error: unknown) =>
            log.warning(`${event.name} could not be sent`, { recipient: keyOf(recipient), error: errorFields(error).error }),
          );
      }
    },
  };
}
