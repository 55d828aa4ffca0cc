import { isUnitName } from './sandbox-paths.ts';

/** One JSON object in a line, one request and one reply a connection. */
export type Request =
  { readonly op: 'start' | 'stop' | 'restart' | 'reload'; readonly unit: string } | { readonly op: 'hello' | 'shutdown' };
export type Reply = { readonly ok: true } | { readonly ok: false; readonly message: string; readonly remedy?: string };

/** Longer than any request or reply. */
export const longestLine = 64 * 1024;

/** The request in a line; undefined if it is none. */
export function parseRequest(line: string): Request | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null || !('op' in value)) return undefined;
  const { op } = value;
  if (op === 'hello' || op === 'shutdown') return { op };
  if (op !== 'start' && op !== 'stop' && op !== 'restart' && op !== 'reload') return undefined;
  return 'unit' in value && typeof value.unit === 'string' && isUnitName(value.unit) ? { op, unit: value.unit } : undefined;
}
