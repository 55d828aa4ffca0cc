import { type Dialog, messageOf } from '#kit';
import type { Observer } from '../core/execute.ts';
import type { Log } from './log.ts';

/** Progress as the classic screen shows it: the title of each step that has one there. Everything else goes to the log. */
export function linesProgress(dialog: Dialog, log: Log): Observer {
  return {
    started(step) {
      if (step.quiet === true) log.write('INFO', 'step', `${step.id}: ${step.title}`);
      else dialog.log('info', step.title);
    },
    said: (step, line) => log.write('DEBUG', 'step', `${step.id}: ${line}`),
    ended(step, how, error) {
      if (how === 'undone') log.write('INFO', 'step', `${step.id}: undone`);
      else
        log.write(
          how === 'failed' ? 'ERROR' : 'DEBUG',
          'step',
          `${step.id}: ${how}${error === undefined ? '' : `: ${error instanceof Error ? (error.stack ?? messageOf(error)) : messageOf(error)}`}`,
        );
    },
  };
}
