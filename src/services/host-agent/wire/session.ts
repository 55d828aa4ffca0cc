import type { Duplex } from 'node:stream';
import { type Frame, StompError, createFrameReader, writeFrame } from '../../frame/stomp.ts';
import type { Call } from '../verbs.ts';
import { answersTo, withParents } from './destinations.ts';
import { keepHeartBeat, readHeartBeat } from './heart-beat.ts';

/** What one connection may take up. */
const limits = {
  subscriptions: 100,
  /** Requests at work. With more the connection is not read until some are done. */
  requests: 64,
  /** Bytes that wait for a slow reader: above the first nothing is read any more, above the second the connection is cut. */
  waiting: 1024 * 1024,
  waitingAtMost: 64 * 1024 * 1024,
  /** How long a reader may take nothing at all while bytes wait for it. */
  stalledMs: 60_000,
} as const;

export interface SessionParts {
  readonly socket: Duplex;
  /** The address of this machine that the client has reached. */
  readonly localAddress: string | undefined;
  /** Whether the client is on this machine. */
  readonly isOfThisMachine: boolean;
  /** Carries out a request; resolves to the answer, or to undefined where there is none. */
  readonly answer: (body: Buffer, call: Call) => Promise<string | undefined>;
  /** Hands a message of this client to all who have subscribed to one of these destinations; false where nobody has. */
  readonly forward: (destinations: readonly string[], body: Buffer) => boolean;
  /** The connection is cut by us, with the reason. */
  readonly cut: (reason: string) => void;
  readonly clock: () => number;
}

/** One client's end of the STOMP broker. */
export interface Session {
  /** Takes bytes that arrived before the session was made. */
  read(bytes: Buffer): void;
  /** Sends to each subscription whose destination is one of these. Returns whether there was one. */
  deliver(destinations: readonly string[], body: string | Buffer): boolean;
  /** Requests that are at work are told to end, and no more are taken. */
  close(): void;
}

/** Serves STOMP on a connection until it ends: SUBSCRIBE may come before CONNECT, as the engine sends it. */
export function createSession({ socket, localAddress, isOfThisMachine, answer, forward, cut, clock }: SessionParts): Session {
  const subscriptions = new Map<string, string>();
  const gone = new AbortController();
  const connection = { since: clock(), isOfThisMachine };
  let requests = 0;
  let [written, read] = [clock(), clock()];
  let stopBeating = (): void => undefined;
  let stalled: NodeJS.Timeout | undefined;

  const close = (reason?: string): void => {
    if (gone.signal.aborted) return;
    gone.abort();
    stopBeating();
    clearTimeout(stalled);
    if (reason !== undefined) cut(reason);
    socket.destroy();
  };

  /** Reads on or not: whoever does not take answers, or has too many requests at work, is not heard meanwhile. */
  const pace = (): void => {
    const busy = requests >= limits.requests || socket.writableLength > limits.waiting;
    if (busy && !socket.isPaused()) socket.pause();
    if (!busy && socket.isPaused()) socket.resume();
  };

  const write = (bytes: Buffer | string): void => {
    if (gone.signal.aborted || socket.writableEnded) return;
    written = clock();
    if (!socket.write(bytes)) stalled ??= setTimeout(() => close('takes nothing'), limits.stalledMs).unref();
    if (socket.writableLength > limits.waitingAtMost) close('reads too slowly');
    else pace();
  };
  const send = (verb: string, headers: Readonly<Record<string, string>>, body?: string | Buffer): void =>
    write(writeFrame(verb, headers, body));
  const refuse = (message: string): void => send('ERROR', { 'content-type': 'text/plain' }, message);

  const deliver = (destinations: readonly string[], body: string | Buffer): boolean => {
    let found = false;
    for (const [id, destination] of subscriptions) {
      if (!destinations.includes(destination)) continue;
      found = true;
      send('MESSAGE', { destination, 'content-type': 'application/json', subscription: id }, body);
    }
    return found;
  };

  function connect({ headers }: Frame): void {
    if (headers.get('accept-version') !== '1.2') return refuse('Version unsupported');
    const beat = readHeartBeat(headers.get('heart-beat'));
    if (beat === undefined) return refuse('Invalid heart-beat');
    stopBeating();
    stopBeating = keepHeartBeat(beat, {
      silence: () => ({ ours: clock() - written, theirs: socket.isPaused() ? 0 : clock() - read }),
      beat: () => write('\n'),
      dead: () => close('is silent'),
    });
    send('CONNECTED', { version: '1.2', 'heart-beat': `${beat.ours},${beat.theirs}` });
  }

  function subscribe({ headers }: Frame): void {
    const [destination, id] = [headers.get('destination'), headers.get('id')];
    if (destination === undefined || destination === '') return refuse('Missing destination header');
    if (id === undefined || id === '') return refuse('Missing id header');
    if (subscriptions.has(id)) return refuse('Subscription id already exists');
    if (subscriptions.size >= limits.subscriptions) return refuse('Too many subscriptions');
    subscriptions.set(id, destination);
  }

  function receive({ headers, body }: Frame): void {
    const destination = headers.get('destination');
    if (destination === undefined || destination === '') return refuse('Missing destination header');
    const forwarded = forward(withParents(destination), body);
    const replyTo = answersTo(destination);
    if (replyTo !== undefined) void request(body, headers.get('reply-to') ?? replyTo, headers.get('ovirtCorrelationId'));
    else if (!forwarded) refuse('Subscription not available');
  }

  async function request(body: Buffer, replyTo: string, flowId: string | undefined): Promise<void> {
    requests++;
    pace();
    try {
      const text = await answer(body, { flowId, signal: gone.signal, localAddress, connection });
      if (text !== undefined) deliver([replyTo], text);
    } finally {
      requests--;
      if (!gone.signal.aborted) pace();
    }
  }

  function take(frame: Frame): void {
    if (gone.signal.aborted || socket.writableEnded) return;
    switch (frame.verb) {
      case 'CONNECT':
        return connect(frame);
      case 'SUBSCRIBE':
        return subscribe(frame);
      case 'UNSUBSCRIBE':
        return void subscriptions.delete(frame.headers.get('id') ?? '');
      case 'SEND':
        return receive(frame);
      case 'DISCONNECT': {
        const receipt = frame.headers.get('receipt');
        if (receipt !== undefined) send('RECEIPT', { 'receipt-id': receipt });
        subscriptions.clear();
        return void socket.end();
      }
      default:
        return close(`sent ${frame.verb}`);
    }
  }

  const frames = createFrameReader(take);
  const readBytes = (bytes: Buffer): void => {
    read = clock();
    try {
      frames(bytes);
    } catch (error) {
      if (!(error instanceof StompError)) throw error;
      close(error.message);
    }
  };
  socket.on('data', readBytes);
  socket.on('drain', () => {
    clearTimeout(stalled);
    stalled = undefined;
    pace();
  });
  socket.on('error', () => close());
  socket.on('close', () => close());
  return { read: readBytes, deliver, close: () => close() };
}
