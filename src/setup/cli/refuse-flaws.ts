import type { Host } from '#kit';
import { planOnly } from '../core/plan-only.ts';
import { refuse } from './answer-files.ts';
import type { Arguments } from './args.ts';
import { compose } from './compose.ts';
import type { DialogKind } from './dialog-kind.ts';
import type { Input } from './input.ts';
import { flawsOf } from './run-sources.ts';
import type { Signals } from './signals.ts';

/**
 * Ends a run whose answers cannot all be read, before it writes anything. Somebody who would be asked is told of that alone, before
 * the first question. Where nobody is, all else that the run would be refused for is told as well: it only looks, as a plan does.
 * @throws SetupError `refused`
 */
export async function refuseFlaws(
  args: Arguments,
  input: Input,
  on: { version: string; host: Host; root: string; signals: Signals; dialog: DialogKind },
): Promise<void> {
  const flaws = await flawsOf(input, { host: on.host, withoutKept: args.config.length > 0 });
  if (flaws === undefined) return;
  // To take a run back, no answer need be given.
  if (on.dialog === 'unattended' && args.command !== 'rollback')
    await planOnly((await compose(args, input, { ...on, dialog: undefined })).run);
  refuse(flaws.problems, 'The answers cannot be used');
}
