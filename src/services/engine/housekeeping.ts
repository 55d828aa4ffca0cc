import type { Database } from '../frame/database.ts';
import { errorFields, type Log } from '../frame/log.ts';
import { finishedPhases, phaseNumber, phaseNumbers } from './disks/transfer-phase.ts';
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

/** Removes jobs that ended, and that somebody had time enough to look at. External ones that are not cleared are kept. */
async function cleanJobs(database: Database, now: number): Promise<void> {
  const [succeeded, failed] = await Promise.all([
    readNumber(database, 'SucceededJobCleanupTimeInMinutes'),
    readNumber(database, 'FailedJobCleanupTimeInMinutes'),
  ]);
  await database.query(
    `delete from job where is_auto_cleared and (status = 'FINISHED' and end_time < $1 or status in ('FAILED', 'ABORTED', 'UNKNOWN') and end_time < $2)`,
    [new Date(now - succeeded * minuteMs), new Date(now - failed * minuteMs)],
  );
}

/** Removes transfers of images that ended: those that failed are kept longer, for whoever asks why. */
async function cleanTransfers(database: Database, now: number): Promise<void> {
  await database.query(
    `delete from image_transfers where phase = any($1::integer[]) and last_updated < case when phase = $2 then $3::timestamptz else $4::timestamptz end`,
    [phaseNumbers(...finishedPhases), phaseNumber('finished_success'), new Date(now - 15 * minuteMs), new Date(now - 30 * minuteMs)],
  );
}

/** Makes what removes sessions that ended, and failed logins, events and jobs older than the installation keeps them. */
export function createHousekeeper({ database, sessions, now }: HousekeepingParts): () => Promise<void> {
  // Jobs have a rate of their own.
  let jobsCleaned = Number.NEGATIVE_INFINITY;
  return async () => {
    await sessions.sweep();
    await forgetFailures(database, now());
    const days = await readNumber(database, 'AuditLogAgingThreshold');
    await database.query('delete from audit_log where log_time < $1', [new Date(now() - days * dayMs)]);
    await cleanTransfers(database, now());
    if (now() - jobsCleaned < (await readNumber(database, 'JobCleanupRateInMinutes')) * minuteMs) return;
    jobsCleaned = now();
    await cleanJobs(database, jobsCleaned);
  };
}

/** Keeps house once a minute. Returns the function that ends it. A round that fails is logged and the next one tries again. */
export function startHousekeeping(parts: HousekeepingParts): () => void {
  const houseKeep = createHousekeeper(parts);
  const timer = setInterval(() => {
    houseKeep().catch((error: unknown) => parts.log.warning('housekeeping failed', errorFields(error)));
  }, everyMs);
  timer.unref();
  return () => clearInterval(timer);
}
