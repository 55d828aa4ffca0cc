import { errorFields, type Log } from '../../frame/log.ts';
import { askLocally } from '../../frame/local-request.ts';
import { AgentFailure } from '../agents/agent-failure.ts';
import type { Agent } from '../agents/agent.ts';
import { byteCountOf, flagOf, numberOf, objectOf } from '../agents/hostile.ts';
import type { Asking } from '../commands/command.ts';

/** What lets a client at an image, at the host and, with another address, at the proxy. */
export interface ImageTicket {
  readonly uuid: string;
  readonly size: number;
  readonly url: string;
  readonly ops: readonly ['read'] | readonly ['write'];
  readonly filename?: string;
  readonly transfer_id: string;
  readonly sparse: boolean;
  readonly inactivity_timeout?: number;
}

/** What the daemon says of a ticket. */
export interface TicketState {
  readonly sent: number;
  readonly active: boolean;
  readonly idleSeconds: number;
}

/** Seconds that a ticket lives, unless it is prolonged. */
export const lifeSeconds = 300;
/** A daemon waits for requests that are at work when a ticket is removed. */
const removeWithinMs = 120_000;

const codes = { notPut: 481, unknown: 484 } as const;

/** Whether a daemon does not know a ticket: it was started anew, for instance. */
export const isUnknownTicket = (error: unknown): boolean => error instanceof AgentFailure && error.code === codes.unknown;

/** Tickets at the daemon of a host. The same one may be put again, which prolongs it. */
export const hostTickets = {
  put: (agent: Agent, ticket: ImageTicket, asking: Asking): Promise<unknown> =>
    agent.call('Host.add_image_ticket', { ticket: { ...ticket, timeout: lifeSeconds } }, asking),

  async state(agent: Agent, uuid: string, asking: Asking): Promise<TicketState> {
    const said = objectOf(await agent.call('Host.get_image_ticket', { uuid }, asking));
    return {
      sent: byteCountOf(said['transferred']) ?? 0,
      active: flagOf(said['active']) ?? false,
      idleSeconds: numberOf(said['idle_time']) ?? 0,
    };
  },

  extend: (agent: Agent, uuid: string, asking: Asking): Promise<unknown> =>
    agent.call('Host.extend_image_ticket', { uuid, timeout: lifeSeconds }, asking),

  /** Throws while requests are at work with it. */
  remove: (agent: Agent, uuid: string, asking: Asking): Promise<unknown> =>
    agent.call('Host.remove_image_ticket', { uuid }, { ...asking, timeoutMs: removeWithinMs }),
};

/** Tickets at the proxy, which stands beside the engine. Clients can do without it, so that it is away is only logged. */
export interface ProxyTickets {
  /** Puts a ticket, or prolongs it. */
  put(ticket: ImageTicket): Promise<void>;
  remove(uuid: string): Promise<void>;
}

/**
 * The tickets of the proxy behind a socket; null where there is no proxy.
 * @param socket where it takes tickets
 */
export function proxyTickets(socket: string | null, log: Log): ProxyTickets | null {
  if (socket === null) return null;
  async function ask(method: 'PUT' | 'DELETE', uuid: string, body?: object): Promise<void> {
    try {
      const { status, body: said } = await askLocally(socket ?? '', method, `/tickets/${uuid}`, { body, timeoutMs: removeWithinMs });
      if (status >= 300) log.warning('the image proxy refuses a ticket', { method, status, reason: said.trim() });
    } catch (error) {
      log.warning('the image proxy cannot be reached', { method, ...errorFields(error) });
    }
  }
  return {
    put: (ticket) => ask('PUT', ticket.uuid, { ...ticket, timeout: lifeSeconds }),
    remove: (uuid) => ask('DELETE', uuid),
  };
}
