import { EndOfInput, SetupError } from '#kit';
import { cancelled } from './cancelled.ts';
import type { Screen } from './screen.ts';
import { type Keyboard, terminalKeyboard } from './terminal-keyboard.ts';

export type { Keyboard } from './terminal-keyboard.ts';

/** The lines of a pipe. They appear nowhere. */
function pipeKeyboard(input: NodeJS.ReadStream, signal: AbortSignal): Keyboard {
  let buffered = '';
  let ended = false;
  const waiting = new Set<() => void>();
  const wake = (): void => {
    for (const resolve of waiting) resolve();
    waiting.clear();
  };
  const end = (): void => {
    ended = true;
    wake();
  };
  input.setEncoding('utf8');
  input.on('data', (chunk: string) => {
    buffered += chunk;
    wake();
  });
  input.on('end', end);
  input.on('error', end);
  signal.addEventListener('abort', wake);

  const heed = (): void => {
    if (signal.aborted) throw cancelled('a signal');
  };

  async function wholeLine(): Promise<string> {
    for (;;) {
      const end = buffered.indexOf('\n');
      if (end >= 0) {
        const line = buffered.slice(0, end).replace(/\r$/, '');
        buffered = buffered.slice(end + 1);
        return line;
      }
      if (buffered.length > 65_536) throw new SetupError('refused', 'A line of input is longer than 64 KiB');
      // A last line without its end is an answer cut short: it does not count.
      if (ended) throw new EndOfInput();
      await new Promise<void>((resolve) => waiting.add(resolve));
      heed();
    }
  }

  return {
    async line() {
      // Answers that come without a pause would otherwise leave no moment in which a signal is seen.
      await new Promise((resolve) => setImmediate(resolve));
      heed();
      input.resume();
      try {
        return await wholeLine();
      } finally {
        input.pause();
      }
    },
    close: () => void input.destroy(),
  };
}

/**
 * The keyboard of this process.
 * @param on.signal aborted by a signal: a waiting `line` then throws `cancelled`
 * @param on.screen where somebody at a terminal sees what they type
 */
export function stdinKeyboard(on: { signal: AbortSignal; screen: Screen }): Keyboard {
  const { stdin } = process;
  return stdin.isTTY ? terminalKeyboard({ ...on, input: stdin }) : pipeKeyboard(stdin, on.signal);
}
