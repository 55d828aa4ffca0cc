import { setTimeout as sleep } from 'node:timers/promises';
import { DatabaseUnavailable } from '../frame/database.ts';
import { errorFields, type Log } from '../frame/log.ts';
import { SchemaMismatch } from '../frame/schema-version.ts';
import { againMs } from './admission.ts';
import { type History, HistoryTaken } from './history.ts';

export interface Job {
  /** The session that the first work is done through. */
  readonly history: History;
  /** Opens another one, after the former was closed. */
  readonly open: () => Promise<History>;
  /** Works until it fails, or until the signal; calls `succeeded` after each piece that went well. */
  readonly work: (history: History, succeeded: () => void) => Promise<void>;
  /** Told of every failure that is not a database that is away. */
  readonly failed: (error: unknown) => Promise<void>;
  readonly log: Log;
  readonly signal: AbortSignal;
}

export interface Worker {
  /** Whether the history is being written, and nothing has gone wrong since. */
  well(): boolean;
  /** Fulfilled after the signal, with the session closed; rejected when the schema does not fit. */
  readonly ended: Promise<void>;
}

const longestPauseMs = 60_000;

/** Works, and begins anew after every failure, with a session of its own and after a pause that grows with failures. */
export function keepWorking({ history: first, open, work, failed, log, signal }: Job): Worker {
  let history: History | null = first;
  let failures = 0;
  let away = false;

  function succeeded(): void {
    if (failures > 0) log.info('working again');
    failures = 0;
  }

  async function recover(error: unknown): Promise<void> {
    failures++;
    away = error instanceof DatabaseUnavailable || error instanceof HistoryTaken;
    if (!away) {
      log.warning('a piece of work failed', errorFields(error));
      await failed(error);
    } else if (failures === 1) {
      log.warning('the history cannot be written, trying again', errorFields(error instanceof DatabaseUnavailable ? error.cause : error));
    }
    await sleep(away ? againMs : Math.min(5_000 * failures, longestPauseMs), undefined, { signal }).catch(() => undefined);
  }

  async function run(): Promise<void> {
    while (!signal.aborted) {
      try {
        if (history === null) {
          history = await open();
          // With the session the only trouble is over; there may be nothing to do for a while.
          if (away) succeeded();
        }
        await work(history, succeeded);
      } catch (error) {
        await history?.close();
        history = null;
        if (error instanceof SchemaMismatch) throw error;
        await recover(error);
      }
    }
    await history?.close();
  }
  const ended = run();
  // Whoever waits for it may come later.
  ended.catch(() => undefined);
  return { well: () => history !== null && failures === 0, ended };
}
