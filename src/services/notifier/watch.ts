import { setTimeout as sleep } from 'node:timers/promises';
import { DatabaseUnavailable } from '../frame/database.ts';
import { errorFields, type Log } from '../frame/log.ts';
import type { Dispatcher } from './dispatcher.ts';
import type { EventStore } from './event-store.ts';
import { severities } from './event.ts';
import type { NotifierSettings } from './settings.ts';

export interface WatchParts {
  readonly settings: Pick<NotifierSettings, 'intervalMs' | 'retryMs' | 'daysToKeep' | 'daysAtStart' | 'unreachableEvery'>;
  readonly store: EventStore;
  readonly dispatcher: Dispatcher;
  readonly log: Log;
  readonly now: () => number;
  readonly signal: AbortSignal;
}

export interface Watch {
  /** Fulfilled once the database has been reached for the first time. */
  readonly ready: Promise<void>;
  /** Whether the last look reached the database. */
  connected(): boolean;
  /** Fulfilled when the signal has ended it. */
  readonly ended: Promise<void>;
}

const dayMs = 86_400_000;

/** Looks for new events again and again, until the signal is aborted. */
export function startWatch({ settings, store, dispatcher, log, now, signal }: WatchParts): Watch {
  const startedAt = now();
  const first = Promise.withResolvers<undefined>();
  let begun = false;
  let connected = false;
  let failures = 0;

  async function look(): Promise<boolean> {
    if (!begun) await store.skipBefore(new Date(startedAt - settings.daysAtStart * dayMs));
    begun = true;
    await store.looking();
    const left = await dispatcher.round();
    if (settings.daysToKeep > 0) await store.forget(settings.daysToKeep);
    return left;
  }

  async function failed(error: unknown): Promise<void> {
    connected = false;
    if (failures === 0)
      log.error('events cannot be read', { error: errorFields(error instanceof DatabaseUnavailable ? error.cause : error).error });
    // Nobody can read of it in the engine, so this is told without it.
    if (failures++ % settings.unreachableEvery === 0 && error instanceof DatabaseUnavailable) {
      await dispatcher.tell({
        id: '0',
        name: 'DATABASE_UNREACHABLE',
        code: 0,
        severity: severities.ERROR,
        message: 'The notifier cannot reach the database of the engine',
        time: new Date(now()),
        resolves: false,
        about: {},
      });
    }
  }

  async function goOn(): Promise<void> {
    while (!signal.aborted) {
      let left = true;
      try {
        left = await look();
        if (failures > 0) log.info('events can be read again');
        [connected, failures] = [true, 0];
        first.resolve(undefined);
      } catch (error) {
        await failed(error);
      }
      const pause = left ? Math.min(settings.retryMs, settings.intervalMs) : settings.intervalMs;
      await sleep(pause, undefined, { signal }).catch(() => undefined);
    }
    await dispatcher.rest();
  }
  return { ready: first.promise, connected: () => connected, ended: goOn() };
}
