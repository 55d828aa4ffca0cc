import type { Database } from '../frame/database.ts';
import { errorFields, type Log } from '../frame/log.ts';
import { readNumber } from './options.ts';
import type { Sessions } from './sso/sessions.ts';

export interface HousekeepingParts {
  readonly database: Database;
  readonly sessions: Sessions;
  readonly log: Log;
  readonly now: () => number;
}

const everyMs = 60_000;
const dayMs = 86_400_000;

/** Removes sessions that ended and events older than the installation keeps them. */
export async function houseKeep({ database, sessions, now }: HousekeepingParts): Promise<void> {
  await sessions.sweep();
  const days = await readNumber(database, 'AuditLogAgingThreshold');
  await database.query('delete from audit_log where log_time < $1', [new Date(now() - days * dayMs)]);
}

/** Keeps house once a minute. Returns the function that ends it. A round that fails is logged and the next one tries again. */
export function startHousekeeping(parts: HousekeepingParts): () => void {
  const timer = setInterval(() => {
    houseKeep(parts).catch((error: unknown) => parts.log.warning('housekeeping failed', errorFields(error)));
  }, everyMs);
  timer.unref();
  return () => clearInterval(timer);
}
