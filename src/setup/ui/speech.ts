import { type Catalogue, type Dialog, type Level, type Question, type Text, inEnglish, inWords } from '#kit';
import type { Layout } from './layout.ts';
import type { Log } from './log.ts';
import type { Mask } from './mask.ts';
import type { Screen } from './screen.ts';
import { visible } from './visible.ts';
import { english, promptText, providedAnswer, titleLines } from './wording.ts';

const heads: Readonly<Record<Level, string>> = { info: '[ INFO  ]', warning: '[WARNING]', error: '[ ERROR ]' };
const colours: Readonly<Record<Level, string>> = { info: '\u001b[92m', warning: '\u001b[93m', error: '\u001b[0;31m' };
const logLevels = { info: 'INFO', warning: 'WARNING', error: 'ERROR' } as const;

/** The part of the human dialogs that only speaks. The screen gets the language of the catalogue, the log gets English. */
export interface Speech extends Pick<Dialog, 'title' | 'note' | 'log' | 'provided'> {
  /** Says the notes of a question. Returns its prompt, which can be shown as it is but is not laid out yet. */
  pose(question: Question): string;
}

/** Speaks in the classic words, laid out as the screen needs it. */
export function newSpeech(on: { screen: Screen; mask: Mask; log: Log; catalogue: Catalogue; layout: Layout }): Speech {
  const { screen, mask, log, catalogue, layout } = on;
  const safe = (shown: string): string => visible(mask.apply(shown));
  const say = (shown: string, logged: string): void => {
    screen.write(`${layout.note(safe(shown))}\n`);
    log.write('DEBUG', 'dialog', `SEND ${logged}`);
  };
  const note = (text: Text): void => say(inWords(text, catalogue), inEnglish(text));
  const pose = (question: Question): string => {
    for (const line of question.notes ?? []) note(line);
    log.write('DEBUG', 'dialog', `SEND ${promptText(question, english)}`);
    return safe(promptText(question, catalogue));
  };
  return {
    note,
    title(text) {
      const logged = titleLines(text, english);
      titleLines(text, catalogue).forEach((line, index) => say(line, logged[index] ?? ''));
    },
    log(level, text) {
      const head = screen.colour ? `${colours[level]}${heads[level]}\u001b[0m` : heads[level];
      screen.write(`${head}${layout.record(safe(inWords(text, catalogue)))}\n`);
      log.write(logLevels[level], 'dialog', inEnglish(text));
    },
    pose,
    provided(question, answer) {
      screen.write(`${layout.note(pose(question))}\n`);
      if (answer !== undefined) note(providedAnswer(question, answer));
    },
  };
}
