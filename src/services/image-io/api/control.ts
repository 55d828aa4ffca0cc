import { Fault } from '../fault.ts';
import { type Places, readPlace } from '../images/open.ts';
import { isTicketId, readTicket, readTimeout } from '../tickets/ticket.ts';
import type { Tickets } from '../tickets/tickets.ts';
import { type Exchange, type Handler, serving } from './exchange.ts';

export interface ControlParts {
  readonly tickets: Tickets;
  readonly places: Places;
  /** Told of a request that was not served. */
  readonly failed: (exchange: Exchange, fault: Fault) => void;
}

const mostTicketBytes = 64 * 1024;

/** Serves tickets to the engine or the agent of a host: `/tickets/ID`. */
export const serveControl = (parts: ControlParts): Handler => serving((exchange) => route(exchange, parts), faultOf, parts.failed);

const faultOf = (error: unknown): Fault => new Fault(500, 'the ticket cannot be looked after', { cause: error });

async function route(exchange: Exchange, { tickets, places }: ControlParts): Promise<void> {
  const { method, path } = exchange;
  const [, id] = /^\/tickets\/([^/]*)$/.exec(path) ?? [];
  if (id === undefined) throw new Fault(404, 'there is nothing at this address');
  if (method === 'DELETE') {
    await (id === '' ? tickets.removeAll() : tickets.remove(id));
    return exchange.reply(204);
  }
  if (method !== 'PUT' && method !== 'GET' && method !== 'PATCH')
    throw new Fault(405, `${method} is not served here`, { headers: { allow: 'GET,PUT,PATCH,DELETE' } });
  if (!isTicketId(id)) throw new Fault(method === 'PUT' ? 400 : 404, 'the name of a ticket is a UUID');
  if (method === 'GET') return exchange.json(tickets.get(id).state());
  const body = await exchange.readJson(mostTicketBytes);
  if (method === 'PATCH') tickets.get(id).extend(readTimeout(body));
  else {
    const ticket = readTicket(body, id);
    readPlace(ticket.url, places);
    tickets.put(ticket);
  }
  exchange.reply(200);
}
