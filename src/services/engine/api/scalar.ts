import type { Value } from './types.ts';

/** A scalar that is no date as both formats show it. Throws when the table of types does not fit the value. */
export function scalarText(value: Value): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean') return String(value);
  throw new TypeError('a scalar was described, but the value is none');
}

/** A date in XML: milliseconds, and an offset in digits because old readers do not know `Z`. */
export const isoDate = (value: Value): string => dateOf(value).toISOString().replace('Z', '+00:00');

/** A date in JSON. */
export const epochMilliseconds = (value: Value): number => dateOf(value).getTime();

function dateOf(value: Value): Date {
  if (value instanceof Date) return value;
  throw new TypeError('a date was described, but the value is none');
}

/** Whether a date is one of the years that people write with four digits. The database cannot hold all that a client can name. */
export const isStorable = (date: Date): boolean => date.getUTCFullYear() >= 1 && date.getUTCFullYear() <= 9999;
