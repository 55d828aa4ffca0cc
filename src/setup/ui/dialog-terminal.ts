import { type Catalogue, type Dialog, GoBack, type Text, inWords } from '#kit';
import { choiceOf } from './choices.ts';
import { back, explanation, help } from './explanation.ts';
import { openKeys } from './keys.ts';
import { fittedLayout } from './layout.ts';
import { type LiveArea, newLiveArea } from './live-area.ts';
import type { Log } from './log.ts';
import type { Mask } from './mask.ts';
import { newPrompt } from './prompt.ts';
import type { Screen } from './screen.ts';
import { newSpeech } from './speech.ts';
import { visible } from './visible.ts';

/** The dialog with a person at a terminal. */
export interface TerminalDialog extends Dialog {
  /** The lowest rows of the terminal, for whoever shows something there while nothing is asked. */
  readonly area: LiveArea;
  /** A text as it may stand there: in the language of the screen, without secrets and control characters. */
  words(text: Text): string;
  /** Gives the terminal back as it was. */
  close(): void;
}

/**
 * The questions and texts of the classic dialog, for a terminal: lines are edited, arrow keys choose, beginnings of choices count,
 * `?` explains, `<` goes back. It takes the terminal over at once and until `close`, so that nothing typed ahead is ever echoed.
 * @param on.signal aborted by a signal: a waiting question then throws `cancelled`
 * @param on.output the terminal that the screen writes to; it is only asked for its size
 */
export function terminalDialog(on: {
  screen: Screen;
  mask: Mask;
  log: Log;
  catalogue: Catalogue;
  signal: AbortSignal;
  input: NodeJS.ReadStream;
  output: NodeJS.WriteStream;
}): TerminalDialog {
  const { mask, log, catalogue, input, output, signal } = on;
  const area = newLiveArea(on.screen, output);
  const layout = fittedLayout(area.width);
  const { pose, ...speech } = newSpeech({ ...on, screen: area.above, layout });
  const prompt = newPrompt({ area, layout, catalogue });
  const keys = openKeys({ input, signal, resumed: prompt.redraw });
  output.on('resize', prompt.redraw);

  return {
    ...speech,
    interactive: true,
    patient: true,
    detailed: true,
    area,
    words: (text) => visible(mask.apply(inWords(text, catalogue))),
    ask: (question) =>
      keys.read(async (next) => {
        for (;;) {
          const posed = pose(question);
          const typed = await prompt.line(question, posed, next);
          log.write('DEBUG', 'dialog', question.hidden ? 'RECEIVE (hidden)' : `RECEIVE ${typed}`);
          const word = question.hidden ? typed : typed.trim();
          if (word === help) for (const line of explanation(question, catalogue)) speech.note(line);
          else if (word === back && question.back === true) throw new GoBack();
          else if (word === back) speech.log('error', 'There is no way back from this question');
          else if (question.choices.length === 0) return typed;
          else if (word === '') return '';
          else {
            const meant = choiceOf(word, question, catalogue);
            if ('choice' in meant) return meant.choice;
            speech.log('error', meant.wrong);
          }
        }
      }),
    close() {
      output.off('resize', prompt.redraw);
      area.clear();
      keys.close();
    },
  };
}
