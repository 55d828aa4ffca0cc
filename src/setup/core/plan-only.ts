import { type Problem, SetupError, type Text } from '#kit';
import type { Answers } from './answers.ts';
import { owedRestarts } from './execute.ts';
import { findUnfinished } from './journal.ts';
import { type Plan, makePlan } from './plan.ts';
import { findings } from './preflight.ts';
import { type Run, prepare, settleAnswers, stepsFor } from './run.ts';
import { withAllElse } from './what-else.ts';

/** What a run would do here and now. */
export interface Outlook {
  readonly plan: Plan;
  /** Restarts that an unfinished run still owes. */
  readonly owed: readonly string[];
  /** What the checks of the host found; a run would refuse errors, and doubts that nobody accepts. */
  readonly findings: readonly Problem[];
  readonly answers: Answers;
  /** What is odd about the answers on this host: some have no effect, say. */
  readonly warnings: readonly Text[];
}

/** The same run, whose warnings are kept as well: its dialog may be silent. */
const notingWarnings = (run: Run, warnings: Text[]): Run => ({
  ...run,
  dialog: {
    ...run.dialog,
    log(level, text) {
      if (level === 'warning') warnings.push(text);
      run.dialog.log(level, text);
    },
  },
});

/**
 * What `engine-setup plan` shows: facts, answers and checks, but no stage that changes anything.
 * Throws SetupError `refused` with all answers that are missing or wrong, and what else such a run would be refused for; `cancelled`
 * after a signal.
 */
export async function planOnly(run: Run): Promise<Outlook> {
  const goOn = (): void => {
    if (run.signal.aborted) throw new SetupError('cancelled', 'Stopped by a signal');
  };
  const unfinished = await findUnfinished(run.host);
  goOn();
  const warnings: Text[] = [];
  const noting = notingWarnings(run, warnings);
  const preparation = await prepare(noting);
  goOn();
  try {
    await settleAnswers(noting, preparation);
  } catch (error) {
    throw await withAllElse(error, noting, preparation);
  }
  goOn();
  const { plugins, answers } = preparation;
  const plan = await makePlan(stepsFor(run, preparation), run.host);
  const owed = unfinished === undefined ? [] : owedRestarts({ entries: () => unfinished.entries });
  return { plan, owed, findings: await findings(plugins, answers, run.host), answers, warnings };
}
