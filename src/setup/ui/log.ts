import { closeSync, constants, mkdirSync, openSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Mask } from './mask.ts';
import { visible } from './visible.ts';

/** The log file of a run. Every line is written at once, so that nothing is lost when the power goes. */
export interface Log {
  readonly path: string;
  write(level: 'DEBUG' | 'INFO' | 'WARNING' | 'ERROR', source: string, text: string): void;
  close(): void;
}

const two = (value: number, digits = 2): string => String(value).padStart(digits, '0');

/** `YYYY-mm-dd HH:MM:SS,mmm+ZZZZ` in local time. */
export function logTime(now: Date): string {
  const offset = -now.getTimezoneOffset();
  const zone = `${offset < 0 ? '-' : '+'}${two(Math.floor(Math.abs(offset) / 60))}${two(Math.abs(offset) % 60)}`;
  const date = `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`;
  return `${date} ${two(now.getHours())}:${two(now.getMinutes())}:${two(now.getSeconds())},${two(now.getMilliseconds(), 3)}${zone}`;
}

/** `YYYYmmddHHMMSS` in local time, for file names. */
export const stamp = (now: Date): string =>
  `${now.getFullYear()}${two(now.getMonth() + 1)}${two(now.getDate())}${two(now.getHours())}${two(now.getMinutes())}${two(now.getSeconds())}`;

/** Where there is no log: before anything may be written, or when it cannot be. */
export const silentLog = (path: string): Log => ({ path, write: () => undefined, close: () => undefined });

const { O_WRONLY, O_CREAT, O_EXCL, O_APPEND, O_NONBLOCK } = constants;

/**
 * Creates a log file that only its owner can read, or goes on with one that is there. Control characters are made visible, and lines of one record are indented.
 * @param on.append whether a file may be there; it keeps what it holds, and its mode
 */
export function openLog(path: string, mask: Mask, on: { readonly append?: boolean } = {}): Log {
  mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
  // Not to wait for a reader, if it is a pipe.
  const fd = openSync(path, O_WRONLY | O_CREAT | (on.append === true ? O_APPEND | O_NONBLOCK : O_EXCL), 0o600);
  return {
    path,
    write(level, source, text) {
      // Made visible, so that a name cannot write its own log lines.
      const safe = visible(mask.apply(text));
      try {
        writeSync(fd, `${logTime(new Date())} ${level} ${source} ${safe.replaceAll('\n', '\n    ')}\n`);
      } catch {
        // A full disk must not keep the rollback from its work. What failed is on the screen.
      }
    },
    close: () => closeSync(fd),
  };
}
