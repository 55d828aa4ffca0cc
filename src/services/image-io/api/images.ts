import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { readContentLength, readContentRange, readRange, within } from '../byte-range.ts';
import { algorithms, readChecksumOrder } from '../checksum.ts';
import { Fault } from '../fault.ts';
import { writeAll } from '../streaming.ts';
import type { Operation } from '../tickets/live-ticket.ts';
import type { Direction, Ticket } from '../tickets/ticket.ts';
import { isTicketId } from '../tickets/ticket.ts';
import type { Tickets } from '../tickets/tickets.ts';
import { type Exchange, type Handler, serving } from './exchange.ts';
import { answerOptions } from './options.ts';
import { readPatch } from './patch.ts';

export interface ImagesParts {
  readonly tickets: Tickets;
  readonly version: string;
  readonly most: Readonly<Record<Direction, number>>;
  /** The address of the local socket that clients on this machine may use instead; null where there is none. */
  readonly localSocket: string | null;
  /** Milliseconds after which a silent connection is cut, where the ticket says nothing else. */
  readonly silenceMs: number;
  /** Told of a connection that has shown a ticket. */
  readonly admitted: (socket: Socket) => void;
  /** Told of a request that was not served. */
  readonly failed: (exchange: Exchange, fault: Fault) => void;
}

/** Serves images to whoever shows a ticket: `/images/ID`, with `/extents` and `/checksum` below, and `/info/`. */
export const serveImages = (parts: ImagesParts): Handler => serving((exchange) => route(exchange, parts), faultOf, parts.failed);

/** What went wrong with an image, as the client is told. */
function faultOf(error: unknown): Fault {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new Fault(507, 'the storage is full; what was sent before is kept, go on from there when there is room', { cause: error });
  return new Fault(500, 'the image cannot be read or written', { cause: error });
}

async function route(exchange: Exchange, parts: ImagesParts): Promise<void> {
  const { method, path } = exchange;
  if (path === '/info' || path === '/info/') return only(exchange, ['GET'], () => exchange.json({ version: parts.version }));
  const [, id = '', below] = /^\/images\/([^/]+)(?:\/(extents|checksum|checksum\/algorithms))?$/.exec(path) ?? [];
  if (id === '') throw new Fault(404, 'there is nothing at this address');
  if (method === 'OPTIONS') {
    const ticket = id === '*' ? null : shown(exchange, id, parts);
    return answerOptions(exchange, ticket, parts);
  }
  if (below === 'checksum/algorithms') return only(exchange, ['GET'], () => exchange.json({ algorithms }));
  if (below === 'extents') return only(exchange, ['GET'], () => withTicket(exchange, id, 'read', parts, sendExtents));
  if (below === 'checksum') return only(exchange, ['GET'], () => withTicket(exchange, id, 'read', parts, sendChecksum));
  return only(exchange, ['GET', 'HEAD', 'PUT', 'PATCH'], () =>
    withTicket(
      exchange,
      id,
      method === 'PUT' || method === 'PATCH' ? 'write' : 'read',
      parts,
      { GET: send, HEAD: sendHead, PUT: receive, PATCH: patch }[method] ?? send,
    ),
  );
}

async function only(exchange: Exchange, methods: readonly string[], work: () => Promise<void> | void): Promise<void> {
  if (!methods.includes(exchange.method))
    throw new Fault(405, `${exchange.method} is not served here`, { headers: { allow: ['OPTIONS', ...methods].join(',') } });
  await work();
}

function shown({ request }: Exchange, id: string, { tickets, admitted }: ImagesParts) {
  // What cannot be a ticket is answered like one that is not there.
  if (!isTicketId(id)) throw new Fault(403, 'there is no such ticket');
  const ticket = tickets.show(id);
  ticket.touch(request.socket);
  admitted(request.socket);
  return ticket;
}

type Work = (exchange: Exchange, ticket: Ticket, operation: Operation, silence: (ms: number) => void) => Promise<void>;

