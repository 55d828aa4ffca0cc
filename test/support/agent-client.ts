import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { type TLSSocket, connect } from 'node:tls';
import { type Frame, createFrameReader, writeFrame } from '../../src/services/frame/stomp.ts';

export interface AgentReply {
  readonly id?: unknown;
  readonly result?: unknown;
  readonly error?: { readonly code: number; readonly message: string };
}

/** A client of a host agent, as the engine is one: it subscribes before it connects. */
export interface AgentClient {
  readonly socket: TLSSocket;
  /** Every frame that came, in order. */
  readonly frames: readonly Frame[];
  /** Events by their names. */
  readonly events: readonly { readonly method: string; readonly params: Readonly<Record<string, unknown>> }[];
  send(verb: string, headers?: Readonly<Record<string, string>>, body?: string): void;
  /** The next frame that fits. */
  sees(verb: string, fits?: (frame: Frame) => boolean): Promise<Frame>;
  /** The next event that fits, or one that has come already. */
  seesEvent(fits: (event: { readonly method: string; readonly params: Readonly<Record<string, unknown>> }) => boolean): Promise<void>;
  /** Sends a body as a request, and waits for the next answer. */
  ask(body: unknown): Promise<unknown>;
  /** Calls a verb, and waits for its answer. */
  call(method: string, params?: unknown): Promise<AgentReply>;
  /** The same, where it must succeed. */
  result<T = unknown>(method: string, params?: unknown): Promise<T>;
  end(): void;
}

export interface AgentAddress {
  readonly host?: string;
  readonly port?: number;
  /** A socket that leads there, in place of host and port. */
  readonly path?: string;
  readonly ca: Buffer | string;
  readonly cert?: Buffer | string;
  readonly key?: Buffer | string;
}

const requests = 'jms.topic.vdsm_requests';
const responses = 'jms.topic.vdsm_responses';

/** Connects with TLS, and says nothing yet. Throws when the agent does not let it in. */
export async function openAgent({ host = '127.0.0.1', ...tls }: AgentAddress): Promise<AgentClient> {
  const socket = connect({ ...(tls.path === undefined ? { host } : {}), ...tls, checkServerIdentity: () => undefined });
  socket.setMaxListeners(0);
  await once(socket, 'secureConnect');
  const frames: Frame[] = [];
  const events: { method: string; params: Record<string, unknown> }[] = [];
  const waiting = new Set<() => void>();
  /** Answers that are waited for, by the ids of their requests. */
  const answers = new Map<unknown, (reply: AgentReply) => void>();
  const change = (): void => {
    for (const one of waiting) one();
  };
  socket.on(
    'data',
    createFrameReader((frame) => {
      frames.push(frame);
      if (frame.headers.get('destination') === 'jms.queue.events')
        events.push(JSON.parse(frame.body.toString()) as (typeof events)[number]);
      if (frame.verb === 'MESSAGE' && answers.size > 0) {
        const reply = JSON.parse(frame.body.toString()) as AgentReply;
        answers.get(reply.id)?.(reply);
        answers.delete(reply.id);
      }
      change();
    }),
  );
  socket.on('error', () => undefined).on('close', change);
  const until = async <T>(what: string, find: () => T | undefined): Promise<T> => {
    for (;;) {
      const found = find();
      if (found !== undefined) return found;
      if (socket.closed) throw new Error(`the agent hung up before ${what}`);
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          waiting.delete(wake);
          resolve();
        };
        waiting.add(wake);
      });
    }
  };
  const send: AgentClient['send'] = (verb, headers = {}, body = '') => void socket.write(writeFrame(verb, headers, body));
  const sees: AgentClient['sees'] = (verb, fits = () => true) => {
    const from = frames.length;
    return until(verb, () => frames.slice(from).find((frame) => frame.verb === verb && fits(frame)));
  };
  const ask: AgentClient['ask'] = async (body) => {
    const answer = sees('MESSAGE', ({ headers }) => headers.get('destination') === responses);
    send('SEND', { destination: requests, 'reply-to': responses }, typeof body === 'string' ? body : JSON.stringify(body));
    return JSON.parse((await answer).body.toString()) as unknown;
  };
  const call: AgentClient['call'] = (method, params = {}) =>
    new Promise((resolve, reject) => {
      const id = randomUUID();
      answers.set(id, resolve);
      const gone = (): void => reject(new Error(`the agent hung up before it answered ${method}`));
      if (socket.closed) return gone();
      socket.once('close', gone);
      send('SEND', { destination: requests, 'reply-to': responses }, JSON.stringify({ jsonrpc: '2.0', id, method, params }));
    });
  return {
    socket,
    frames,
    events,
    send,
    sees,
    seesEvent: async (fits) => {
      await until('the event', () => events.find(fits));
    },
    ask,
    call,
    async result<T>(method: string, params?: unknown) {
      const { result, error } = await call(method, params);
      if (error !== undefined) throw new Error(`${method}: ${error.code} ${error.message}`);
      return result as T;
    },
    end: () => void socket.destroy(),
  };
}

/** Connects as the engine does. */
export async function connectAgent(address: AgentAddress): Promise<AgentClient> {
  const client = await openAgent(address);
  client.send('SUBSCRIBE', { destination: responses, id: randomUUID(), ack: 'auto' });
  client.send('SUBSCRIBE', { destination: 'jms.queue.events', id: randomUUID(), ack: 'auto' });
  const connected = client.sees('CONNECTED');
  client.send('CONNECT', { 'accept-version': '1.2', host: address.host ?? '127.0.0.1', 'heart-beat': '0,24000' });
  await connected;
  return client;
}
