import type { Log } from '../../frame/log.ts';
import type { Notify } from '../verbs.ts';
import type { Client } from './listener.ts';
import { eventQueue } from './destinations.ts';
import type { Dispatcher } from './json-rpc.ts';
import { type Session, createSession } from './session.ts';

/** Everybody who is connected. */
export interface Broker {
  serve(client: Client): void;
  readonly notify: Notify;
  /** Cuts all connections. */
  close(): void;
}

export interface BrokerParts {
  readonly dispatcher: Dispatcher;
  /** While false no events are sent. */
  readonly isReady: () => boolean;
  /** Milliseconds of a clock that never goes back: since the machine has started, as events tell it. */
  readonly clock: () => number;
  readonly log: Log;
}

/** Makes the STOMP broker: it has no queues that keep anything; who is not connected misses what is said. */
export function createBroker({ dispatcher, isReady, clock, log }: BrokerParts): Broker {
  const sessions = new Set<Session>();
  const deliver = (destinations: readonly string[], body: string | Buffer): boolean =>
    [...sessions].map((session) => session.deliver(destinations, body)).includes(true);
  return {
    serve({ socket, name, address, localAddress, first }) {
      const session = createSession({
        socket,
        localAddress,
        isOfThisMachine: address === localAddress,
        answer: (body, call) => dispatcher.answer(body, call),
        forward: deliver,
        cut: (reason) => log.warning('connection cut', { client: address, name, reason }),
        clock,
      });
      sessions.add(session);
      socket.once('close', () => {
        sessions.delete(session);
        log.info('disconnected', { client: address, name });
      });
      log.info('connected', { client: address, name });
      session.read(first);
    },
    notify(method, params) {
      if (!isReady()) return;
      deliver([eventQueue], JSON.stringify({ jsonrpc: '2.0', method, params: { ...params, notify_time: Math.floor(clock()) } }));
    },
    close() {
      for (const session of sessions) session.close();
    },
  };
}
