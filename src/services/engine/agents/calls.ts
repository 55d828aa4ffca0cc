import { randomUUID } from 'node:crypto';
import { AgentFailure, AgentUnreachable } from './agent-failure.ts';
import { textOf } from './hostile.ts';

export interface CallOptions {
  /** How long the answer may take, in milliseconds. */
  readonly timeoutMs: number;
  /** Ends the waiting. What the agent does about the call is not changed by it. */
  readonly signal?: AbortSignal | undefined;
}

interface Open {
  readonly method: string;
  readonly answer: (result: unknown) => void;
  readonly fail: (error: Error) => void;
}

/** A notification: no answer to anything. */
export type TakeEvent = (name: string, params: Readonly<Record<string, unknown>>) => void;

/** The calls of one connection that are not answered yet. */
export interface Calls {
  /**
   * Makes the body of a request (JSON-RPC 2.0), and the promise of its `result`. The promise is rejected with AgentFailure when the agent says
   * that it failed, and with AgentUnreachable when there is no answer in time.
   */
  open(method: string, params: object, options: CallOptions): { readonly body: string; readonly result: Promise<unknown> };
  /** Takes a message of the agent: answers, events, or a list of them. Returns false for what is neither, which changes nothing. */
  take(body: Buffer): boolean;
  /** There will be no more answers. */
  fail(error: AgentUnreachable): void;
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** An agent that does not answer is not asked for ever more: so many calls may be open at once. */
const mostOpen = 1_000;

export function createCalls(takeEvent: TakeEvent): Calls {
  const all = new Map<string, Open>();

  function takeOne(message: unknown): boolean {
    if (!isRecord(message)) return false;
    const { id, method, params, error } = message;
    if (typeof method === 'string' && (id === undefined || id === null)) {
      takeEvent(method, isRecord(params) ? params : {});
      return true;
    }
    const open = typeof id === 'string' ? all.get(id) : undefined;
    // Whoever asked may have stopped waiting.
    if (open === undefined) return typeof id === 'string';
    if (isRecord(error)) {
      open.fail(
        new AgentFailure(
          open.method,
          typeof error['code'] === 'number' ? error['code'] : 0,
          textOf(error['message'], 500) ?? 'it does not say why',
        ),
      );
      return true;
    }
    if (!Object.hasOwn(message, 'result')) {
      open.fail(new AgentFailure(open.method, 0, 'the answer has neither a result nor an error'));
      return false;
    }
    open.answer(message['result']);
    return true;
  }

  return {
    open(method, params, { timeoutMs, signal }) {
      const id = randomUUID();
      const { promise, resolve, reject } = Promise.withResolvers<unknown>();
      if (all.size >= mostOpen) {
        reject(new AgentUnreachable(`${mostOpen} calls are not answered yet`));
        return { body: '', result: promise };
      }
      const abort = (): void => open.fail(new AgentUnreachable(`${method} is not waited for any more`, signal?.reason));
      const timer = setTimeout(
        () => open.fail(new AgentUnreachable(`${method} was not answered in ${timeoutMs / 1_000} seconds`)),
        timeoutMs,
      );
      const close = (): void => {
        all.delete(id);
        clearTimeout(timer);
        signal?.removeEventListener('abort', abort);
      };
      const open: Open = {
        method,
        answer: (result) => {
          close();
          resolve(result);
        },
        fail: (error) => {
          close();
          reject(error);
        },
      };
      all.set(id, open);
      if (signal?.aborted === true) abort();
      else signal?.addEventListener('abort', abort, { once: true });
      return { body: JSON.stringify({ jsonrpc: '2.0', method, params, id }), result: promise };
    },

    take(body) {
      let message: unknown;
      try {
        message = JSON.parse(body.toString('utf8'));
      } catch {
        return false;
      }
      return Array.isArray(message) ? message.map(takeOne).every(Boolean) : takeOne(message);
    },

    fail(error) {
      for (const open of all.values()) open.fail(error);
    },
  };
}
