import { createHash } from 'node:crypto';
import { Fault } from '../fault.ts';
import { type LiveTicket, type LiveTicketParts, createLiveTicket } from './live-ticket.ts';
import type { Ticket } from './ticket.ts';

/** All tickets that can be shown. They are lost with the process; the engine puts them again. */
export interface Tickets {
  /** Adds a ticket. The very same one may be put again, which prolongs it; another of its name is refused. Throws Fault. */
  put(ticket: Ticket): void;
  /** Throws Fault where there is none of that name. */
  get(id: string): LiveTicket;
  /** Throws Fault where there is none, for clients: they learn no more than that. */
  show(id: string): LiveTicket;
  /** Ends a ticket; one that is not there has ended already. Throws Fault while requests go on with it. */
  remove(id: string): Promise<void>;
  /** Ends all. */
  removeAll(): Promise<void>;
  /** Ends all, and looks after none any more. */
  close(): Promise<void>;
}

export interface TicketsParts extends LiveTicketParts {
  /** How long a removal waits for requests that are at work, in milliseconds. */
  readonly removeWithinMs: number;
}

/** Many more than transfers go on at once; what is put is never looked through for those that have ended. */
const mostTickets = 10_000;
const checkEveryMs = 1_000;

/** What a ticket is, but for its time. */
const essence = ({ timeout: _timeout, ...rest }: Ticket): string => JSON.stringify(rest, Object.keys(rest).sort());

export function createTickets(parts: TicketsParts): Tickets {
  // By a digest: how long a search takes tells nothing about names that come near.
  const live = new Map<string, LiveTicket>();
  const keyOf = (id: string): string => createHash('sha256').update(id.toLowerCase()).digest('base64');
  const checking = setInterval(() => {
    for (const each of live.values()) each.check();
  }, checkEveryMs).unref();

  const end = async (key: string): Promise<void> => {
    const found = live.get(key);
    if (found === undefined) return;
    if (!(await found.cancel(parts.removeWithinMs))) throw new Fault(409, 'requests are still at work with the ticket');
    if (live.get(key) === found) live.delete(key);
  };
  const removeAll = async (): Promise<void> => {
    const results = await Promise.allSettled([...live.keys()].map(end));
    const failed = results.find((result) => result.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  };
  return {
    put(ticket) {
      const key = keyOf(ticket.uuid);
      const found = live.get(key);
      if (found !== undefined) {
        if (found.canceled || essence(found.ticket) !== essence(ticket))
          throw new Fault(409, 'a different ticket of this name is there; remove it first');
        found.extend(ticket.timeout);
        return;
      }
      if (live.size >= mostTickets) throw new Fault(503, `${mostTickets} tickets are there already`);
      live.set(key, createLiveTicket(ticket, parts));
    },
    get(id) {
      const found = live.get(keyOf(id));
      if (found === undefined) throw new Fault(404, 'there is no such ticket');
      return found;
    },
    show(id) {
      const found = live.get(keyOf(id));
      if (found === undefined) throw new Fault(403, 'there is no such ticket');
      return found;
    },
    remove: (id) => end(keyOf(id)),
    removeAll,
    async close() {
      clearInterval(checking);
      await removeAll();
    },
  };
}
