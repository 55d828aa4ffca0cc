import { objectOf, textOf } from '../agents/hostile.ts';
import { CommandFailure } from '../commands/command.ts';

/** What became of a task of an agent. */
export interface Outcome {
  readonly success: boolean;
  readonly code: number;
  readonly message: string;
}

/** Reads an answer to `Task.getStatus`. Throws CommandFailure where it says nothing of the task. */
export function outcomeOf(answer: unknown): Outcome | 'at work' {
  const { taskState, taskResult, code, message } = objectOf(answer);
  if (taskState !== 'finished') {
    if (typeof taskState === 'string') return 'at work';
    throw new CommandFailure('The host does not say what became of a task.');
  }
  return {
    success: taskResult === 'success',
    code: typeof code === 'number' ? code : 0,
    message: textOf(message, 500) ?? 'it does not say why',
  };
}
