import type { Dialog } from '#kit';
import type { Observer } from '../core/execute.ts';
import type { Log } from './log.ts';
import { logProgress } from './progress-log.ts';

/** Progress as the classic screen shows it: the title of each step that has one there. Everything else goes to the log. */
export function linesProgress(dialog: Dialog, log: Log): Observer {
  const logged = logProgress(log);
  return {
    ...logged,
    started(step) {
      if (step.quiet === true) logged.started(step);
      else dialog.log('info', step.title);
    },
  };
}
