import type { Database } from '../frame/database.ts';
import type { Log } from '../frame/log.ts';

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

/** Makes the audit that writes to the table `audit_log` and to the log. */
export function createAudit(database: Database, log: Log, now: () => number): Audit {
  return async (entry) => {
    const event = events[entry.event];
    const userName = cleanName(entry.userName);
    const write = event.severity === 0 ? log.info : log.warning;
    write(`user ${event.text}`, { event: event.type, user: userName, source: entry.source, correlationId: entry.correlationId });
    await database.query(
      `insert into audit_log (log_time, log_type, log_type_name, severity, message, user_id, user_name, correlation_id)
       values ($1, $2, $3, $4, $5, $6, $7, $8)`,
      [
        new Date(now()),
        event.type,
        event.name,
        event.severity,
        `User ${userName} ${event.text} from ${entry.source}.`,
        entry.userId,
        userName,
        entry.correlationId,
      ],
    );
  };
}

/** A user name fit for logs and tables: no control or direction characters, and not longer than a person's name. */
export const cleanName = (name: string): string =>
  name
    .toWellFormed()
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '')
    .slice(0, 100)
    .toWellFormed();
