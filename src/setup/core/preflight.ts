import { type HostReader, type Plugin, type Problem, SetupError, type View, checks, message, term } from '#kit';
import { type Answers, Unsettled } from './answers.ts';
import { type Asker, consents } from './asker.ts';

/** Findings in the order of the outline; those of third parties follow. */
const inOrder = (found: readonly Problem[]): readonly Problem[] => {
  const place = ({ id }: Problem): number => (checks.includes(id) ? checks.indexOf(id) : checks.length);
  return [...found].sort((a, b) => place(a) - place(b));
};

/** Makes the named checks of all plugins. Changes nothing, and judges nothing. */
export async function findings(plugins: readonly Plugin[], view: View, host: HostReader): Promise<readonly Problem[]> {
  const found = await Promise.all(
    plugins.map(async (plugin) => {
      try {
        return (await plugin.preflight?.(view, host)) ?? [];
      } catch (error) {
        // What hangs on an answer that was refused cannot be checked; the answer itself is reported.
        if (error instanceof Unsettled) return [];
        throw error;
      }
    }),
  );
  return inOrder(found.flat());
}

/** Under which name a consent is asked: the one an answer file uses, of the question or of the check. */
const questionName = ({ id, consent }: Problem, asker: Asker): string =>
  consent?.name === undefined || asker.preset(id) !== undefined ? id : consent.name;

/** Whether a finding is neither harmless nor accepted beforehand, and nobody will be asked about it. */
const isOpenFor =
  ({ asker, allowed }: { asker: Asker; allowed: ReadonlySet<string> }) =>
  (problem: Problem): boolean =>
    problem.level === 'error' || (problem.level === 'doubt' && !allowed.has(problem.id) && !asker.answers(questionName(problem, asker)));

/** Findings that will end an unattended run, told together with answers that are missing. */
export const openFindings = (found: readonly Problem[], on: { asker: Asker; allowed: ReadonlySet<string> }): readonly Problem[] =>
  found.filter(isOpenFor(on));

/**
 * Shows all findings together, and asks whether doubts are accepted.
 * Errors, and doubts that nobody accepted, throw SetupError `refused`: nothing has been changed yet.
 * @param allowed ids of doubts accepted beforehand (`--allow ID`)
 */
export async function judgeFindings(
  found: readonly Problem[],
  on: { answers: Answers; asker: Asker; allowed: ReadonlySet<string> },
): Promise<void> {
  const { answers, asker, allowed } = on;
  const { dialog } = asker;
  const open: Problem[] = [];
  const doubts: Problem[] = [];
  const isOpen = isOpenFor(on);
  for (const problem of found) {
    if (isOpen(problem)) open.push(problem);
    else if (allowed.has(problem.id) && problem.level === 'doubt')
      dialog.log('warning', message`${term(problem.message)} (accepted by --allow ${problem.id})`);
    else {
      dialog.log('warning', problem.message);
      if (problem.level === 'doubt') doubts.push(problem);
    }
  }
  // With an error the run ends anyway: nobody is asked in vain.
  if (open.length === 0) {
    for (const problem of doubts) {
      const { text = message`Do you want Setup to continue? (${problem.id})`, settles } = problem.consent ?? {};
      const name = questionName(problem, asker);
      try {
        if (!(await consents(asker, name, text))) {
          open.push(problem);
          continue;
        }
      } catch (error) {
        if (!(error instanceof SetupError) || error.code !== 'refused') throw error;
        open.push({ ...problem, level: 'error', message: error.text });
        continue;
      }
      const setting = [...answers.all.keys()].find(({ key }) => key === settles?.key);
      if (setting !== undefined) answers.set(setting, { value: settles?.value, origin: { kind: 'asked' } });
    }
  } else open.push(...doubts);
  if (open.length > 0) throw new SetupError('refused', 'This host is not ready', { problems: inOrder(open) });
}
