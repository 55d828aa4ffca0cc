import { cancelled } from './cancelled.ts';
import { cellsOf } from './cells.ts';
import { type NextPress, openKeys } from './keys.ts';
import type { Screen } from './screen.ts';

/** Reads what a person types, or what a pipe says, line by line. */
export interface Keyboard {
  /** One line without its end. At a terminal it appears on the screen, with its end; of a `hidden` one only the end. */
  line(hidden: boolean): Promise<string>;
  /** Gives the input back as it was. */
  close(): void;
}

/** A line that is typed at the end of the screen: what appears can only be taken back to the left. */
function newLine(show: (text: string) => void) {
  const typed: string[] = [];
  const dropLast = (): void => {
    const character = typed.pop() ?? '';
    show('\b \b'.repeat(cellsOf(character)));
    // An accent goes with the character it stands on.
    if (character !== '' && cellsOf(character) === 0) dropLast();
  };
  return {
    text: (): string => typed.join(''),
    type(text: string): void {
      typed.push(...text);
      show(text);
    },
    dropLast,
    dropWord(): void {
      while (typed.at(-1) === ' ') dropLast();
      while (typed.length > 0 && typed.at(-1) !== ' ') dropLast();
    },
    dropAll(): void {
      while (typed.length > 0) dropLast();
    },
  };
}
type Line = ReturnType<typeof newLine>;

/** Takes keys until the line is done: those that a terminal itself knows when it reads a line. */
async function fill(line: Line, next: NextPress): Promise<string> {
  for (;;) {
    const { text, key } = await next();
    const { name, ctrl } = key;
    if (name === 'return' || name === 'enter') return line.text();
    if (ctrl === true && name === 'c') throw cancelled('Ctrl-C');
    if (ctrl === true && name === 'd' && line.text() === '') throw cancelled('Ctrl-D');
    if (name === 'backspace') line.dropLast();
    else if (ctrl === true && name === 'w') line.dropWord();
    else if (ctrl === true && name === 'u') line.dropAll();
    // Arrow keys and the like are no characters.
    else if (text !== undefined && key.meta !== true && !/\p{Cc}/u.test(text)) line.type(text);
  }
}

/**
 * The keyboard of a terminal. The terminal echoes nothing until `close`, so that what is typed ahead of a hidden question is never
 * seen; visible lines appear when they are read. Nothing but the end of the line is moved on the screen, which suits every terminal.
 * @param on.screen where people read
 */
export function terminalKeyboard(on: { input: NodeJS.ReadStream; signal: AbortSignal; screen: Screen }): Keyboard {
  const { screen } = on;
  const idle = (): void => undefined;
  let showAgain: () => void = idle;
  const keys = openKeys({ ...on, resumed: () => showAgain() });
  return {
    line: (hidden) =>
      keys.read(async (next) => {
        const show = hidden ? idle : screen.write;
        const line = newLine(show);
        showAgain = () => show(line.text());
        try {
          return await fill(line, next);
        } finally {
          showAgain = idle;
          screen.write('\n');
        }
      }),
    close: keys.close,
  };
}
