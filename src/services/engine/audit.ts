import type { Database } from '../frame/database.ts';
import type { Log } from '../frame/log.ts';
import { createFailedLogins } from './failed-logins.ts';
import { networkOf } from './sso/network.ts';

/** Events and their numbers, which users and tools look for. */
const events = {
  login: { type: 30, name: 'USER_VDC_LOGIN', severity: 0, text: 'logged in' },
  logout: { type: 31, name: 'USER_VDC_LOGOUT', severity: 0, text: 'logged out' },
  loginFailed: { type: 114, name: 'USER_VDC_LOGIN_FAILED', severity: 2, text: 'failed to log in' },
} as const;

export interface AuditEntry {
  readonly event: keyof typeof events;
  /** As given by the client, so it may hold anything. */
  readonly userName: string;
  readonly userId: string | null;
  /** Address of the client. */
  readonly source: string;
  readonly correlationId: string | null;
}

/** Writes down who came and went. */
export type Audit = (entry: AuditEntry) => Promise<void>;

/**
 * Makes the audit that writes to the table `audit_log` and to the log. Failed logins of one name from one source share a
 * row for a minute, which counts them; the log names the first.
 */
export function createAudit(database: Database, log: Log, now: () => number): Audit {
  const failedLogins = createFailedLogins(now);

  async function insert(entry: AuditEntry, userName: string | null): Promise<string> {
    const event = events[entry.event];
    const write = event.severity === 0 ? log.info : log.warning;
    write(`user ${event.text}`, { event: event.type, user: userName, source: entry.source, correlationId: entry.correlationId });
    const [row] = await database.query<{ id: string }>(
      `insert into audit_log (log_time, log_type, log_type_name, severity, message, user_id, user_name, correlation_id)
       values ($1, $2, $3, $4, $5, $6, $7, $8) returning audit_log_id as id`,
      [
        new Date(now()),
        event.type,
        event.name,
        event.severity,
        describe(userName, event.text, 1, entry.source),
        entry.userId,
        userName,
        entry.correlationId,
      ],
    );
    return row?.id ?? '';
  }

  async function writeFailure(entry: AuditEntry): Promise<void> {
    const tally = failedLogins(cleanName(entry.userName), networkOf(entry.source));
    const recount = async (id: string): Promise<string> => {
      const message = describe(tally.userName, events.loginFailed.text, tally.count, entry.source);
      await database.query('update audit_log set message = $1 where audit_log_id = $2', [message, id]);
      return id;
    };
    // One after the other, so that the highest count is the last to be written.
    tally.row = tally.row === null ? insert(entry, tally.userName) : tally.row.then(recount);
    try {
      await tally.row;
    } catch (error) {
      // The next failure begins a row of its own.
      tally.row = null;
      throw error;
    }
  }

  return async (entry) => {
    if (entry.event === 'loginFailed') await writeFailure(entry);
    else await insert(entry, cleanName(entry.userName));
  };
}

function describe(userName: string | null, text: string, times: number, source: string): string {
  const who = userName === null ? 'Users with many other names' : `User ${userName}`;
  return `${who} ${text}${times === 1 ? '' : ` ${times} times`} from ${source}.`;
}

/** A user name fit for logs and tables: no control or direction characters, and not longer than a person's name. */
export const cleanName = (name: string): string =>
  name
    .toWellFormed()
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '')
    .slice(0, 100)
    .toWellFormed();
