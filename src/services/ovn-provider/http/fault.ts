import { STATUS_CODES } from 'node:http';
import { OvnRefused, OvnTimeout, OvnUnavailable } from '../ovsdb/failures.ts';

/** A refusal. The message goes to the client. */
export class Fault extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = 'Fault';
    this.status = status;
  }
}

export const badRequest = (message: string): Fault => new Fault(400, message);
export const notFound = (what: string, id: string): Fault => new Fault(404, `There is no ${what} ${id}.`);
export const conflict = (message: string): Fault => new Fault(409, message);

/** The body of a refusal, as clients of Neutron and Keystone expect it. */
export const faultBody = ({ status, message }: Fault): object => ({
  error: { message, code: status, title: STATUS_CODES[status] ?? 'Error' },
});

/** Reasons of the database that mean: not as things are now. */
const conflicts = ['constraint violation', 'referential integrity violation', 'duplicate uuid', 'timed out'];

/** What a client may know of anything thrown; null: nothing but that it was unexpected. */
export function faultOf(error: unknown): Fault | null {
  if (error instanceof Fault) return error;
  if (error instanceof OvnUnavailable) return new Fault(502, `The northbound database of OVN cannot be reached: ${error.message}.`);
  if (error instanceof OvnTimeout) return new Fault(504, `The northbound database of OVN is too slow: ${error.message}.`);
  if (!(error instanceof OvnRefused)) return null;
  // A transaction that waits for a row which is gone is said to have timed out.
  return conflicts.includes(error.reason)
    ? conflict(`This does not fit what OVN has now, which may have changed meanwhile: ${error.message}.`)
    : new Fault(502, `The northbound database of OVN refuses this: ${error.message}.`);
}
