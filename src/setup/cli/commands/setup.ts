import { type Outcome, runPipeline } from '../../core/pipeline.ts';
import type { Run } from '../../core/run.ts';
import { endCommands } from '../../host/commands.ts';
import { sandboxHost } from '../../host/sandbox.ts';
import { SetupError } from '../../kit/errors.ts';
import type { Arguments } from '../args.ts';
import { compose } from '../compose.ts';
import { dialogKind, surroundings } from '../dialog-kind.ts';
import { type ExitCode, exitCodeOf } from '../exit-codes.ts';
import { readInput } from '../input.ts';
import { lockPath, takeLock } from '../lock.ts';
import { claimRoot, requiredRoot } from '../sandbox-root.ts';
import { listenToSignals } from '../signals.ts';

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

/**
 * Does something to an installation that only one may do at a time. All input is read first: what cannot be used changes nothing.
 * @param work returns the exit code
 */
export async function changing(args: Arguments, version: string, work: (run: Run) => Promise<ExitCode>): Promise<ExitCode> {
  const root = requiredRoot(args.root);
  const dialog = dialogKind(args, surroundings(args));
  const signals = listenToSignals(endNow);
  const input = await readInput(args, { root, signal: signals.signal });
  claimRoot(root);
  const lock = await takeLock(lockPath(root));
  try {
    const { run, close } = await compose(args, input, { version, host: sandboxHost(root), root, signals, dialog });
    let code: ExitCode = 1;
    try {
      if (lock.takenOver) run.dialog.log('warning', 'The lock of a run that is gone was taken over');
      code = await work(run);
      return code;
    } finally {
      close(code);
    }
  } finally {
    lock.release();
  }
}

/** `engine-setup`: the whole wizard. */
export const setup = (args: Arguments, version: string): Promise<ExitCode> =>
  changing(args, version, async (run) => verdict(await runPipeline(run)));
