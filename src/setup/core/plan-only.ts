import { type Problem, SetupError } from '#kit';
import type { Answers } from './answers.ts';
import { owedRestarts } from './execute.ts';
import { findUnfinished } from './journal.ts';
import { type Plan, makePlan } from './plan.ts';
import { findings } from './preflight.ts';
import { type Run, prepare, settleAnswers, stepsFor } from './run.ts';

/** What a run would do here and now. */
export interface Outlook {
  readonly plan: Plan;
  /** Restarts that an unfinished run still owes. */
  readonly owed: readonly string[];
  /** What the checks of the host found; a run would refuse errors, and doubts that nobody accepts. */
  readonly findings: readonly Problem[];
  readonly answers: Answers;
}

/**
 * What `engine-setup plan` shows: facts, answers and checks, but no stage that changes anything.
 * Throws SetupError `refused` for answers that are missing or wrong, `cancelled` after a signal.
 */
export async function planOnly(run: Run): Promise<Outlook> {
  const goOn = (): void => {
    if (run.signal.aborted) throw new SetupError('cancelled', 'Stopped by a signal');
  };
  const unfinished = await findUnfinished(run.host);
  goOn();
  const preparation = await prepare(run);
  goOn();
  await settleAnswers(run, preparation);
  goOn();
  const { plugins, answers } = preparation;
  const plan = await makePlan(stepsFor(run, preparation), run.host);
  const owed = unfinished === undefined ? [] : owedRestarts({ entries: () => unfinished.entries });
  return { plan, owed, findings: await findings(plugins, answers, run.host), answers };
}
