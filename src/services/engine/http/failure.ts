import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import { DatabaseUnavailable } from '../../frame/database.ts';
import { errorFields, type Log } from '../../frame/log.ts';
import { Refusal } from './refusal.ts';

/** What a client may know about an error, whatever form it is then given. */
export interface Failure {
  readonly status: number;
  readonly message: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Turns anything thrown into what the client may know. Unexpected errors are logged; the client sees only their number. */
export function describeFailure(error: unknown, log: Log): Failure {
  if (error instanceof Refusal) return error;
  if (error instanceof DatabaseUnavailable) {
    return { status: 503, message: 'The database cannot be reached at the moment.', headers: { 'retry-after': '5' } };
  }
  const status = statusOf(error);
  // Texts of the web server may repeat what the client sent, so its refusals get the text of their status.
  if (status !== null) return { status, message: `${STATUS_CODES[status] ?? 'Bad Request'}.`, headers: {} };

  const id = randomUUID();
  log.error('internal error', { id, ...errorFields(error) });
  return { status: 500, message: `Internal error ${id}. The log of the engine says more under this number.`, headers: {} };
}

function statusOf(error: unknown): number | null {
  const status: unknown = error instanceof Error && 'statusCode' in error ? error.statusCode : null;
  return typeof status === 'number' && status >= 400 && status < 500 ? status : null;
}
