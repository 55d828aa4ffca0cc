import { createUsedEnvelopes } from '../frame/used-envelopes.ts';
import type { Ticket } from './ticket.ts';
import { Refusal } from './refusal.ts';

/** Remembers tickets until they expire, so that each opens one console. */
export interface UsedTickets {
  /** Marks a ticket as used. Throws Refusal if it was used before, or if nothing more can be remembered. */
  use(ticket: Ticket, now: number): void;
}

/** Makes a memory that holds nothing yet. It is lost with the process: a ticket may be used again after a restart, for its two minutes. */
export function createUsedTickets(limit?: number): UsedTickets {
  const used = createUsedEnvelopes(1_000, limit);
  return {
    use(ticket, now) {
      const found = used.use(ticket, now);
      if (found === 'used') throw new Refusal(403, 'the ticket has been used before');
      if (found === 'full') throw new Refusal(503, 'too many tickets are valid at once');
    },
  };
}
