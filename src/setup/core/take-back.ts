import { type Plugin, SetupError, type Step, type Text, message } from '#kit';
import { type Answers, Unsettled } from './answers.ts';
import { findUnfinished, openJournal } from './journal.ts';
import { recordStep } from './record.ts';
import { rollBack } from './rollback.ts';
import { type Run, keepAnswers, prepare, settleAnswers } from './run.ts';

/** The steps of a plugin, as far as the answers suffice to tell them; the files of others are put back from the journal alone. */
function knownSteps(plugin: Plugin, answers: Answers): readonly Step[] {
  try {
    return plugin.steps?.(answers) ?? [];
  } catch (error) {
    if (error instanceof Unsettled) return [];
    throw error;
  }
}

/**
 * What `engine-setup rollback` does: takes the unfinished run back. undefined: there is none.
 * Returns what could not be undone. Questions are not asked: steps are known from the answers that the host holds.
 */
export async function takeBackUnfinished(run: Run): Promise<readonly Text[] | undefined> {
  const unfinished = await findUnfinished(run.host);
  if (unfinished === undefined) return undefined;
  run.committed();
  run.dialog.log('info', message`Taking back run ${unfinished.run}`);
  const quiet: Run = {
    ...run,
    acceptDefaults: true,
    dialog: {
      ...run.dialog,
      interactive: false,
      title: ignore,
      note: ignore,
      provided: ignore,
      // What the answers would do in a run.
      log: (level, text) => (level === 'info' ? undefined : run.dialog.log(level, text)),
    },
  };
  const preparation = await prepare(quiet);
  try {
    await settleAnswers(quiet, preparation);
  } catch (error) {
    // Without the password of the administrator, say, the steps that set it are not known; they lie inside of others that are.
    if (!(error instanceof SetupError) || error.code !== 'refused') throw error;
  }
  const { plugins, answers } = preparation;
  const known = plugins.flatMap((plugin) => knownSteps(plugin, answers));
  const journal = await openJournal(run.host, unfinished, run.name);
  return rollBack([...known, keepAnswers(run, answers), recordStep(journal)], { ...run, journal });
}

const ignore = (): void => undefined;
