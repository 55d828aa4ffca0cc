import { inEnglish, messageOf } from '#kit';
import type { Observer } from '../core/execute.ts';
import type { Log } from './log.ts';

/** All that is known of an error: for a defect, where it happened. */
const details = (error: unknown): string => (error instanceof Error ? (error.stack ?? error.message) : messageOf(error));

/** Progress as the log tells it: every step, what it said, how long it took, and why it failed. */
export function logProgress(log: Log): Observer {
  return {
    stage: () => undefined,
    planned: () => undefined,
    started: (step) => log.write('INFO', 'step', `${step.id}: ${inEnglish(step.title)}`),
    said: (step, line) => log.write('DEBUG', 'step', `${step.id}: ${line}`),
    ended(step, how, ms, error) {
      const took = ms === undefined ? '' : ` (${ms} ms)`;
      const why = error === undefined ? '' : `: ${details(error)}`;
      const level = how === 'failed' ? 'ERROR' : how === 'undone' ? 'INFO' : 'DEBUG';
      log.write(level, 'step', `${step.id}: ${how}${took}${why}`);
    },
    finished: () => undefined,
  };
}
