import { Fault } from '../fault.ts';

export type Direction = 'read' | 'write';

/** What a ticket allows: one image, one direction, for one transfer. */
export interface Ticket {
  readonly uuid: string;
  /** Bytes of the image that may be reached. */
  readonly size: number;
  /** Where the image lies: `file:///path`, `nbd:unix:/path` or `https://host:port/images/ID`. */
  readonly url: string;
  /** Seconds that it lives from now on, unless it is extended. */
  readonly timeout: number;
  readonly ops: readonly Direction[];
  /** Under which name browsers save the image. */
  readonly filename?: string;
  readonly transferId?: string;
  /** Whether zeroes may become holes. */
  readonly sparse: boolean;
  /** Whether it can be asked what has changed since an earlier backup. */
  readonly dirty: boolean;
  /** Seconds of silence after which a connection is cut. */
  readonly inactivityTimeout?: number;
}

const longestSeconds = 10 * 365 * 24 * 3600;
const form = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Whether a text can be the name of a ticket: a UUID, which nobody guesses. */
export const isTicketId = (text: string): boolean => form.test(text);

/** Whether a ticket is for writing; such a one lets read, too, what was written. */
export const writes = ({ ops }: Ticket): boolean => ops.includes('write');

/** Reads a ticket as the engine or the agent of a host sends it, as JSON. Keys that are unknown are for later versions. Throws Fault. */
export function readTicket(body: unknown, id: string): Ticket {
  const fields = new Map<string, unknown>(Object.entries(objectOf(body)));
  const text = (key: string, most: number): string | undefined => {
    const value = fields.get(key) ?? undefined;
    // eslint-disable-next-line no-control-regex
    if (value === undefined || (typeof value === 'string' && value.length <= most && !/[\u0000-\u001f\u007f]/.test(value))) return value;
    throw new Fault(400, `${key} must be a text of at most ${most} characters on one line`);
  };
  const integer = (key: string, least: number, most: number): number | undefined => {
    const value = fields.get(key) ?? undefined;
    if (value === undefined || (typeof value === 'number' && Number.isSafeInteger(value) && value >= least && value <= most)) return value;
    throw new Fault(400, `${key} must be a whole number from ${least} to ${most}`);
  };
  const yesNo = (key: string): boolean => {
    const value = fields.get(key) ?? false;
    if (typeof value === 'boolean') return value;
    throw new Fault(400, `${key} must be true or false`);
  };
  const must = <T>(key: string, value: T | undefined): T => {
    if (value === undefined) throw new Fault(400, `a ticket must have ${key}`);
    return value;
  };

  const uuid = must('uuid', text('uuid', 36));
  if (uuid !== id) throw new Fault(400, 'uuid must be the name in the address of the request');
  const [filename, transferId] = [text('filename', 255), text('transfer_id', 255)];
  const inactivityTimeout = integer('inactivity_timeout', 1, longestSeconds);
  return {
    uuid,
    size: must('size', integer('size', 0, Number.MAX_SAFE_INTEGER)),
    url: must('url', text('url', 4096)),
    timeout: must('timeout', integer('timeout', 0, longestSeconds)),
    ops: readOps(must('ops', fields.get('ops'))),
    sparse: yesNo('sparse'),
    dirty: yesNo('dirty'),
    ...(filename === undefined ? {} : { filename }),
    ...(transferId === undefined ? {} : { transferId }),
    ...(inactivityTimeout === undefined ? {} : { inactivityTimeout }),
  };
}

/** Reads what a ticket shall live from now on, in seconds: `{"timeout": 300}`. Throws Fault. */
export function readTimeout(body: unknown): number {
  const { timeout } = objectOf(body) as { timeout?: unknown };
  if (typeof timeout === 'number' && Number.isSafeInteger(timeout) && timeout >= 0 && timeout <= longestSeconds) return timeout;
  throw new Fault(400, `timeout must be a whole number from 0 to ${longestSeconds}`);
}

function objectOf(body: unknown): object {
  if (typeof body === 'object' && body !== null && !Array.isArray(body)) return body;
  throw new Fault(400, 'a JSON object is expected');
}

function readOps(value: unknown): readonly Direction[] {
  const isDirection = (op: unknown): op is Direction => op === 'read' || op === 'write';
  if (Array.isArray(value) && value.length > 0 && value.every(isDirection)) return [...new Set(value)];
  throw new Fault(400, 'ops must be a list of read or write');
}
