import type { Catalogue, Dialog } from '#kit';
import type { Keyboard } from './keyboard.ts';
import { classicLayout } from './layout.ts';
import type { Log } from './log.ts';
import type { Mask } from './mask.ts';
import type { Screen } from './screen.ts';
import { newSpeech } from './speech.ts';
import { replyOf } from './wording.ts';

/**
 * The classic dialog, byte for byte, in the layout that golden transcripts compare. Without a keyboard nobody can be asked.
 * @param on.catalogue the language of the screen; the log stays English
 */
export function linesDialog(on: { screen: Screen; mask: Mask; log: Log; catalogue: Catalogue; keyboard?: Keyboard }): Dialog {
  const { screen, log, catalogue, keyboard } = on;
  const { pose, ...speech } = newSpeech({ ...on, layout: classicLayout });
  return {
    ...speech,
    interactive: keyboard !== undefined,
    patient: true,
    async ask(question) {
      if (keyboard === undefined) throw new Error(`${question.name}: nobody can be asked`);
      screen.write(classicLayout.note(pose(question)));
      const typed = await keyboard.line(question.hidden);
      const reply = question.hidden ? typed : replyOf(question, typed, catalogue);
      log.write('DEBUG', 'dialog', question.hidden ? 'RECEIVE (hidden)' : `RECEIVE ${reply}`);
      return reply;
    },
  };
}
