import { setTimeout as sleep } from 'node:timers/promises';
import type { SecureContext } from 'node:tls';
import { inTurns } from '../../frame/in-turn.ts';
import type { Log } from '../../frame/log.ts';
import { OvnUnavailable } from '../ovsdb/failures.ts';
import { connectRemote, nameOf, type Remote } from '../ovsdb/remote.ts';
import { openSession, refusalOf, type Session } from '../ovsdb/session.ts';
import { createReplica, type Replica } from './replica.ts';
import { columnsOf, type Row, type TableName, tableNames } from './tables.ts';

/** An operation of a transaction (RFC 7047, section 5.2). */
export type Operation = Readonly<Record<string, unknown>> & { readonly op: string };

/** The northbound database: read from a copy in memory, changed by transactions. Everything throws OvnUnavailable while nobody answers. */
export interface Northbound {
  rows<T extends TableName>(table: T): ReadonlyMap<string, Row<T>>;
  /** Works something out of tables, and keeps it until one of them changes. */
  derived<R>(key: string, from: readonly TableName[], work: () => R): R;
  /**
   * Runs operations as one transaction: all of them, or none. When it returns, the copy has them.
   * Throws OvnRefused, OvnTimeout.
   */
  transact(operations: readonly Operation[]): Promise<void>;
  /** Runs work that looks first and changes then, one after the other, so that no other work of ours comes in between. */
  alone<R>(work: () => Promise<R>): Promise<R>;
  isUp(): boolean;
  close(): Promise<void>;
}

export interface NorthboundParts {
  readonly remotes: readonly Remote[];
  readonly context: SecureContext | null;
  readonly log: Log;
  /** Within which a transaction is answered, in milliseconds. */
  readonly answerMs: number;
}

const database = 'OVN_Northbound';
const silenceMs = 5_000;
const connectMs = 10_000;
const shortestPauseMs = 100;
const longestPauseMs = 5_000;

interface Connected {
  readonly session: Session;
  readonly replica: Replica;
  readonly derived: Map<string, { readonly at: string; readonly value: unknown }>;
}

/** Connects with the first of the servers that answers, and goes on trying, and connects again, until it is closed. */
export function openNorthbound({ remotes, context, log, answerMs }: NorthboundParts): Northbound {
  const stopping = new AbortController();
  const isStopping = (): boolean => stopping.signal.aborted;
  let connected: Connected | null = null;
  let problem = 'not connected yet';

  async function connectOnce(remote: Remote): Promise<Connected> {
    const replica = createReplica();
    const socket = await connectRemote(remote, context, connectMs);
    const session = openSession(socket, {
      answerMs,
      silenceMs,
      onNotification: (method, params) => {
        if (method === 'update2') replica.apply(params[1]);
      },
    });
    try {
      const wanted = Object.fromEntries(tableNames.map((table) => [table, [{ columns: columnsOf(table).map(([name]) => name) }]]));
      replica.apply(await session.call('monitor_cond', [database, null, wanted]));
      return { session, replica, derived: new Map() };
    } catch (error) {
      session.close('it was of no use');
      throw error;
    }
  }

  async function keepConnected(): Promise<void> {
    let failures = 0;
    for (let turn = 0; !isStopping(); turn++) {
      const remote = remotes[turn % remotes.length];
      if (remote === undefined) return;
      const before = problem;
      try {
        const next = await connectOnce(remote);
        if (isStopping()) return next.session.close('the provider ends');
        connected = next;
        failures = 0;
        log.info('connected with the northbound database', { remote: nameOf(remote) });
        problem = await next.session.closed;
        connected = null;
        if (!isStopping()) log.warning('lost the northbound database', { remote: nameOf(remote), error: problem });
      } catch (error) {
        problem = error instanceof Error ? error.message : String(error);
        if (problem !== before) log.warning('cannot reach the northbound database', { remote: nameOf(remote), error: problem });
      }
      const pauseMs = Math.min(longestPauseMs, shortestPauseMs * 2 ** Math.floor(failures++ / remotes.length));
      await sleep(pauseMs, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  }
  const ended = keepConnected();

  const current = (): Connected => {
    if (connected === null) throw new OvnUnavailable(problem);
    return connected;
  };

  return {
    rows: (table) => current().replica.rows(table),
    derived: <R>(key: string, from: readonly TableName[], work: () => R) => {
      const { replica, derived } = current();
      const at = from.map((table) => replica.version(table)).join(' ');
      const kept = derived.get(key);
      if (kept?.at === at) return kept.value as R;
      const value = work();
      derived.set(key, { at, value });
      return value;
    },
    async transact(operations) {
      const results = (await current().session.call('transact', [database, ...operations])) as readonly unknown[];
      const failed = results.find((one) => typeof one === 'object' && one !== null && 'error' in one);
      if (failed !== undefined) throw refusalOf(failed);
    },
    alone: inTurns(),
    isUp: () => connected !== null,
    async close() {
      stopping.abort();
      connected?.session.close('the provider ends');
      await ended;
    },
  };
}
