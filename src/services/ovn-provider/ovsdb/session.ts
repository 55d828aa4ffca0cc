import type { Duplex } from 'node:stream';
import { OvnRefused, OvnTimeout, OvnUnavailable } from './failures.ts';
import { createJsonSplitter } from './json-splitter.ts';

/* One connection with an OVSDB server: JSON-RPC 1.0 as RFC 7047, section 4, has it. */

export interface Session {
  /** Calls a method. Throws OvnUnavailable, OvnTimeout, or OvnRefused. */
  call(method: string, params: readonly unknown[]): Promise<unknown>;
  /** Resolves with the reason once the connection is over. */
  readonly closed: Promise<string>;
  close(reason: string): void;
}

export interface SessionParts {
  /** Told of what nobody has asked for. */
  readonly onNotification: (method: string, params: readonly unknown[]) => void;
  /** Within which a call is answered, in milliseconds. */
  readonly answerMs: number;
  /** After so long without a word the server is asked whether it is there. */
  readonly silenceMs: number;
}

/** The whole of a large database comes as one message. */
const longestMessage = 256 * 2 ** 20;

interface Call {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
}

/** Speaks with the server at the other end of a connected stream. */
export function openSession(stream: Duplex, { onNotification, answerMs, silenceMs }: SessionParts): Session {
  const { promise: closed, resolve: end } = Promise.withResolvers<string>();
  const calls = new Map<number, Call>();
  const split = createJsonSplitter(longestMessage);
  let number = 0;
  let over: string | null = null;
  let heard = true;

  const close = (reason: string): void => {
    if (over !== null) return;
    over = reason;
    clearInterval(watch);
    stream.destroy();
    for (const { reject, timer } of calls.values()) {
      clearTimeout(timer);
      reject(new OvnUnavailable(reason));
    }
    calls.clear();
    end(reason);
  };
  const send = (message: object): void => void stream.write(JSON.stringify(message));

  const call: Session['call'] = (method, params) => {
    if (over !== null) return Promise.reject(new OvnUnavailable(over));
    const id = number++;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        calls.delete(id);
        reject(new OvnTimeout(`no answer within ${answerMs / 1000} s`));
      }, answerMs);
      calls.set(id, { resolve, reject, timer });
      send({ method, params, id });
    });
  };

  const receive = (message: unknown): void => {
    const { id, method, params, result, error } = message as Record<'id' | 'method' | 'params' | 'result' | 'error', unknown>;
    if (typeof method === 'string') {
      if (method === 'echo') send({ id, result: params, error: null });
      else onNotification(method, Array.isArray(params) ? params : []);
      return;
    }
    const waiting = typeof id === 'number' ? calls.get(id) : undefined;
    if (waiting === undefined || typeof id !== 'number') return;
    calls.delete(id);
    clearTimeout(waiting.timer);
    if (error === null || error === undefined) waiting.resolve(result);
    else waiting.reject(refusalOf(error));
  };

  const watch = setInterval(() => {
    if (!heard) return close(`nothing was heard for ${(2 * silenceMs) / 1000} s`);
    heard = false;
    send({ method: 'echo', params: [], id: 'echo' });
  }, silenceMs);

  stream.on('data', (chunk: Buffer) => {
    heard = true;
    try {
      for (const message of split(chunk)) receive(message);
    } catch (error) {
      close(`it does not speak OVSDB (${error instanceof Error ? error.message : 'unknown error'})`);
    }
  });
  stream.on('error', (error) => close(error.message));
  stream.on('close', () => close('the connection was closed'));
  return { call, closed, close };
}

/** An error of a call or of an operation, as the server writes it. */
export function refusalOf(error: unknown): OvnRefused {
  if (typeof error === 'string') return new OvnRefused(error, '');
  const { error: reason, details } = error as { readonly error?: unknown; readonly details?: unknown };
  return new OvnRefused(typeof reason === 'string' ? reason : 'unknown error', typeof details === 'string' ? details : '');
}
