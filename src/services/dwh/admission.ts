import { setTimeout as sleep } from 'node:timers/promises';
import { type Database, DatabaseUnavailable } from '../frame/database.ts';
import { errorFields, type Log } from '../frame/log.ts';
import { lookAtEngine, refusal } from './engine-side.ts';
import { type History, HistoryTaken } from './history.ts';

/** Why the warehouse may not work here. Only an administrator can help: the message says how. */
export class Refused extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'Refused';
  }
}

export const againMs = 1_000;
/** A session that was cut off may hold the lock for a moment after its process is gone. */
const patienceForLockMs = 10_000;

/** Waits until the engine's database answers, and sees whether the engine is ours. Throws Refused. */
export async function waitForEngine(engine: Database, uuid: string, log: Log, signal: AbortSignal): Promise<void> {
  const side = await untilThere("the engine's database", () => lookAtEngine(engine), log, signal);
  const why = refusal(side, uuid);
  if (why !== null) throw new Refused(why);
}

/** Waits until the history answers. Throws HistoryTaken when somebody else does not let go of it. */
export async function waitForHistory(open: () => Promise<History>, log: Log, signal: AbortSignal): Promise<History> {
  // Patience begins when the history answers, and says that it is taken.
  let deadline = Number.POSITIVE_INFINITY;
  for (;;) {
    try {
      return await untilThere('the history', open, log, signal);
    } catch (error) {
      if (!(error instanceof HistoryTaken) || performance.now() > deadline) throw error;
      deadline = Math.min(deadline, performance.now() + patienceForLockMs);
    }
    await sleep(againMs, undefined, { signal });
  }
}

async function untilThere<T>(what: string, open: () => Promise<T>, log: Log, signal: AbortSignal): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      return await open();
    } catch (error) {
      if (!(error instanceof DatabaseUnavailable)) throw error;
      if (tries === 0) log.warning(`waiting for ${what}`, { error: errorFields(error.cause).error });
    }
    await sleep(againMs, undefined, { signal });
  }
}
