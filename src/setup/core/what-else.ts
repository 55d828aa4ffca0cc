import { EndOfInput, type Problem, SetupError } from '#kit';
import type { Asker } from './asker.ts';
import { unconfirmed } from './confirm.ts';
import { findings, openFindings } from './preflight.ts';
import type { Preparation, Run } from './run.ts';

/*
 * Nobody wants to start an unattended run once for each thing that is missing: all of them are told together.
 */

/** The same, when nobody will answer any more: only sources do, also with what cannot be read. */
const unattended = (asker: Asker, { sources: { flaws } }: Run): Asker => ({
  ...asker,
  answers: (name) => asker.preset(name) !== undefined || flaws?.hold(`QUESTION/1/${name}`) === true,
});

/** What a run with these answers would still be refused for, if nobody answers any more. */
export async function whatElse(run: Run, { plugins, answers, asker: asking }: Preparation): Promise<readonly Problem[]> {
  const { host, allowed, yes } = run;
  const asker = unattended(asking, run);
  const problem = unconfirmed(answers, asker, yes);
  const found = openFindings(await findings(plugins, answers, host), { asker, allowed });
  return [...(problem === undefined || run.sources.flaws?.hold(problem.id) === true ? [] : [problem]), ...found];
}

/** What stopped the settling of answers; if that is a refusal, and nobody is left to answer, with all else that is in the way. */
export async function withAllElse(error: unknown, run: Run, preparation: Preparation): Promise<unknown> {
  if (!(error instanceof SetupError) || error.code !== 'refused') return error;
  if (run.dialog.interactive && !(error.cause instanceof EndOfInput)) return error;
  return new SetupError('refused', error.text, { problems: [...error.problems, ...(await whatElse(run, preparation))] });
}
