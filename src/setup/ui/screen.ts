import { writeSync } from 'node:fs';

/** Where the dialog writes. */
export interface Screen {
  readonly colour: boolean;
  write(text: string): void;
}

/** Writes all of a text to a descriptor. Throws what writing throws. */
export function writeWhole(fd: number, text: string): void {
  let rest = Buffer.from(text);
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(fd, rest));
    } catch (error) {
      // The reader of a pipe is slow: wait a little instead of losing lines.
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }
}

/**
 * The screen of this process. Writes are synchronous, so that a question stands there before its answer is read.
 * A terminal that is gone is not an error: the log has everything, and a run that has begun must come to its end.
 */
export function stdoutScreen(): Screen {
  return {
    colour: process.stdout.isTTY && (process.env['NO_COLOR'] ?? '') === '' && process.env['TERM'] !== 'dumb',
    write(text) {
      try {
        writeWhole(1, text);
      } catch {
        // The terminal is gone.
      }
    },
  };
}
