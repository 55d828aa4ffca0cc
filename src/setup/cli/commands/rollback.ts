import { rollBackUnfinished } from '../../core/pipeline.ts';
import { stdoutScreen } from '../../ui/screen.ts';
import type { Arguments } from '../args.ts';
import { compose, requireRoot } from '../compose.ts';
import type { ExitCode } from '../exit-codes.ts';
import { takeLock } from '../lock.ts';
import { kindOfRoot, sandboxRoot } from '../sandbox-root.ts';
import { listenToSignals } from '../signals.ts';
import { endNow, lockPath } from './setup.ts';

/** `engine-setup rollback`: takes back what a run that was cut off has done. */
export async function rollback(args: Arguments, version: string): Promise<ExitCode> {
  const root = sandboxRoot(requireRoot(args.root));
  if (kindOfRoot(root) !== 'sandbox') {
    stdoutScreen().write('There is nothing to take back: nothing is installed there.\n');
    return 0;
  }
  const signals = listenToSignals(endNow);
  const lock = await takeLock(lockPath(root));
  try {
    const { run, close } = await compose(args, version, { root, signals, changes: true });
    try {
      const leftOver = await rollBackUnfinished(run);
      if (leftOver === undefined) run.dialog.log('info', 'There is nothing to take back: every run came to its end');
      else for (const what of leftOver) run.dialog.log('error', `Could not be undone: ${what}`);
      return leftOver === undefined || leftOver.length === 0 ? 0 : 3;
    } finally {
      close();
    }
  } finally {
    lock.release();
  }
}