async function withTicket(exchange: Exchange, id: string, direction: Direction, parts: ImagesParts, work: Work): Promise<void> {
  const { request, response } = exchange;
  const live = shown(exchange, id, parts);
  const operation = live.begin(direction, request.socket);
  const { inactivityTimeout } = live.ticket;
  const silence = (ms: number): void => void request.socket.setTimeout(ms);
  silence(inactivityTimeout === undefined ? parts.silenceMs : inactivityTimeout * 1000);
  // A ticket that ends takes an answer with it that is under way: whoever reads it must not think that it is whole.
  operation.signal.addEventListener('abort', () => (response.headersSent ? response.destroy() : undefined));
  try {
    await work(exchange, live.ticket, operation, silence);
  } finally {
    operation.end();
  }
}

function imageHeaders({ filename }: Ticket) {
  const name = filename === undefined ? '' : `; filename="${filename.replace(/[^\x20-\x7e]|["\\]/g, '_')}"`;
  return { 'content-type': 'application/octet-stream', 'content-disposition': `attachment${name}`, 'accept-ranges': 'bytes' };
}

const sendHead: Work = async (exchange, ticket) => {
  exchange.begin(200, { ...imageHeaders(ticket), 'content-length': ticket.size }).end();
};

const send: Work = async ({ request, response, begin }, ticket, operation) => {
  const { range: header } = request.headers;
  const range = readRange(header, ticket.size);
  const { start, length } = range;
  const part = header === undefined ? {} : { 'content-range': `bytes ${start}-${start + length - 1}/${ticket.size}` };
  const image = await operation.image();
  await image.get(
    range,
    () => begin(header === undefined ? 200 : 206, { ...imageHeaders(ticket), ...part, 'content-length': length }),
    operation.signal,
  );
  response.end();
  operation.transferred(start, length);
};

const receive: Work = async (exchange, ticket, operation, silence) => {
  const { request, query } = exchange;
  if (request.headers['transfer-encoding'] !== undefined) throw new Fault(400, 'Content-Length is needed; chunks are not taken');
  const start = readContentRange(request.headers['content-range']);
  const range = within({ start, length: readContentLength(request.headers['content-length']) }, ticket.size);
  const flush = query.get('flush') ?? 'y';
  if (flush !== 'y' && flush !== 'n') throw new Fault(400, 'flush must be y or n');
  const image = await operation.image();
  exchange.wantBody();
  // The disk may be slow when everything has come.
  request.once('end', () => silence(0));
  await image.put(range, request, flush === 'y', operation.transferred, operation.signal);
  exchange.reply(200);
};

const mostPatchBytes = 4096;

const patch: Work = async (exchange, ticket, operation, silence) => {
  const order = readPatch(await exchange.readJson(mostPatchBytes));
  silence(0);
  if (order.op === 'flush') await (await operation.image()).flush(operation.signal);
  else {
    const { start, length } = within(order, ticket.size);
    await (await operation.image()).zero({ start, length }, order.flush, operation.signal);
    operation.transferred(start, length);
  }
  exchange.reply(200);
};

const sendExtents: Work = async ({ query, begin }, ticket, operation, silence) => {
  const context = query.get('context') ?? 'zero';
  if (context !== 'zero' && context !== 'dirty') throw new Fault(400, 'context must be zero or dirty');
  if (context === 'dirty' && !ticket.dirty) throw new Fault(404, 'the ticket is not for what has changed');
  silence(0);
  let response: ServerResponse | null = null;
  for await (const text of (await operation.image()).extents(context, operation.signal)) {
    response ??= begin(200, { 'content-type': 'application/json' });
    await writeAll(response, [Buffer.from(text)]);
  }
  response?.end();
};

const sendChecksum: Work = async (exchange, _ticket, operation, silence) => {
  const order = readChecksumOrder(exchange.query);
  silence(0);
  const checksum = await (await operation.image()).checksum(order, operation.signal);
  exchange.json({ checksum, algorithm: order.algorithm, block_size: order.blockSize });
};
