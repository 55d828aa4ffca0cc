import type { Database } from '../../frame/database.ts';
import type { Log } from '../../frame/log.ts';
import { cleanName } from '../audit.ts';
import type { AccessQuestion } from './proxy-request.ts';
import type { Access } from './serial-consoles.ts';

/** Events and their numbers. The first two are those of the original; it has none for people who are refused. */
const events = {
  connected: { type: 167, name: 'VM_CONSOLE_CONNECTED', severity: 0, text: 'is connected to' },
  left: { type: 168, name: 'VM_CONSOLE_DISCONNECTED', severity: 0, text: 'has left' },
  refused: { type: 9850, name: 'VM_CONSOLE_REFUSED', severity: 1, text: 'was refused' },
  cut: { type: 9851, name: 'VM_CONSOLE_CUT', severity: 1, text: 'was cut off from' },
} as const;

/** What an answer comes to: staying on is nothing to write down. */
function eventOf({ occasion }: AccessQuestion, { allowed }: Access): keyof typeof events | null {
  if (occasion === 'leave') return 'left';
  if (occasion === 'connect') return allowed ? 'connected' : 'refused';
  return allowed ? null : 'cut';
}

/** Writes down who came to which console, and who did not get there, into the table of events and the log. */
export async function writeConsoleEvent(
  { database, log, now }: { readonly database: Database; readonly log: Log; readonly now: () => number },
  question: AccessQuestion,
  access: Access,
): Promise<void> {
  const kind = eventOf(question, access);
  if (kind === null) return;
  const event = events[kind];
  const user = access.userName ?? 'who is unknown';
  // Names come from users and hosts.
  const machine = cleanName(access.vm?.vmName ?? ('name' in question.vm ? question.vm.name : question.vm.id));
  const write = event.severity === 0 ? log.info : log.warning;
  write(`user ${event.text} a serial console`, { event: event.type, user, vm: machine, source: question.source });
  await database.query(
    `insert into audit_log (log_time, log_type, log_type_name, severity, message, user_id, user_name)
     values ($1, $2, $3, $4, $5, $6, $7)`,
    [
      new Date(now()),
      event.type,
      event.name,
      event.severity,
      `User ${user} ${event.text} the serial console of ${machine} from ${question.source}.`,
      access.userName === null ? null : question.userId,
      access.userName,
    ],
  );
}
