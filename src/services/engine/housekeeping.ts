import type { Database } from '../frame/database.ts';
import { errorFields, type Log } from '../frame/log.ts';
import { readNumber } from './options.ts';
import { forgetFailures } from './sso/accounts.ts';
import type { Sessions } from './sso/sessions.ts';

export interface HousekeepingParts {
  readonly database: Database;
  readonly sessions: Sessions;
  readonly log: Log;
  readonly now: () => number;
}

const everyMs = 60_000;
const minuteMs = 60_000;
const dayMs = 86_400_000;

/** When jobs were cleaned last; they have a rate of their own. */
let jobsCleaned = 0;

/** Removes jobs that ended, and that somebody had time enough to look at. External ones that are not cleared are kept. */
async function cleanJobs(database: Database, now: number): Promise<void> {
  if (now - jobsCleaned < (await readNumber(database, 'JobCleanupRateInMinutes')) * minuteMs) return;
  jobsCleaned = now;
  const [succeeded, failed] = await Promise.all([
    readNumber(database, 'SucceededJobCleanupTimeInMinutes'),
    readNumber(database, 'FailedJobCleanupTimeInMinutes'),
  ]);
  await database.query(
    `delete from job where is_auto_cleared and (status = 'FINISHED' and end_time < $1 or status in ('FAILED', 'ABORTED', 'UNKNOWN') and end_time < $2)`,
    [new Date(now - succeeded * minuteMs), new Date(now - failed * minuteMs)],
  );
}

/** Removes sessions that ended, and failed logins, events and jobs older than the installation keeps them. */
export async function houseKeep({ database, sessions, now }: HousekeepingParts): Promise<void> {
  await sessions.sweep();
  await forgetFailures(database, now());
  const days = await readNumber(database, 'AuditLogAgingThreshold');
  await database.query('delete from audit_log where log_time < $1', [new Date(now() - days * dayMs)]);
  await cleanJobs(database, now());
}

/** Keeps house once a minute. Returns the function that ends it. A round that fails is logged and the next one tries again. */
export function startHousekeeping(parts: HousekeepingParts): () => void {
  const timer = setInterval(() => {
    houseKeep(parts).catch((error: unknown) => parts.log.warning('housekeeping failed', errorFields(error)));
  }, everyMs);
  timer.unref();
  return () => clearInterval(timer);
}
