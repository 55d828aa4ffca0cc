import type { Database } from '../frame/database.ts';
import { errorFields, type Log } from '../frame/log.ts';
import { readNumber } from './options.ts';

export interface HeartBeatParts {
  readonly database: Database;
  readonly log: Log;
}

/** When to try again after a beat that did not come through: soon, since the data warehouse takes silence for a dead engine. */
const againMs = 1_000;

/** Tells the data warehouse that the engine is alive, by the clock of the database that both share. Returns the seconds until the next time. */
export async function beat(database: Database): Promise<number> {
  await database.query("update dwh_history_timekeeping set var_datetime = now() where var_name = 'heartBeat'");
  return readNumber(database, 'DwhHeartBeatInterval');
}

/** Beats at once, and then at the interval of the option `DwhHeartBeatInterval`. Returns the function that ends it. */
export function startHeartBeat({ database, log }: HeartBeatParts): () => void {
  let timer: NodeJS.Timeout | undefined;
  let ended = false;
  let failing = false;
  const next = async (): Promise<void> => {
    const waitMs = await beat(database).then(
      (seconds) => {
        failing = false;
        return seconds * 1_000;
      },
      (error: unknown) => {
        // Said once: a database that is away for an hour does not need thousands of lines.
        if (!failing) log.warning('the heartbeat failed', errorFields(error));
        failing = true;
        return againMs;
      },
    );
    if (!ended) timer = setTimeout(() => void next(), waitMs).unref();
  };
  void next();
  return () => {
    ended = true;
    clearTimeout(timer);
  };
}
