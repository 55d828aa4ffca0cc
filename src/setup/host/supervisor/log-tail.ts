import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';

const mostBytes = 16 * 1024;
const mostLines = 10;

/** Size of a file; 0 if it is not there. */
export const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;

/** The last lines that were appended to a file after it had this size. */
export function tailSince(path: string, size: number): readonly string[] {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch {
    return [];
  }
  try {
    const end = fstatSync(fd).size;
    const bytes = Buffer.alloc(Math.min(mostBytes, Math.max(0, end - size)));
    const read = readSync(fd, bytes, 0, bytes.length, end - bytes.length);
    // Control sequences in a log must not reach the screen.
    const text = bytes.toString('utf8', 0, read).replace(/[^\n\t\x20-\x7e\u00a0-\uffff]/g, '');
    return text
      .trimEnd()
      .split('\n')
      .slice(-mostLines)
      .filter((line) => line !== '');
  } finally {
    closeSync(fd);
  }
}
