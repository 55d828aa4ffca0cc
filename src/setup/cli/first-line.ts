import { message } from '#kit';
import { type Bounds, type Read, readNamed, readOpened } from './read-input.ts';
import { Unreadable } from './unreadable.ts';

/** The first line of something, without its end. */
function firstLine({ text }: Read): string {
  const line = text.split('\n', 1)[0] ?? '';
  if (text === '') throw new Unreadable('it is empty');
  if (!line.isWellFormed() || line.includes('\uFFFD') || line.includes('\0')) throw new Unreadable('its first line is no text in UTF-8');
  return line.replace(/\r$/, '');
}

/** As ssh does with keys: a secret that others can read is none. */
function keepPrivate(path: string, { mode = 0 }: Read): void {
  if ((mode & 0o044) !== 0) throw new Unreadable('other users can read it', message`Change that: chmod 600 ${path}`);
}

const bounds = (signal: AbortSignal): Bounds => ({ bytes: 65_536, line: true, signal });

/**
 * The first line of a file or pipe.
 * Throws Unreadable, or SetupError `cancelled` when a signal comes.
 * @param on.secret whether others must not be able to read it
 */
export async function firstLineOfFile(path: string, on: { readonly secret: boolean; readonly signal: AbortSignal }): Promise<string> {
  const found = await readNamed(path, bounds(on.signal));
  if (on.secret) keepPrivate(path, found);
  return firstLine(found);
}

/** The same of an open descriptor. */
export const firstLineOfDescriptor = async (fd: number, signal: AbortSignal): Promise<string> =>
  firstLine(await readOpened(fd, bounds(signal)));
