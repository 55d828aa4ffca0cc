import { messageOf } from '#kit';
import type { Observer } from '../core/execute.ts';
import type { TerminalDialog } from './dialog-terminal.ts';
import { fittedLayout } from './layout.ts';
import type { Log } from './log.ts';
import { linesProgress } from './progress-lines.ts';
import { logProgress } from './progress-log.ts';
import { type TaskList, canShowUnicode, newTaskList } from './task-list.ts';
import { type Line, linesShown, newWork } from './work.ts';

const tickMs = 100;

/**
 * Progress on a terminal: steps that are over stay on the screen with the time they took; below them the one that runs, those
 * that come next, and how far the work has come. It is not trusted: where it cannot be drawn, progress is told in lines.
 */
export function treeProgress(dialog: TerminalDialog, log: Log): Observer {
  const { area, words } = dialog;
  const layout = fittedLayout(area.width);
  const work = newWork(() => performance.now());
  const logged = logProgress(log);
  const plain = linesProgress(dialog, log);
  let list: TaskList | undefined;
  let ticks: NodeJS.Timeout | undefined;

  const giveUp = (error: unknown): void => {
    list = undefined;
    log.write('DEBUG', 'progress', `Progress is told in lines, because it cannot be drawn: ${messageOf(error)}`);
  };
  const rows = (tasks: TaskList, which: readonly Line[]): readonly string[] =>
    tasks(
      which.map(({ text, state, output }) => ({ title: words(text), state, ...(output === undefined ? {} : { output: words(output) }) })),
    );
  /** Draws the area again, below a line that stays if there is one. */
  const draw = (stays?: Line): void => {
    if (list === undefined) return;
    try {
      if (stays !== undefined) area.above.write(`${layout.note(rows(list, [stays]).join('\n'))}\n`);
      const lines = work.now();
      const now = [...(lines.length > 0 ? rows(list, lines) : []), words(work.summary())];
      // The first rows are the ones to keep on a terminal with few of them.
      area.draw(layout.note(now.join('\n')).split('\n'), { row: 0, column: 0 });
    } catch (error) {
      giveUp(error);
    }
  };

  return {
    stage(id) {
      // Loaded while somebody looks at the preview, so that the first question does not wait for it.
      if (id === 'validation')
        newTaskList({ rows: linesShown, colour: area.above.colour, unicode: canShowUnicode(process.env) }).then(
          (made) => (list = made),
          giveUp,
        );
    },
    planned(steps, expected) {
      work.planned(steps, expected);
      if (steps.length > 0) ticks = setInterval(() => draw(), tickMs).unref();
    },
    started(step) {
      work.started(step);
      if (list === undefined) plain.started(step);
      else logged.started(step);
      draw();
    },
    said(step, line) {
      work.said(line);
      logged.said(step, line);
    },
    ended(step, how, ms, error) {
      logged.ended(step, how, ms, error);
      draw(work.ended(step, how, ms));
    },
    finished() {
      clearInterval(ticks);
      list = undefined;
      area.clear();
    },
  };
}
