import { connect as connectTls, type SecureContext, type TLSSocket } from 'node:tls';
import { createFrameReader, type Frame, writeFrame } from '../../frame/stomp.ts';
import { tlsProfile } from '../../frame/tls-profile.ts';
import { AgentUnreachable } from './agent-failure.ts';
import { type CallOptions, createCalls, type TakeEvent } from './calls.ts';

/** Where an agent listens, and how it is told from others. */
export interface AgentAddress {
  /** A name or an IP address. The certificate of the agent must bear it. */
  readonly address: string;
  readonly port: number;
}

export interface ConnectOptions extends AgentAddress {
  /** The certificate of the engine with its key, and the authority that issued those of agents. */
  readonly context: SecureContext;
  /** How long it may take until the agent has greeted, in milliseconds. */
  readonly timeoutMs: number;
  /** How long the agent may be silent, in milliseconds; it is asked to say something a fifth earlier. */
  readonly heartbeatMs: number;
  readonly takeEvent: TakeEvent;
  /** Called once when a connection that was open is lost, with the reason. */
  readonly lost: (error: AgentUnreachable) => void;
}

/** A connection to an agent that is open. */
export interface Connection {
  /** Calls a verb and returns its bare result. Throws AgentFailure and AgentUnreachable. */
  call(method: string, params: object, options: CallOptions & { readonly flowId?: string | undefined }): Promise<unknown>;
  /** Ends it; `lost` is not called. */
  close(): void;
}

/** Where requests go, and where answers and events come from: the names of VDSM. */
const requests = 'jms.topic.vdsm_requests';
const responses = 'jms.topic.vdsm_responses';
const events = 'jms.queue.events';

/** Bytes that may wait for an agent that does not read them. */
const mostUnsent = 16 * 1024 * 1024;

/**
 * Connects to an agent: TLS with certificates of both sides, then STOMP 1.2. The subscriptions go out before CONNECT, as agents expect it of an
 * engine. Throws AgentUnreachable when it cannot be had in time.
 */
export function connect(options: ConnectOptions): Promise<Connection> {
  const { address, port, context, timeoutMs, heartbeatMs, takeEvent, lost } = options;
  const { promise, resolve, reject } = Promise.withResolvers<Connection>();
  const socket = connectTls({ host: address, port, secureContext: context, minVersion: tlsProfile.minVersion });
  const calls = createCalls(takeEvent);
  const beat = createBeat(() => fail(`nothing was heard of it for ${heartbeatMs / 1_000} seconds`));
  let state: 'greeting' | 'open' | 'ended' = 'greeting';

  function fail(reason: string, cause?: unknown): void {
    if (state === 'ended') return;
    const wasOpen = state === 'open';
    state = 'ended';
    clearTimeout(patience);
    beat.end();
    socket.destroy();
    const error = new AgentUnreachable(`the agent at ${address} port ${port}: ${reason}`, cause);
    calls.fail(error);
    if (wasOpen) lost(error);
    else reject(error);
  }

  const connection: Connection = {
    async call(method, params, { flowId, ...call }) {
      if (state !== 'open') throw new AgentUnreachable(`the agent at ${address} port ${port} is not connected`);
      if (socket.writableLength > mostUnsent)
        throw new AgentUnreachable(`the agent at ${address} port ${port} does not take what it is sent`);
      const { body, result } = calls.open(method, params, call);
      if (body !== '') {
        const flow = flowId === undefined ? {} : { ovirtCorrelationId: flowId };
        socket.write(
          writeFrame('SEND', { destination: requests, 'reply-to': responses, 'content-type': 'application/json', ...flow }, body),
        );
      }
      return result;
    },
    close() {
      if (state !== 'ended') socket.end(writeFrame('DISCONNECT', {}));
      fail('the engine has ended the connection');
    },
  };

  function take({ verb, headers, body }: Frame): void {
    if (verb === 'CONNECTED' && state === 'greeting') {
      state = 'open';
      clearTimeout(patience);
      beat.every(silenceOf(headers.get('heart-beat'), heartbeatMs));
      resolve(connection);
    } else if (verb === 'MESSAGE' && state === 'open') {
      if (!calls.take(body)) fail('it sent a message that is no JSON-RPC');
    } else if (verb === 'ERROR') {
      // Whatever it is about, an answer may be missing.
      fail(`it reports an error of STOMP: ${body.toString('utf8', 0, 200).replace(/[^\x20-\x7e]/g, ' ')}`);
    }
  }

  const read = createFrameReader(take);
  const patience = setTimeout(() => fail(`it did not greet in ${timeoutMs / 1_000} seconds`), timeoutMs);
  socket.setNoDelay(true);
  socket.on('secureConnect', () => greet(socket, address, heartbeatMs));
  socket.on('data', (piece: Buffer) => {
    beat.heard();
    try {
      if (state !== 'ended') read(piece);
    } catch (error) {
      fail(error instanceof Error ? error.message : String(error), error);
    }
  });
  socket.on('error', (error: Error) => fail(error.message, error));
  socket.on('close', () => fail('it has ended the connection'));
  return promise;
}

function greet(socket: TLSSocket, address: string, heartbeatMs: number): void {
  socket.write(
    Buffer.concat([
      writeFrame('SUBSCRIBE', { destination: responses, id: 'responses', ack: 'auto' }),
      writeFrame('SUBSCRIBE', { destination: events, id: 'events', ack: 'auto' }),
      writeFrame('CONNECT', { 'accept-version': '1.2', host: address, 'heart-beat': `0,${Math.floor(heartbeatMs * 0.8)}` }),
    ]),
  );
}

/** How long the agent may be silent by what it has promised: its interval with a grace of a quarter; null if it promises nothing. */
function silenceOf(header: string | undefined, asked: number): number | null {
  const promised = Number(/^(\d{1,9}),/.exec(header ?? '')?.[1] ?? 0);
  return promised === 0 ? null : Math.max(asked, promised * 1.25);
}

/** Notices silence. A timer is set anew only when it fires: agents say more than that. */
function createBeat(silent: () => void) {
  let timer: NodeJS.Timeout | undefined;
  let last = 0;
  const look = (limitMs: number): void => {
    const left = last + limitMs - performance.now();
    if (left <= 0) silent();
    else timer = setTimeout(() => look(limitMs), left);
  };
  return {
    heard: () => void (last = performance.now()),
    every(limitMs: number | null) {
      last = performance.now();
      if (limitMs !== null) look(limitMs);
    },
    end: () => clearTimeout(timer),
  };
}
