import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from '../../frame/database.ts';
import { errorFields, type Log } from '../../frame/log.ts';

/** The time in which this engine, and no other, works on commands and hosts. */
export interface Turn {
  /** What is written for a turn is written only while the database has the same number. */
  readonly generation: string;
  /** Aborted when the turn is over. */
  readonly signal: AbortSignal;
}

/**
 * SQL that holds as long as it is a turn's time. Its lock makes a new turn wait for what is written, or what is written see the new turn.
 * @param place of the number of the turn among the values of the statement, `$1` for instance
 */
export const inTurn = (place: string): string => `exists (select from engine_turn where generation = ${place}::bigint for share)`;

export interface TurnParts {
  /** A database with one single connection, which holds the lock. */
  readonly session: Database;
  readonly log: Log;
  /** Called when a turn begins. It must stop whatever it does when the signal of the turn is aborted. */
  readonly begin: (turn: Turn) => void;
  /** How long until the session is asked again whether it has the lock, in milliseconds. */
  readonly everyMs?: number;
}

/** `ENG` in bytes: a key that means something to whoever looks into pg_locks. */
const lockKey = 0x454e47;

/**
 * Waits for its turn, and keeps it as long as the session lasts that has the lock: PostgreSQL gives it to another engine as soon as this one is
 * gone. The number of the turn keeps a former one from writing, which does not know yet that its session was lost. Returns what ends it.
 */
export function takeTurns({ session, log, begin, everyMs = 2_000 }: TurnParts): () => Promise<void> {
  const ended = new AbortController();
  let turn: AbortController | null = null;
  let waits = false;
  const isOver = (): boolean => ended.signal.aborted;

  const give = (reason: string): void => {
    if (turn === null) return;
    log.warning('the engine has lost its turn', { reason });
    turn.abort(new Error(reason));
    turn = null;
  };
  async function look(): Promise<void> {
    const [lock] = await session.query<{ held: boolean; mine: boolean }>(
      `select held, held or pg_try_advisory_lock($1) as mine from (select exists (select from pg_locks
         where locktype = 'advisory' and pid = pg_backend_pid() and classid = 0 and objid = $1::bigint::oid and granted) as held) x`,
      [lockKey],
    );
    // The end may come while the database is asked.
    if (isOver()) return;
    if (lock?.mine !== true) {
      give('another engine has taken over');
      if (!waits) log.warning('another engine works on the hosts; this one waits for its end');
      waits = true;
      return;
    }
    if (lock.held && turn !== null) return;
    give('the session that had the lock was lost');
    const [row] = await session.query<{ generation: string }>(
      'update engine_turn set generation = generation + 1 returning generation::text',
    );
    if (isOver()) return;
    [turn, waits] = [new AbortController(), false];
    log.info('the engine has its turn', { generation: row?.generation ?? null });
    begin({ generation: row?.generation ?? '', signal: turn.signal });
  }

  const running = (async () => {
    while (!ended.signal.aborted) {
      try {
        await look();
      } catch (error) {
        // Without an answer nobody knows who has the lock.
        give(errorFields(error).error);
      }
      await sleep(everyMs, undefined, { signal: ended.signal, ref: false }).catch(() => undefined);
    }
  })();
  return async () => {
    ended.abort();
    turn?.abort(new Error('the engine ends'));
    turn = null;
    await running;
    await session.close();
  };
}
