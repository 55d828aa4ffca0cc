import { EndOfInput, SetupError } from '#kit';
import { cancelled } from './cancelled.ts';

/** Reads what a person types, or what a pipe says, line by line. */
export interface Keyboard {
  /** Whether a person types at a terminal, which echoes what it reads unless it is hidden. */
  readonly terminal: boolean;
  /** One line without its end. `hidden`: nothing of it appears on a terminal. */
  line(hidden: boolean): Promise<string>;
  close(): void;
}

/**
 * The keyboard of this process.
 * On a terminal, visible lines are edited by the terminal itself; hidden ones are read in raw mode, where Ctrl-C and Ctrl-D arrive as characters.
 * @param signal aborted by a signal: a waiting `line` then throws `cancelled`
 */
export function stdinKeyboard(signal: AbortSignal): Keyboard {
  const { stdin } = process;
  let buffered = '';
  let ended = false;
  const waiting = new Set<() => void>();
  const wake = (): void => {
    for (const resolve of waiting) resolve();
    waiting.clear();
  };
  stdin.setEncoding('utf8');
  stdin.on('data', (chunk: string) => {
    buffered += chunk;
    wake();
  });
  stdin.on('end', () => {
    ended = true;
    wake();
  });
  stdin.on('error', () => {
    ended = true;
    wake();
  });
  signal.addEventListener('abort', wake);

  const heed = (): void => {
    if (signal.aborted) throw cancelled('a signal');
  };
  const more = async (): Promise<void> => {
    heed();
    await new Promise<void>((resolve) => waiting.add(resolve));
    heed();
  };

  async function wholeLine(): Promise<string> {
    for (;;) {
      // What was typed ahead while the terminal was in raw mode ends its lines with a carriage return.
      const end = buffered.search(stdin.isTTY ? /[\r\n]/ : /\n/);
      if (end >= 0) {
        const line = buffered.slice(0, end).replace(/\r$/, '');
        buffered = buffered.slice(end + 1);
        return line;
      }
      if (buffered.length > 65_536) throw new SetupError('refused', 'A line of input is longer than 64 KiB');
      if (ended) {
        // A last line without its end is an answer cut short: it does not count.
        if (stdin.isTTY) throw cancelled('Ctrl-D');
        throw new EndOfInput();
      }
      await more();
    }
  }

  async function hiddenLine(): Promise<string> {
    let typed: string[] = [];
    stdin.setRawMode(true);
    try {
      for (;;) {
        // Arrow keys and the like are no characters of a password.
        // eslint-disable-next-line no-control-regex -- they begin with the control character escape
        buffered = buffered.replace(/^\u001b(?:\[[0-9;]*[A-Za-z~]|O[A-Za-z])/, '');
        const [key, ...rest] = [...buffered];
        if (key === undefined) {
          if (ended) throw cancelled('Ctrl-D');
          await more();
          continue;
        }
        buffered = rest.join('');
        if (key === '\r' || key === '\n') return typed.join('');
        if (key === '\u0003') throw cancelled('Ctrl-C');
        if (key === '\u0004' && typed.length === 0) throw cancelled('Ctrl-D');
        if (key === '\u007f' || key === '\b') typed.pop();
        else if (key === '\u0015') typed = [];
        else if (key >= ' ') typed.push(key);
      }
    } finally {
      stdin.setRawMode(false);
    }
  }

  return {
    terminal: stdin.isTTY,
    async line(hidden) {
      // Answers that come without a pause would otherwise leave no moment in which a signal is seen.
      await new Promise((resolve) => setImmediate(resolve));
      heed();
      stdin.resume();
      try {
        return hidden && stdin.isTTY ? await hiddenLine() : await wholeLine();
      } finally {
        stdin.pause();
      }
    },
    close: () => void stdin.destroy(),
  };
}
