import { setTimeout as sleep } from 'node:timers/promises';
import { type Database, DatabaseUnavailable } from '../frame/database.ts';
import { errorFields, type Log } from '../frame/log.ts';
import { isAlive, lookAtEngine, refusal, setRunning } from './engine-side.ts';

export interface WatchParts {
  readonly engine: Database;
  readonly uuid: string;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Called when this warehouse has to end: somebody asked it to, or the engine belongs to another one now. */
  readonly end: (reason: string) => void;
}

export interface Watch {
  /** Whether the engine's database answers. */
  connected(): boolean;
  /** Whether the engine was alive a moment ago. */
  alive(): boolean;
}

const everyMs = 4_000;

/** Keeps an eye on the engine until the signal. What changes is logged once. */
export function watchEngine({ engine, uuid, log, signal, end }: WatchParts): Watch {
  let connected = true;
  let alive: boolean | undefined;

  async function look(): Promise<void> {
    const side = await lookAtEngine(engine);
    const why = side.disconnect ? 'the engine asks for it' : refusal(side, uuid);
    if (why !== null) return end(why);
    // A restored backup of the engine's database does not know of us.
    if (!side.running && !signal.aborted) await setRunning(engine, uuid, true);
    if (!connected) log.info("the engine's database is back");
    connected = true;
    const now = isAlive(side);
    if (now !== alive) {
      if (now) log.info('the engine is up');
      else log.warning('the engine is down, so nothing is sampled', { silentSeconds: side.silentSeconds });
    }
    alive = now;
  }

  async function loop(): Promise<void> {
    while (!signal.aborted) {
      await look().catch((error: unknown) => {
        alive = undefined;
        if (!connected) return;
        connected = false;
        const what = error instanceof DatabaseUnavailable ? "the engine's database cannot be reached" : 'cannot look at the engine';
        log.warning(what, errorFields(error instanceof DatabaseUnavailable ? error.cause : error));
      });
      await sleep(everyMs, undefined, { signal }).catch(() => undefined);
    }
  }
  void loop();
  return { connected: () => connected, alive: () => connected && alive === true };
}
