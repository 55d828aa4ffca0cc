import { type LiveTicket } from '../tickets/live-ticket.ts';
import { writes } from '../tickets/ticket.ts';
import type { Exchange } from './exchange.ts';
import type { ImagesParts } from './images.ts';

/** Answers what can be done: with a ticket, or (without one) at all. */
export function answerOptions(exchange: Exchange, ticket: LiveTicket | null, { most, localSocket }: ImagesParts): void {
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
