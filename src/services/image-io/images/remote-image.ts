import type { IncomingMessage } from 'node:http';
import { Agent, request as httpsRequest } from 'node:https';
import type { Readable } from 'node:stream';
import type { SecureContextOptions } from 'node:tls';
import type { Allowed } from '../../frame/networks.ts';
import { Fault } from '../fault.ts';
import { inBatches, writeAll } from '../streaming.ts';
import { lookupAmong } from './hosts.ts';
import type { Image } from './image.ts';

/** How hosts are reached. */
export interface Remote {
  /** Our own certificate with its key, and who vouches for those of hosts. */
  readonly tls: SecureContextOptions;
  /** Where they may be. */
  readonly allowed: Allowed;
}

/** While bytes go to or fro. */
const silenceMs = 60_000;
/** While the host works: it writes to its disk, or reads all of the image. */
const workMs = 3_600_000;
const connectionsOfOneTicket = 16;
const longestText = 1_000;

interface Ask {
  readonly method: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string | number>>;
  /** Writes the body; without one there is none. */
  readonly send?: (to: ReturnType<typeof httpsRequest>) => Promise<void>;
  readonly signal: AbortSignal;
}

/** An image that the service of another host serves at an address. */
export function remoteImage(url: string, { tls, allowed }: Remote): Image {
  // One for each ticket: a host may cut connections of a ticket that ends, and those of others go on.
  const agent = new Agent({
    keepAlive: true,
    maxSockets: connectionsOfOneTicket,
    ...tls,
    minVersion: 'TLSv1.2',
    lookup: lookupAmong(allowed),
  });

  /** Asks the host; gives its answer once it begins, and only if it is the one wanted. Throws Fault with the host's own words otherwise. */
  const ask = async (wanted: number, { method, path = '', headers = {}, send, signal }: Ask): Promise<IncomingMessage> => {
    const request = httpsRequest(`${url}${path}`, { agent, method, headers, signal, timeout: silenceMs });
    request.on('timeout', () => request.destroy(new Fault(504, 'the host does not answer')));
    const answered = new Promise<IncomingMessage>((resolve, reject) => request.once('response', resolve).on('error', reject));
    try {
      const sent = send === undefined ? Promise.resolve(null) : send(request).then(() => null);
      sent.catch(() => undefined);
      // A host that refuses says so before it has heard everything. One that is content may do so before we hear that the last bytes are away.
      const early = await Promise.race([sent, answered]);
      if (early !== null && early.statusCode !== wanted) throw await faultOf(early);
      await sent;
      request.end();
      if (method !== 'GET' || path !== '') request.setTimeout(workMs);
      const response = await answered;
      if (response.statusCode === wanted) return response;
      throw await faultOf(response);
    } catch (error) {
      answered.catch(() => undefined);
      request.destroy();
      throw signal.aborted ? signal.reason : reasonOf(error);
    }
  };
  const done = async (order: Ask): Promise<void> => {
    await bodyOf(await ask(200, order));
  };
  const patch = (order: object, signal: AbortSignal): Promise<void> => {
    const body = JSON.stringify(order);
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    return done({ method: 'PATCH', headers, send: async (to) => void to.write(body), signal });
  };

  return {
    async get({ start, length }, begin, signal) {
      if (length === 0) {
        begin();
        return;
      }
      const response = await ask(206, { method: 'GET', headers: { range: `bytes=${start}-${start + length - 1}` }, signal });
      if (response.headers['content-length'] !== String(length)) {
        response.destroy();
        throw new Fault(502, 'the host sends another number of bytes than it was asked for');
      }
      const to = begin();
      try {
        await inBatches(response, signal, (pieces) => writeAll(to, pieces));
      } catch (error) {
        // The host goes on sending otherwise, and keeps a place for it.
        response.destroy();
        throw error;
      }
    },
    put: ({ start, length }, body, flush, progress, signal) => {
      let at = start;
      return done({
        method: 'PUT',
        path: `?flush=${flush ? 'y' : 'n'}`,
        headers: { 'content-length': length, 'content-range': `bytes ${start}-${Math.max(start, start + length - 1)}/*` },
        send: (to) =>
          inBatches(body, signal, async (pieces, bytes) => {
            await writeAll(to, pieces);
            progress(at, bytes);
            at += bytes;
          }),
        signal,
      });
    },
    zero: ({ start, length }, flush, signal) => patch({ op: 'zero', offset: start, size: length, flush }, signal),
    flush: (signal) => patch({ op: 'flush' }, signal),
    async *extents(context, signal) {
      const response = await ask(200, { method: 'GET', path: `/extents?context=${context}`, signal });
      for await (const piece of response.setEncoding('utf8')) yield piece as string;
    },
    async checksum({ algorithm, blockSize }, signal) {
      const path = `/checksum?algorithm=${encodeURIComponent(algorithm)}&block_size=${blockSize}`;
      const answer: unknown = JSON.parse(await bodyOf(await ask(200, { method: 'GET', path, signal })));
      const digits = typeof answer === 'object' && answer !== null && 'checksum' in answer ? answer.checksum : undefined;
      if (typeof digits !== 'string' || !/^[0-9a-f]{1,256}$/.test(digits)) throw new Fault(502, 'the host answers no checksum');
      return digits;
    },
    async close() {
      agent.destroy();
    },
  };
}

/** The beginning of a body as text. */
async function bodyOf(response: Readable): Promise<string> {
  let text = '';
  for await (const piece of response.setEncoding('utf8')) if (text.length < longestText) text += piece as string;
  return text.slice(0, longestText);
}

async function faultOf(response: IncomingMessage): Promise<Fault> {
  const { statusCode = 0, headers } = response;
  const range = headers['content-range'];
  // A host that is told to end may leave its last words out.
  const text = (await bodyOf(response).catch(() => '')).trim();
  if (statusCode < 400) return new Fault(502, `the host answers ${statusCode}`);
  return new Fault(
    statusCode,
    text === '' ? `the host answers ${statusCode}` : text,
    range === undefined ? {} : { headers: { 'content-range': range } },
  );
}

const reasonOf = (error: unknown): Fault =>
  error instanceof Fault ? error : new Fault(502, 'the transfer to the host broke off', { cause: error });
