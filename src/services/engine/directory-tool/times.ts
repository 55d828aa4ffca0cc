import { misuse } from '../tool.ts';

/** Reads a time as people give it, `2031-12-31 23:59:59Z`; a time without a zone is in UTC. Throws a Problem. */
export function readTime(text: string): Date {
  const match = /^(\d{4}-\d{2}-\d{2})[ T](\d{2}:\d{2}:\d{2})(Z|[+-]\d{2}:?\d{2})?$/.exec(text.trim());
  const zone = (match?.[3] ?? 'Z').replace(/^([+-]\d{2})(\d{2})$/, '$1:$2');
  const time = new Date(`${match?.[1]}T${match?.[2]}${zone}`);
  // A day that does not exist would silently become one of the next month.
  const exists =
    match !== null && !Number.isNaN(time.getTime()) && new Date(`${match[1]}T00:00:00Z`).toISOString().startsWith(match[1] ?? '');
  if (!exists) throw misuse('A time has the form yyyy-MM-dd HH:mm:ssZ, such as 2031-12-31 23:59:59Z.');
  return time;
}

/** Writes a time in the same form. */
export const writeTime = (time: Date): string =>
  time
    .toISOString()
    .replace('T', ' ')
    .replace(/\.\d+Z$/, 'Z');
