import { appendFileSync } from 'node:fs';
import { Problem } from '../tool.ts';

/** What the person at the screen sees. */
export interface Screen {
  /** A line as it stands. */
  line(text: string): void;
  info(text: string): void;
  error(text: string): void;
  /** Of requests, where they are wanted. */
  verbose(text: string): void;
  /** How much of a file was sent. */
  progress(bytes: number, size: number): void;
}

export interface ScreenParts {
  readonly output: { readonly isTTY?: boolean; write(text: string): unknown };
  readonly errors: { write(text: string): unknown };
  readonly quiet: boolean;
  readonly verbose: boolean;
  readonly logFile: string | null;
}

const width = 40;

export function createScreen({ output, errors, quiet, verbose, logFile }: ScreenParts): Screen {
  const keep = (text: string): void => {
    if (logFile === null) return;
    try {
      appendFileSync(logFile, `${new Date().toISOString()} ${text}\n`, { mode: 0o640 });
    } catch (error) {
      throw new Problem(`${logFile} cannot be written (${(error as NodeJS.ErrnoException).code ?? 'unknown error'}).`);
    }
  };
  const line = (text: string): void => {
    keep(text);
    if (!quiet) output.write(`${text}\n`);
  };
  let drawn = '';
  return {
    line,
    info: (text) => line(`INFO: ${text}`),
    error: (text) => {
      keep(`ERROR: ${text}`);
      errors.write(`ERROR: ${text}\n`);
    },
    verbose: (text) => {
      if (verbose) line(`DEBUG: ${text}`);
    },
    progress(bytes, size) {
      const done = Math.min(1, bytes / size);
      const filled = Math.floor(done * width);
      const bar = `Uploading: [${'#'.repeat(filled)}${' '.repeat(width - filled)}] ${Math.floor(done * 100)}%`;
      const isEnd = bytes >= size;
      // Elsewhere than at a terminal, only the last one is worth a line.
      if (quiet || bar === drawn || (output.isTTY !== true && !isEnd)) return;
      drawn = isEnd ? '' : bar;
      output.write(`${output.isTTY === true ? '\r' : ''}${bar}${isEnd ? '\n' : ''}`);
    },
  };
}

/** A table with a heading, as this program always had it. */
export function table(heading: readonly [string, string], rows: readonly (readonly [string, string])[]): string {
  const wide = Math.max(...[heading, ...rows].map(([first]) => [...first].length));
  return [heading, ...rows].map(([first, second]) => `${first.padEnd(wide)} | ${second}`).join('\n');
}
