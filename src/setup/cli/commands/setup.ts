import { join } from 'node:path';
import { type Outcome, runPipeline } from '../../core/pipeline.ts';
import { endCommands } from '../../host/commands.ts';
import { SetupError } from '../../kit/errors.ts';
import type { Arguments } from '../args.ts';
import { compose, refuseSecrets, requireRoot } from '../compose.ts';
import { type ExitCode, exitCodeOf } from '../exit-codes.ts';
import { takeLock } from '../lock.ts';
import { claimRoot, sandboxRoot } from '../sandbox-root.ts';
import { listenToSignals } from '../signals.ts';

/** The lock of an installation, below its root. */
export const lockPath = (root: string): string => join(root, 'run/engine-setup.lock');

/** The exit code of a run. */
export function verdict({ failure, leftOver, unhealthy }: Outcome): ExitCode {
  if (leftOver.length > 0) return 3;
  if (failure !== undefined) return failure instanceof SetupError ? exitCodeOf(failure.code) : 1;
  return unhealthy.length > 0 ? 6 : 0;
}

/** A second signal: the journal stays as it is. Ending at once is the meaning, so nothing is drained, and no program works on. */
export function endNow(committed: boolean): never {
  endCommands();
  process.exit(committed ? 3 : 5);
}

/** `engine-setup`: the whole wizard. */
export async function setup(args: Arguments, version: string): Promise<ExitCode> {
  const root = sandboxRoot(requireRoot(args.root));
  refuseSecrets(args.set);
  claimRoot(root);
  const signals = listenToSignals(endNow);
  const lock = await takeLock(lockPath(root));
  try {
    const { run, close } = await compose(args, version, { root, signals, changes: true });
    try {
      if (lock.takenOver) run.dialog.log('warning', 'The lock of a run that is gone was taken over');
      return verdict(await runPipeline(run));
    } finally {
      close();
    }
  } finally {
    lock.release();
  }
}
