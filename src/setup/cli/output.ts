import { type Text, inWords, message, term } from '../kit/text.ts';
import { catalogueFor } from '../ui/catalogue.ts';

/** Prints what a command was asked for. */
export const print = (text: string): void => void process.stdout.write(text);

const ignore = (): void => undefined;

/** Tells people something beside that: a warning, or why it failed. If nobody can read it, nobody can be told so either. */
export function tell(text: string): void {
  if (process.stderr.listenerCount('error', ignore) === 0) process.stderr.on('error', ignore);
  process.stderr.write(text);
}

const reasons: Readonly<Record<string, Text>> = { ENOSPC: 'no space is left on the device', EIO: 'input/output error' };

/**
 * Lets the program outlive the reader of its output. One that has read enough, as `head` does, is no failure; an output that cannot be
 * written is: nobody has got what was asked for. Then the exit code is 1, where there was none other.
 */
export function outliveReader(): void {
  process.stdout.on('error', ({ code = '', message: said }: NodeJS.ErrnoException) => {
    if (code === 'EPIPE') return;
    const why = message`standard output cannot be written: ${term(reasons[code] ?? said)}`;
    tell(`engine-setup: ${inWords(why, catalogueFor(process.env).catalogue)}\n`);
    process.exitCode ||= 1;
  });
}
