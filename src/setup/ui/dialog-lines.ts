import type { Dialog, Level, Question } from '#kit';
import type { Keyboard } from './keyboard.ts';
import type { Log } from './log.ts';
import type { Mask } from './mask.ts';
import type { Screen } from './screen.ts';

const heads: Readonly<Record<Level, string>> = { info: '[ INFO  ]', warning: '[WARNING]', error: '[ ERROR ]' };
const colours: Readonly<Record<Level, string>> = { info: '\u001b[92m', warning: '\u001b[93m', error: '\u001b[0;31m' };
const logLevels = { info: 'INFO', warning: 'WARNING', error: 'ERROR' } as const;

const margin = ' '.repeat(9);
const note = (text: string): string =>
  text
    .split('\n')
    .map((line) => (line === '' ? margin : `${margin} ${line}`))
    .join('\n');

/** `Text (Choice, Choice) [Default]: ` */
const prompt = ({ text, choices, initial }: Question): string =>
  `${text}${choices.length > 0 ? ` (${choices.join(', ')})` : ''}${initial === undefined ? '' : ` [${initial}]`}: `;

/**
 * The classic dialog, byte for byte: notes start in column 11, an empty note is nine blanks, log lines carry their level in brackets.
 * It is what golden transcripts compare. Without a keyboard nobody can be asked.
 */
export function linesDialog(on: { screen: Screen; mask: Mask; log: Log; keyboard?: Keyboard }): Dialog {
  const { screen, mask, log, keyboard } = on;
  const put = (text: string): void => screen.write(mask.apply(text));
  const tell = (text: string): void => {
    put(`${note(text)}\n`);
    log.write('DEBUG', 'dialog', `SEND ${text}`);
  };
  return {
    interactive: keyboard !== undefined,
    title(text) {
      for (const line of ['', `--== ${text} ==--`, '']) tell(line);
    },
    note: tell,
    log(level, text) {
      const head = screen.colour ? `${colours[level]}${heads[level]}\u001b[0m` : heads[level];
      put(`${head} ${text.replaceAll('\n', `\n${margin}`)}\n`);
      log.write(logLevels[level], 'dialog', text);
    },
    async ask(question) {
      if (keyboard === undefined) throw new Error(`${question.name}: nobody can be asked`);
      put(note(prompt(question)));
      log.write('DEBUG', 'dialog', `SEND ${prompt(question)}`);
      const reply = await keyboard.line(question.hidden).catch((error: unknown) => {
        // Whoever leaves in the middle of a line leaves the cursor there.
        if (keyboard.terminal) put('\n');
        throw error;
      });
      // The terminal echoes the line end of a visible answer; after a hidden one it is missing.
      if (question.hidden && keyboard.terminal) put('\n');
      log.write('DEBUG', 'dialog', question.hidden ? 'RECEIVE (hidden)' : `RECEIVE ${reply}`);
      return reply;
    },
  };
}
