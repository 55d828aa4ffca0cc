import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { errorFields, type Log } from '../../frame/log.ts';
import { badRequest, Fault, faultBody, faultOf } from './fault.ts';

/** A request as both services see it. */
export interface Request {
  readonly method: string;
  /** The words of the address behind its first one, which is the version, whatever it is. */
  readonly path: readonly string[];
  readonly query: URLSearchParams;
  /** The header X-Auth-Token. */
  readonly token: string | undefined;
  /** Reads the body as a JSON object; none is an empty one. */
  readonly body: () => Promise<Readonly<Record<string, unknown>>>;
}

/** An answer; without a body where there is nothing to say. */
export interface Answer {
  readonly status: number;
  readonly body?: object;
}

export type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

const longestBody = 256 * 1024;

/** Makes what answers requests: everything thrown becomes a fault, and what is unexpected stands in the log under a number. */
export function createHandler(answer: (request: Request) => Promise<Answer>, log: Log): Handler {
  return async (incoming, response) => {
    // A client that goes away in the middle is no reason to say anything.
    incoming.on('error', () => undefined);
    response.on('error', () => undefined);
    let result: Answer;
    try {
      result = await answer(requestOf(incoming));
    } catch (error) {
      // Nobody is there any more who could be told.
      if (incoming.errored !== null) return void response.destroy();
      const fault = faultOf(error) ?? unexpected(error, log);
      result = { status: fault.status, body: faultBody(fault) };
    }
    send(response, incoming, result);
  };
}

function send(response: ServerResponse, incoming: IncomingMessage, { status, body }: Answer): void {
  const text = body === undefined ? '' : JSON.stringify(body);
  response.writeHead(status, {
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    ...(status === 204 ? {} : { 'content-length': Buffer.byteLength(text) }),
    ...(status === 401 ? { 'www-authenticate': 'Keystone' } : {}),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    // A body that was not read to its end would be taken for the next request.
    ...(incoming.complete ? {} : { connection: 'close' }),
  });
  response.end(incoming.method === 'HEAD' ? undefined : text);
}

function unexpected(error: unknown, log: Log): Fault {
  const id = randomUUID();
  log.error('internal error', { id, ...errorFields(error) });
  return new Fault(500, `Internal error ${id}. The log of the provider says more under this number.`);
}

function requestOf(incoming: IncomingMessage): Request {
  const { pathname, searchParams } = addressOf(incoming.url ?? '/');
  const token = incoming.headers['x-auth-token'];
  return {
    method: incoming.method ?? 'GET',
    path: pathname
      .replace(/\.json$/, '')
      .split('/')
      .filter((word) => word !== '')
      .slice(1)
      .map(decoded),
    query: searchParams,
    token: typeof token === 'string' ? token : undefined,
    body: () => readBody(incoming),
  };
}

function addressOf(url: string): URL {
  try {
    return new URL(url, 'https://provider');
  } catch {
    throw badRequest('The address is none.');
  }
}

function decoded(word: string): string {
  try {
    return decodeURIComponent(word);
  } catch {
    throw badRequest('The address is not percent-encoded.');
  }
}

async function readBody(incoming: IncomingMessage): Promise<Readonly<Record<string, unknown>>> {
  const chunks: Buffer[] = [];
  let length = 0;
  // A loop that ends early would end the connection as well, and the answer with it.
  for await (const chunk of incoming.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > longestBody) throw new Fault(413, `A request has at most ${longestBody} bytes.`);
    chunks.push(chunk);
  }
  if (length === 0) return {};
  let value: unknown;
  try {
    value = JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    throw badRequest('The body is not JSON.');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw badRequest('The body is not an object in JSON.');
  return value as Readonly<Record<string, unknown>>;
}
