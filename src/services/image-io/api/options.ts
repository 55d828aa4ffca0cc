import type { LiveTicket } from '../tickets/live-ticket.ts';
import { type Direction, writes } from '../tickets/ticket.ts';
import type { Exchange } from './exchange.ts';

/** Answers what can be done: with a ticket, or (without one) at all. */
export function answerOptions(
  exchange: Exchange,
  ticket: LiveTicket | null,
  { most, localSocket }: { readonly most: Readonly<Record<Direction, number>>; readonly localSocket: string | null },
): void {
  const canWrite = ticket === null || writes(ticket.ticket);
  exchange.json(
    {
      features: canWrite ? ['checksum', 'extents', 'flush', 'zero'] : ['checksum', 'extents'],
      ...(ticket === null ? {} : { max_readers: most.read, max_writers: most.write }),
      ...(localSocket === null ? {} : { unix_socket: localSocket }),
    },
    { allow: canWrite ? 'OPTIONS,GET,PUT,PATCH' : 'OPTIONS,GET' },
  );
}
