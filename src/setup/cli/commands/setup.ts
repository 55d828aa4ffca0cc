import { type Outcome, runPipeline } from '../../core/pipeline.ts';
import type { Run } from '../../core/run.ts';
import { endCommands } from '../../host/commands.ts';
import { SetupError } from '../../kit/errors.ts';
import type { Arguments } from '../args.ts';
import type { Plugin } from '../../kit/plugin.ts';
import { type Composed, compose } from '../compose.ts';
import { dialogKind, surroundings } from '../dialog-kind.ts';
import { endUnbegun } from '../end-unbegun.ts';
import { type ExitCode, exitCodeOf } from '../exit-codes.ts';
import { type Input, readInput } from '../input.ts';
import { lockPath, takeLock } from '../lock.ts';
import { placeToChange } from '../place.ts';
import { refuseFlaws } from '../refuse-flaws.ts';
import { listenToSignals } from '../signals.ts';

/** The exit code of a run. */
export function verdict({ failure, leftOver, unhealthy }: Outcome): ExitCode {
  if (leftOver.length > 0) return 3;
  if (failure !== undefined) return failure instanceof SetupError ? exitCodeOf(failure.code) : 1;
  return unhealthy.length > 0 ? 6 : 0;
}

/** A second signal: the journal stays as it is. Ending at once is the meaning, so nothing is drained, and no program works on. */
export function endNow(code: ExitCode): never {
  endCommands();
  process.exit(code);
}

interface More {
  /** Answers that the command itself stands for. */
  readonly answers?: Input['answers'];
  /** Another program than the wizard of the engine. */
  readonly plugins?: readonly Plugin[];
}

/**
 * Makes everything ready for a run that changes something. All input is read first: what cannot be used changes nothing.
 * Whoever closes it lets others work on the installation again.
 */
async function begin(args: Arguments, version: string, { answers: more = [], plugins }: More): Promise<Composed> {
  const { root, host, claim } = placeToChange(args.root);
  const dialog = dialogKind(args, surroundings(args));
  const signals = listenToSignals(endNow);
  const read = await readInput(args, { root, signal: signals.signal, ...(plugins === undefined ? {} : { plugins }) });
  const input = { ...read, answers: [...read.answers, ...more] };
  const on = { version, host, root, signals, dialog };
  await refuseFlaws(args, input, on);
  claim();
  const lock = await takeLock(lockPath(root));
  try {
    const { run, close } = await compose(args, input, on);
    if (lock.takenOver) run.dialog.log('warning', 'The lock of a run that is gone was taken over');
    return {
      run,
      close(code) {
        try {
          close(code);
        } finally {
          lock.release();
        }
      },
    };
  } catch (error) {
    lock.release();
    throw error;
  }
}

/**
 * Does something to an installation that only one may do at a time.
 * @param work returns the exit code
 */
export async function changing(
  args: Arguments,
  version: string,
  work: (run: Run) => Promise<ExitCode>,
  more: More = {},
): Promise<ExitCode> {
  let composed: Composed;
  try {
    composed = await begin(args, version, more);
  } catch (error) {
    await endUnbegun(args, error);
    throw error;
  }
  let code: ExitCode = 1;
  try {
    code = await work(composed.run);
    return code;
  } finally {
    composed.close(code);
  }
}

/** `engine-setup`: the whole wizard. */
export const setup = (args: Arguments, version: string): Promise<ExitCode> =>
  changing(args, version, async (run) => verdict(await runPipeline(run)));
