import { planOnly } from '../../core/pipeline.ts';
import { planText } from '../../core/preview.ts';
import { stdoutScreen } from '../../ui/screen.ts';
import type { Arguments } from '../args.ts';
import { compose, refuseSecrets, requireRoot } from '../compose.ts';
import type { ExitCode } from '../exit-codes.ts';
import { sandboxRoot } from '../sandbox-root.ts';
import { listenToSignals } from '../signals.ts';

/** `engine-setup plan`: what a run would do. Asks nothing, writes nothing. */
export async function plan(args: Arguments, version: string): Promise<ExitCode> {
  const signals = listenToSignals(() => process.exit(5));
  refuseSecrets(args.set);
  const { run } = await compose(args, version, { root: sandboxRoot(requireRoot(args.root)), signals, changes: false });
  // The dialog is silent here, and standard output holds the plan alone.
  for (const warning of run.warnings) process.stderr.write(`engine-setup: ${run.masked(warning)}\n`);
  const { plan: made, owed } = await planOnly(run);
  if (args.json) {
    const steps = made.steps.map(({ step, change, drifted }) => ({
      id: step.id,
      chapter: step.chapter,
      title: step.title,
      change: change.kind,
      ...(change.kind === 'none' ? {} : { note: change.note }),
      drifted,
    }));
    stdoutScreen().write(run.masked(`${JSON.stringify({ pending: made.pending, owedRestarts: owed, steps }, null, 2)}\n`));
  } else stdoutScreen().write(run.masked(`${planText(made, { diffs: true, owed }).join('\n')}\n`));
  return 0;
}
