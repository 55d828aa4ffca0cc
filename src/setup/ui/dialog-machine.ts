import { type Dialog, type Level, type StageId, type Text, inEnglish, stages } from '#kit';
import type { Observer } from '../core/execute.ts';
import type { Keyboard } from './keyboard.ts';
import type { Log } from './log.ts';
import { logLine, noteLines, queryLines, stageLine, stageListLines, terminateLine } from './machine-lines.ts';
import type { Mask } from './mask.ts';
import { linesProgress } from './progress-lines.ts';
import type { Screen } from './screen.ts';
import { english, promptText, providedAnswer, titleLines } from './wording.ts';

/** The dialog with a front end: a program that shows the questions in its own way and answers them by their names. */
export interface MachineDialog extends Dialog {
  /** A stage begins, and the one before is over. The first call tells the front end which stages there are. */
  stage(id: StageId): void;
  /** Everything is said. Nothing may be said after it. */
  terminate(): void;
}

const logLevels: Readonly<Record<Level, 'INFO' | 'WARNING' | 'ERROR'>> = { info: 'INFO', warning: 'WARNING', error: 'ERROR' };

/**
 * The machine dialect of the classic wizard (docs/machine-dialect.md). It is English, whatever the language of the user:
 * front ends know the texts by heart. A wrong answer ends the run.
 * @param on.keyboard where the replies come from, one line for each question
 */
export function machineDialog(on: { screen: Screen; mask: Mask; log: Log; keyboard: Keyboard }): MachineDialog {
  const { screen, mask, log, keyboard } = on;
  const words = (text: Text): string => mask.apply(inEnglish(text));
  const put = (...lines: readonly string[]): void => screen.write(lines.map((line) => `${line}\n`).join(''));
  const logSent = (text: Text): void => log.write('DEBUG', 'dialog', `SEND ${inEnglish(text)}`);
  const note = (text: Text): void => {
    put(...noteLines(words(text)));
    logSent(text);
  };
  let running: (typeof stages)[number] | undefined;
  const endStage = (): void => {
    if (running !== undefined) put(stageLine('End', running));
    running = undefined;
  };

  return {
    interactive: true,
    patient: false,
    title(text) {
      for (const line of titleLines(text, english)) note(line);
    },
    note,
    log(level, text) {
      put(logLine(logLevels[level], words(text)));
      log.write(logLevels[level], 'dialog', inEnglish(text));
    },
    async ask(question) {
      const { name, choices, hidden } = question;
      const notes = [...(question.notes ?? []), promptText(question, english)];
      put(
        ...queryLines({
          name,
          notes: notes.map(words),
          initial: hidden ? '' : mask.apply(question.initial ?? ''),
          choices: choices.map(mask.apply),
          hidden,
        }),
      );
      for (const text of notes) logSent(text);
      const reply = await keyboard.line(hidden);
      log.write('DEBUG', 'dialog', hidden ? 'RECEIVE (hidden)' : `RECEIVE ${reply}`);
      return reply;
    },
    provided(question, answer) {
      for (const text of question.notes ?? []) note(text);
      note(promptText(question, english));
      if (answer !== undefined) note(providedAnswer(question, answer));
    },
    stage(id) {
      if (running === undefined) put(...stageListLines(stages));
      endStage();
      running = stages.find((stage) => stage.id === id);
      if (running !== undefined) put(stageLine('Start', running));
    },
    terminate() {
      endStage();
      put(terminateLine);
    },
  };
}

/** Progress for a front end: the log lines that people see, and a frame around each stage. */
export const machineProgress = (dialog: MachineDialog, log: Log): Observer => ({ ...linesProgress(dialog, log), stage: dialog.stage });
