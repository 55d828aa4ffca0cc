import type { SecureContext } from 'node:tls';
import { AgentFailure, agentCodes, AgentUnreachable } from './agent-failure.ts';
import type { TakeEvent } from './calls.ts';
import { type AgentAddress, connect, type Connection } from './connection.ts';

/** Times of all agents, in milliseconds. */
export interface AgentTimes {
  /** Until a connection is there. */
  readonly connectMs: number;
  /** Until a call is answered, unless it says otherwise. */
  readonly callMs: number;
  /** How long an agent may be silent. */
  readonly heartbeatMs: number;
  /** Between two attempts to connect: the first time, and at most. It doubles each time. */
  readonly againMs: readonly [first: number, most: number];
}

/** What is usual between engines and agents. */
export const usualTimes: AgentTimes = { connectMs: 20_000, callMs: 180_000, heartbeatMs: 30_000, againMs: [1_000, 30_000] };

export interface AskOptions {
  readonly timeoutMs?: number;
  /** By which the agent's log tells what belongs together: a correlation id. */
  readonly flowId?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The agent of one host, whether it can be reached at the moment or not. */
export interface Agent {
  readonly connected: boolean;
  /**
   * Calls a verb of the agent (`Host.getStats`), waiting for the connection if there is none yet, and returns its bare result. Throws AgentFailure for
   * what the agent refuses, and AgentUnreachable when nobody knows what became of the call.
   */
  call(method: string, params?: object, options?: AskOptions): Promise<unknown>;
  /** The same over a connection of its own: that one can be had proves that the host is reached, whatever became of another. */
  callAnew(method: string, params?: object, options?: AskOptions): Promise<unknown>;
  /** Ends the connection, and does not make it again. */
  close(): void;
}

export interface AgentParts extends AgentAddress {
  readonly context: SecureContext;
  readonly times: AgentTimes;
  readonly takeEvent: TakeEvent;
  /** Called whenever the agent has come, and whenever it is gone or could not be had. */
  readonly changed: (connected: boolean, reason: string) => void;
}

/** Makes the agent of a host, and keeps one connection to it from now on. */
export function createAgent({ address, port, context, times, takeEvent, changed }: AgentParts): Agent {
  let connection: Connection | null = null;
  let coming = Promise.withResolvers<Connection>();
  let ended = false;
  let waitMs = times.againMs[0];
  let timer: NodeJS.Timeout | undefined;
  // Nobody may be waiting for it.
  coming.promise.catch(() => undefined);

  const open = (): void => {
    connect({ address, port, context, timeoutMs: times.connectMs, heartbeatMs: times.heartbeatMs, takeEvent, lost }).then(
      (made) => {
        if (ended) return made.close();
        waitMs = times.againMs[0];
        connection = made;
        coming.resolve(made);
        changed(true, '');
      },
      (error: unknown) => gone(error instanceof Error ? error.message : String(error)),
    );
  };
  const lost = (error: AgentUnreachable): void => {
    connection = null;
    coming = Promise.withResolvers();
    coming.promise.catch(() => undefined);
    gone(error.message);
  };
  const gone = (reason: string): void => {
    if (ended) return;
    changed(false, reason);
    // Many agents may be lost at the same moment, and need not all come back at the same.
    timer = setTimeout(open, waitMs * (0.75 + Math.random() / 2));
    waitMs = Math.min(waitMs * 2, times.againMs[1]);
  };
  open();

  return {
    get connected() {
      return connection !== null;
    },
    async call(method, params = {}, { timeoutMs = times.callMs, flowId, signal } = {}) {
      const made = connection ?? (await within(coming.promise, times.connectMs, address, signal));
      return made.call(method, params, { timeoutMs, flowId, signal });
    },
    async callAnew(method, params = {}, { timeoutMs = times.callMs, flowId, signal } = {}) {
      const ignore = (): void => undefined;
      const { connectMs, heartbeatMs } = times;
      const made = await connect({
        ...{ address, port, context, heartbeatMs, takeEvent: ignore, lost: ignore },
        timeoutMs: Math.min(connectMs, timeoutMs),
      });
      try {
        return await made.call(method, params, { timeoutMs, flowId, signal });
      } finally {
        made.close();
      }
    },
    close() {
      if (ended) return;
      ended = true;
      clearTimeout(timer);
      connection?.close();
      connection = null;
      coming.reject(new AgentUnreachable(`the agent at ${address} is not asked any more`));
    },
  };
}

/** Waits for a connection, for so long and no longer. */
async function within(coming: Promise<Connection>, limitMs: number, address: string, signal?: AbortSignal): Promise<Connection> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new AgentUnreachable(`the agent at ${address} cannot be reached`)), limitMs);
  const abort = (): void => late.reject(new AgentUnreachable(`the agent at ${address} is not waited for any more`, signal?.reason));
  if (signal?.aborted === true) abort();
  signal?.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([coming, late.promise]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
  }
}

/** Whether an agent only needs time: it has just been started. */
export const isRecovering = (error: unknown): boolean => error instanceof AgentFailure && error.code === agentCodes.recovering;

/** Whether an agent is at work on what it is asked for, or on something that is in its way. */
export const isBusy = (error: unknown): boolean => error instanceof AgentFailure && error.code === agentCodes.unavailable;

/** Whether an agent does not know a verb, or not yet. */
export const lacksVerb = (error: unknown): error is AgentFailure =>
  error instanceof AgentFailure && (error.code === agentCodes.unknownVerb || error.code === agentCodes.notImplemented);
