import type { Ticket } from './ticket.ts';
import { Refusal } from './refusal.ts';

/** Remembers tickets until they expire, so that each opens one console. */
export interface UsedTickets {
  /** Marks a ticket as used. Throws Refusal if it was used before, or if nothing more can be remembered. */
  use(ticket: Ticket, now: number): void;
}

/** How many tickets can be remembered at once: what is forgotten could be used again, so a full memory refuses. */
const mostTickets = 100_000;

/** Makes a memory that holds nothing yet. It is lost with the process: a ticket may be used again after a restart, for its two minutes. */
export function createUsedTickets(limit = mostTickets): UsedTickets {
  const until = new Map<string, number>();
  let nextSweep = 0;
  const sweep = (now: number): void => {
    for (const [id, validTo] of until) if (validTo + 1_000 < now) until.delete(id);
    nextSweep = now + 60_000;
  };
  return {
    use({ id, validTo }, now) {
      if (now >= nextSweep) sweep(now);
      if (until.has(id)) throw new Refusal(403, 'the ticket has been used before');
      if (until.size >= limit) sweep(now);
      if (until.size >= limit) throw new Refusal(503, 'too many tickets are valid at once');
      until.set(id, validTo);
    },
  };
}
