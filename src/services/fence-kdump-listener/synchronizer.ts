import { setTimeout as sleep } from 'node:timers/promises';
import { errorFields, type Log } from '../frame/log.ts';
import type { KdumpTables } from './kdump-tables.ts';
import type { Sessions } from './sessions.ts';

export interface SynchronizerParts {
  readonly sessions: Sessions;
  readonly tables: KdumpTables;
  readonly syncMs: number;
  readonly heartbeatMs: number;
  readonly reopenMs: number;
  readonly log: Log;
  /** A clock that only runs forward. */
  readonly now: () => number;
}

export interface Synchronizer {
  /** Fulfilled once the database has been reached for the first time. */
  readonly ready: Promise<void>;
  /** Whether the last round reached the database. */
  connected(): boolean;
  /** Ends it after a last round. */
  end(): Promise<void>;
}

/** One comparison of the sessions with the database. Throws what the database does; the next round then makes up for it. */
export function createRound({
  sessions,
  tables,
  heartbeatMs,
  log,
  now,
}: Omit<SynchronizerParts, 'syncMs' | 'reopenMs'>): () => Promise<void> {
  let resumed = false;
  let beatAt = -Infinity;

  async function resume(): Promise<void> {
    const { dumps, unreadable } = await tables.unfinished();
    for (const dump of dumps) sessions.resume(dump);
    resumed = true;
    if (dumps.length > 0) log.info('watching dumps that had begun before', { hosts: dumps.length });
    if (unreadable > 0) log.warning('dumps with addresses that cannot be read are left alone', { hosts: unreadable });
  }

  async function lookUpHosts(): Promise<void> {
    const { strangers, example } = sessions.learn(await tables.hosts());
    if (strangers > 0) log.warning('messages from addresses of no host are ignored', { senders: strangers, example });
  }

  const told = new Map<string, string>();
  /** Says of each host when its dump begins and when it ends. */
  function tell(statuses: ReturnType<Sessions['report']>): void {
    for (const { hostId, status, address } of statuses) {
      if (told.get(hostId) !== status) log.info(`dump ${status}`, { host: hostId, address });
      if (status === 'finished') told.delete(hostId);
      else told.set(hostId, status);
    }
  }

  return async () => {
    if (!resumed) await resume();
    if (sessions.asksForHosts()) await lookUpHosts();
    const statuses = sessions.report();
    if (statuses.length > 0) {
      await tables.store(statuses);
      sessions.settle();
      tell(statuses);
    }
    // Last: a sign of life says that the dumps above are known, too.
    if (now() - beatAt >= heartbeatMs) {
      await tables.heartbeat();
      beatAt = now();
    }
  };
}

/** Goes on with rounds: the next one after the sync interval, or, where the database was not reached, after the reopen interval. */
export function startSynchronizer(parts: SynchronizerParts): Synchronizer {
  const { syncMs, heartbeatMs, reopenMs, log } = parts;
  const round = createRound(parts);
  const ending = new AbortController();
  const first = Promise.withResolvers<undefined>();
  let connected = false;
  let failed = false;

  async function attempt(): Promise<void> {
    try {
      await round();
      if (failed) log.info('the database can be used again');
      [connected, failed] = [true, false];
      first.resolve(undefined);
    } catch (error) {
      // The same trouble is not told twice.
      if (!failed) log.error('the database cannot be used, what happens is kept in memory', describe(error));
      [connected, failed] = [false, true];
    }
  }
  async function goOn(): Promise<void> {
    while (!ending.signal.aborted) {
      await attempt();
      await sleep(connected ? Math.min(syncMs, heartbeatMs) : reopenMs, undefined, { signal: ending.signal }).catch(() => undefined);
    }
    await attempt();
  }
  const running = goOn();

  return {
    ready: first.promise,
    connected: () => connected,
    async end() {
      ending.abort();
      await running;
    },
  };
}

function describe(error: unknown): { error: string } {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  return { error: errorFields(cause).error };
}
