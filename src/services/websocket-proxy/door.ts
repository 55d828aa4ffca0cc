import type { KeyObject } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { type Display, type DisplayRules, openDisplay } from './display.ts';
import { Refusal } from './refusal.ts';
import { chooseSubprotocol, type Subprotocol } from './subprotocol.ts';
import { readTarget, type Target } from './target.ts';
import { openTicket } from './ticket.ts';
import type { UsedTickets } from './used-tickets.ts';

export interface DoorParts {
  readonly signer: KeyObject;
  readonly used: UsedTickets;
  readonly rules: DisplayRules;
  readonly now: () => number;
}

/** What a request for a console leads to. */
export interface Admission {
  readonly target: Target;
  readonly display: Display;
  readonly subprotocol: Subprotocol;
}

/** Judges a request and connects to the display that its ticket names. The ticket is used up by that. Throws Refusal. */
export async function admit(request: IncomingMessage, { signer, used, rules, now }: DoorParts): Promise<Admission> {
  const subprotocol = chooseSubprotocol(request.headers['sec-websocket-protocol']);
  if (subprotocol === null) throw new Refusal(400, 'none of the offered subprotocols is known');
  const ticket = openTicket(ticketOf(request.url ?? ''), signer, now());
  const target = readTarget(ticket.data);
  used.use(ticket, now());
  return { target, display: await openDisplay(target, rules), subprotocol };
}

/** The ticket is all that stands behind the first slash; base64 has slashes of its own. */
function ticketOf(url: string): string {
  try {
    return decodeURIComponent(url.slice(1));
  } catch {
    throw new Refusal(403, 'the ticket is not percent-encoded');
  }
}
