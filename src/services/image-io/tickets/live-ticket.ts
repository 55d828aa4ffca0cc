import type { Socket } from 'node:net';
import { Fault } from '../fault.ts';
import type { Image } from '../images/image.ts';
import { createCoverage } from './coverage.ts';
import { type Direction, type Ticket, writes } from './ticket.ts';

/** One request that is at work with a ticket. */
export interface Operation {
  /** The image, open. Throws what keeps it from being opened. */
  image(): Promise<Image>;
  /** Aborted, with a Fault, when the ticket ends under it. */
  readonly signal: AbortSignal;
  /** Counts bytes as transferred. */
  transferred(start: number, length: number): void;
  end(): void;
}

/** A ticket while it can be shown, and what is being done with it. */
export interface LiveTicket {
  readonly ticket: Ticket;
  /** Whether it is being ended. */
  readonly canceled: boolean;
  /** Begins an operation. Throws Fault: the ticket has ended, is for the other direction, or has too many operations. */
  begin(direction: Direction, connection: Socket): Operation;
  /** Throws Fault where the ticket has ended; counts as a sign of life otherwise. */
  touch(connection: Socket): void;
  /** Gives it seconds to live from now on. */
  extend(seconds: number): void;
  /** Cuts operations if the ticket has ended by time. */
  check(): void;
  /** Ends it, and cuts its operations. False: some of them have not ended within the time. */
  cancel(withinMs: number): Promise<boolean>;
  /** As the control interface shows it. */
  state(): object;
}

export interface LiveTicketParts {
  /** Milliseconds of a clock that never goes back. */
  readonly clock: () => number;
  readonly open: (ticket: Ticket) => Promise<Image>;
  /** How many operations of each direction may be at work at once. */
  readonly most: Readonly<Record<Direction, number>>;
}

/** An image stays open for so long between requests: clients send many small ones. */
const lingerMs = 3_000;

/** Makes a ticket live. */
export function createLiveTicket(ticket: Ticket, { clock, open, most }: LiveTicketParts): LiveTicket {
  let expires = clock() + ticket.timeout * 1000;
  let lastSeen = clock();
  let canceled = false;
  const working = new Map<AbortController, Direction>();
  const connections = new Set<Socket>();
  const coverage = createCoverage();
  let idle = Promise.withResolvers<undefined>();
  let image: Promise<Image> | null = null;
  let closing: NodeJS.Timeout | undefined;

  const ended = (): Fault | null => {
    if (canceled) return new Fault(403, 'the ticket was canceled');
    return clock() > expires ? new Fault(403, 'the ticket has expired') : null;
  };
  const touch = (connection: Socket): void => {
    const fault = ended();
    if (fault !== null) throw fault;
    lastSeen = clock();
    if (connections.has(connection)) return;
    connections.add(connection);
    connection.once('close', () => connections.delete(connection));
  };
  const close = async (): Promise<void> => {
    clearTimeout(closing);
    const closes = image;
    image = null;
    await closes?.then((opened) => opened.close()).catch(() => undefined);
  };
  const opened = (): Promise<Image> => {
    image ??= open(ticket);
    const mine = image;
    // One that could not be opened is tried anew with the next request.
    mine.catch(() => (image = image === mine ? null : image));
    return mine;
  };
  const cut = (fault: Fault): void => {
    for (const controller of working.keys()) controller.abort(fault);
  };

  return {
    ticket,
    get canceled() {
      return canceled;
    },
    touch,
    begin(direction, connection) {
      touch(connection);
      if (direction === 'write' && !writes(ticket)) throw new Fault(403, 'the ticket is for reading');
      const alike = [...working.values()].filter((each) => each === direction).length;
      if (alike >= most[direction])
        throw new Fault(503, `${alike} requests of this kind are at work with the ticket already`, { headers: { 'retry-after': '1' } });
      clearTimeout(closing);
      const controller = new AbortController();
      working.set(controller, direction);
      return {
        image: opened,
        signal: controller.signal,
        transferred(start, length) {
          lastSeen = clock();
          if (direction === (writes(ticket) ? 'write' : 'read')) coverage.add(start, length);
        },
        end() {
          if (!working.delete(controller)) return;
          lastSeen = clock();
          if (working.size > 0) return;
          idle.resolve(undefined);
          idle = Promise.withResolvers();
          if (ended() !== null) void close();
          else closing = setTimeout(() => void close(), lingerMs).unref();
        },
      };
    },
    extend(seconds) {
      expires = clock() + seconds * 1000;
    },
    check() {
      const fault = ended();
      if (fault !== null) cut(fault);
    },
    async cancel(withinMs) {
      canceled = true;
      cut(new Fault(403, 'the ticket was canceled'));
      if (working.size > 0) {
        const limit = Promise.withResolvers<undefined>();
        const timer = setTimeout(() => limit.resolve(undefined), withinMs);
        await Promise.race([idle.promise, limit.promise]);
        clearTimeout(timer);
      }
      if (working.size > 0) return false;
      // Whoever has ended a ticket goes on to move or remove its image: nothing holds that any more.
      await close();
      return true;
    },
    state: () => ({
      uuid: ticket.uuid,
      size: ticket.size,
      url: ticket.url,
      timeout: ticket.timeout,
      ops: ticket.ops,
      sparse: ticket.sparse,
      dirty: ticket.dirty,
      ...(ticket.filename === undefined ? {} : { filename: ticket.filename }),
      ...(ticket.transferId === undefined ? {} : { transfer_id: ticket.transferId }),
      ...(ticket.inactivityTimeout === undefined ? {} : { inactivity_timeout: ticket.inactivityTimeout }),
      active: working.size > 0,
      canceled,
      connections: connections.size,
      expires: Math.floor(expires / 1000),
      idle_time: working.size > 0 ? 0 : Math.floor((clock() - lastSeen) / 1000),
      ...(ticket.ops.length === 1 ? { transferred: coverage.bytes } : {}),
    }),
  };
}
