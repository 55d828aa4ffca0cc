import { type Key, emitKeypressEvents } from 'node:readline';
import { cancelled } from './cancelled.ts';

/** A key that was pressed: what it types, if anything, and what it is called. */
export interface Press {
  readonly text: string | undefined;
  readonly key: Key;
}

/** Waits for the next key. Throws SetupError `cancelled` after a signal, and when the terminal is gone. */
export type NextPress = () => Promise<Press>;

/** The keys of a terminal that shows nothing by itself. */
export interface Keys {
  /** Reads keys until the work is done. What is typed beyond stays for the next reader. */
  read<T>(work: (next: NextPress) => Promise<T>): Promise<T>;
  /** Gives the terminal back as it was. */
  close(): void;
}

/** More than this is no typing ahead any more. */
const patience = 65_536;

const isCtrl = ({ key }: Press, name: string): boolean => key.ctrl === true && key.name === name;

/**
 * Takes a terminal over: from now on it echoes nothing, so that what is typed ahead of a hidden question is never seen,
 * and keys that would send a signal arrive as keys. Between two readings they still do what they always do.
 * @param on.resumed called when the program is back from Ctrl-Z, and the screen has to be drawn again
 */
export function openKeys(on: { input: NodeJS.ReadStream; signal: AbortSignal; resumed: () => void }): Keys {
  const { input, signal } = on;
  let pressed: Press[] = [];
  let reading = false;
  let gone = false;
  let last: string | undefined;
  let wake = (): void => undefined;

  const send = (name: NodeJS.Signals, to: number): void => {
    input.setRawMode(false);
    process.kill(to, name);
    // Ctrl-Z does nothing where there is nobody to wake the program up again.
    setImmediate(resume);
  };
  function resume(): void {
    if (gone) return;
    // A shell may have changed the mode behind our back; only a change is ever passed on to the terminal.
    input.setRawMode(false);
    input.setRawMode(true);
    on.resumed();
  }
  const interrupt = (): void => {
    pressed = [];
    process.kill(process.pid, 'SIGINT');
  };
  const take = (text: string | undefined, key: Key): void => {
    const press = { text, key };
    // Text that is pasted from elsewhere may end its lines with both characters. It is one key all the same.
    const sameLineEnd = last === '\r' && key.sequence === '\n';
    last = key.sequence;
    if (sameLineEnd) return;
    // To the whole group, as the terminal would have sent it.
    if (isCtrl(press, 'z')) send('SIGTSTP', 0);
    else if (key.sequence === '\u001c') send('SIGQUIT', 0);
    else if (isCtrl(press, 'c') && !reading) interrupt();
    else if (pressed.length < patience) pressed.push(press);
    wake();
  };
  const end = (): void => {
    gone = true;
    wake();
  };
  const wakeUp = (): void => wake();

  const next = async (): Promise<Press> => {
    for (;;) {
      if (signal.aborted) throw cancelled('a signal');
      const press = pressed.shift();
      if (press !== undefined) return press;
      if (gone) throw cancelled('the end of the terminal');
      await new Promise<void>((resolve) => (wake = resolve));
    }
  };

  input.setRawMode(true);
  emitKeypressEvents(input);
  input.on('keypress', take);
  input.on('end', end);
  input.on('error', end);
  signal.addEventListener('abort', wakeUp);
  process.on('SIGCONT', resume);
  input.resume();
  // Only somebody who waits for a key keeps the program alive.
  input.unref();

  return {
    async read(work) {
      reading = true;
      input.ref();
      try {
        return await work(next);
      } finally {
        reading = false;
        input.unref();
        // Typed ahead while this was being answered: it means now what it means at any time.
        if (pressed.some((press) => isCtrl(press, 'c'))) interrupt();
      }
    },
    close() {
      input.off('keypress', take);
      signal.removeEventListener('abort', wakeUp);
      process.off('SIGCONT', resume);
      if (!gone) input.setRawMode(false);
      gone = true;
      input.pause();
    },
  };
}
