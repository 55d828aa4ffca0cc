import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { Fault } from '../fault.ts';
import { inBatches } from '../streaming.ts';
import { corsHeaders } from './cors.ts';

/** One request and its answer. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Answers with a text or nothing. */
  reply(status: number, body?: string, headers?: OutgoingHttpHeaders): void;
  json(value: unknown, headers?: OutgoingHttpHeaders): void;
  /** Begins an answer whose bytes follow. */
  begin(status: number, headers: OutgoingHttpHeaders): ServerResponse;
  /** Has a client that waits for it send its body. */
  wantBody(): void;
  /** Reads a body of JSON. Throws Fault. */
  readJson(mostBytes: number): Promise<unknown>;
  /** Answers with what went wrong, or cuts an answer that has begun. The connection is closed after that: what follows on it is not known. */
  fail(fault: Fault): void;
}

/** @param waits whether the client waits to be told to send its body (`Expect: 100-continue`) */
export type Handler = (request: IncomingMessage, response: ServerResponse, waits: boolean) => void;

/**
 * Makes what serves requests by a route, which may throw Fault.
 * @param faultOf what a client is told of anything else that is thrown
 * @param failed told of a request that was not served
 */
export const serving =
  (
    route: (exchange: Exchange) => Promise<void>,
    faultOf: (error: unknown) => Fault,
    failed: (exchange: Exchange, fault: Fault) => void,
  ): Handler =>
  (request, response, waits) => {
    const exchange = createExchange(request, response, waits);
    route(exchange).catch((error: unknown) => {
      const fault = error instanceof Fault ? error : faultOf(error);
      failed(exchange, fault);
      exchange.fail(fault);
    });
  };

/** A client that still sends when it is told of a fault has so long to hear of it. */
const lingerMs = 5_000;

const base = 'https://any';
/** What cannot be read as an address, `//` for instance, leads nowhere, as the root does. */
const addressOf = (url: string): URL => (URL.canParse(url, base) ? new URL(url, base) : new URL(base));

function createExchange(request: IncomingMessage, response: ServerResponse, waits: boolean): Exchange {
  // A client that goes away ends the work by the streams; nobody else has to hear of it.
  request.on('error', () => undefined);
  response.on('error', () => undefined);
  const { pathname, searchParams } = addressOf(request.url ?? '/');
  const cors = corsHeaders(request);
  let mayCome = !waits;
  const hasEnded = (): boolean => request.complete || !mayCome;

  const exchange: Exchange = {
    request,
    response,
    method: request.method ?? '',
    path: pathname,
    query: searchParams,
    reply(status, body = '', headers = {}) {
      const kind = body === '' ? {} : { 'content-type': 'text/plain; charset=UTF-8' };
      const length = status === 204 ? {} : { 'content-length': Buffer.byteLength(body) };
      exchange.begin(status, { ...kind, ...length, ...headers }).end(body);
    },
    json: (value, headers = {}) => exchange.reply(200, JSON.stringify(value), { 'content-type': 'application/json', ...headers }),
    begin(status, headers) {
      response.writeHead(status, { ...cors, ...(searchParams.get('close') === 'y' ? { connection: 'close' } : {}), ...headers });
      return response;
    },
    wantBody() {
      if (!mayCome) response.writeContinue();
      mayCome = true;
    },
    async readJson(mostBytes) {
      exchange.wantBody();
      const pieces: Buffer[] = [];
      let bytes = 0;
      // A loop over the stream would end it, and the answer with it, when the body is too long.
      await inBatches(request, AbortSignal.any([]), async (batch, count) => {
        bytes += count;
        if (bytes > mostBytes) throw new Fault(413, `the body is longer than ${mostBytes} bytes`);
        pieces.push(...batch);
      });
      try {
        return JSON.parse(Buffer.concat(pieces).toString()) as unknown;
      } catch {
        throw new Fault(400, 'the body is not JSON');
      }
    },
    fail({ status, message, headers }) {
      // Nobody is there to hear it, or somebody who hears something else already.
      if (response.headersSent || response.destroyed || response.socket === null) return void response.destroy();
      const body = `${message}\n`;
      const head = {
        ...cors,
        'content-type': 'text/plain; charset=UTF-8',
        'content-length': Buffer.byteLength(body),
        ...headers,
        connection: 'close',
      };
      response.writeHead(status, head);
      if (hasEnded()) return void response.end(body);
      // Closing now would throw the answer away with what the client still sends. It has the whole answer without our end of it.
      response.write(body);
      const end = (): void => void response.end(() => request.socket.destroySoon());
      const limit = setTimeout(end, lingerMs).unref();
      request
        .resume()
        .once('close', () => clearTimeout(limit))
        .once('end', end);
    },
  };
  return exchange;
}
