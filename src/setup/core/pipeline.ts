import {
  type Chapter,
  EndOfInput,
  GoBack,
  SetupError,
  type StageId,
  type Summary,
  type Text,
  type WorkStage,
  message,
  messageOf,
  stages,
  summaryBlocks,
  summaryHeads,
  term,
  textOfError,
  inEnglish,
} from '#kit';
import { type Answers, isRemembered } from './answers.ts';
import type { WayBack } from './ask.ts';
import { agreeToStop, confirm, isOpen } from './confirm.ts';
import { execute, owedRestarts, restartNotified, stopServices } from './execute.ts';
import { waitHealthy } from './health.ts';
import { timesOfEarlierRuns } from './history.ts';
import { type Journal, findUnfinished, openJournal, tidyRuns } from './journal.ts';
import { type Plan, makePlan, unitsToStop } from './plan.ts';
import { findings, judgeFindings } from './preflight.ts';
import { planSummary, planText, settingsPreview } from './preview.ts';
import { recordStep } from './record.ts';
import { isComplete, rollBack } from './rollback.ts';
import { type Preparation, type Run, pauseOf, prepare, settleAnswers, stepsFor } from './run.ts';
import { whatElse, withAllElse } from './what-else.ts';

/** What the stages hand on to one another; each field is written by one stage and read by later ones. */
interface Progress {
  unfinished: Awaited<ReturnType<typeof findUnfinished>>;
  preparation: Preparation | undefined;
  wayBack: WayBack | undefined;
  plan: Plan | undefined;
  journal: Journal | undefined;
  /** Whether the heading of the summary is on the screen already. */
  headed: boolean;
  unhealthy: readonly Text[];
  failed: boolean;
}

type StageWork = (run: Run, progress: Progress) => Promise<void>;

/** Something that an earlier stage has surely left behind. */
function made<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('a stage ran before the one it builds on');
  return value;
}

/** Unless a signal came in the meantime. */
function goOn(run: Run): void {
  if (run.signal.aborted) throw new SetupError('cancelled', 'Stopped by a signal');
}

const lookForUnfinished: StageWork = async (run, progress) => {
  progress.unfinished = await findUnfinished(run.host);
};

const showEnvironment: StageWork = (run, { unfinished }) => {
  const { dialog } = run;
  dialog.note(message`Configuration files: [${run.configurationFiles.map((path) => `'${path}'`).join(', ')}]`);
  dialog.note(message`Log file: ${run.logFile}`);
  dialog.note(message`Version: engine-setup-${run.version}`);
  for (const warning of run.warnings) dialog.log('warning', warning);
  if (unfinished !== undefined) dialog.log('warning', message`Run ${unfinished.run} did not come to its end; this one takes up its work`);
  return Promise.resolve();
};

const readFacts: StageWork = async (run, progress) => {
  progress.preparation = await prepare(run);
};

const askQuestions: StageWork = async (run, progress) => {
  const preparation = made(progress.preparation);
  try {
    progress.wayBack = await settleAnswers(run, preparation, pauseOf(run));
  } catch (error) {
    throw await withAllElse(error, run, preparation);
  }
};

const validate: StageWork = async (run, progress) => {
  try {
    await checkAndConfirm(run, progress);
  } catch (error) {
    // Whoever goes back from the confirmation sees all of it again, with other answers.
    if (error instanceof GoBack) {
      await made(progress.wayBack).take();
      return validate(run, progress);
    }
    if (!(error instanceof EndOfInput)) throw error;
    throw new SetupError('refused', 'The input ended before all questions were answered', {
      problems: await whatElse(run, made(progress.preparation)),
    });
  }
};

const checkAndConfirm: StageWork = async (run, progress) => {
  const { dialog, host, allowed } = run;
  const preparation = made(progress.preparation);
  const { plugins, answers, asker } = preparation;
  await judgeFindings(await findings(plugins, answers, host), { answers, asker, allowed });
  progress.plan = await makePlan(stepsFor(run, preparation), host);
  await agreeToStop(unitsToStop(progress.plan), answers, asker, host);
  dialog.title('CONFIGURATION PREVIEW');
  for (const line of settingsPreview(answers)) dialog.note(line);
  for (const line of planText(progress.plan, owed(progress))) run.trace(inEnglish(line));
  if (dialog.detailed === true) {
    dialog.title('PLAN');
    for (const line of planSummary(progress.plan, owed(progress))) dialog.note(line);
  }
  if (isOpen(answers, run.yes)) dialog.note('');
  await confirm(answers, asker, { yes: run.yes, back: made(progress.wayBack).isOpen() });
  goOn(run);
};

const owed = ({ unfinished }: Progress): readonly string[] =>
  unfinished === undefined ? [] : owedRestarts({ entries: () => unfinished.entries });

const begin: StageWork = async (run, progress) => {
  const plan = made(progress.plan);
  run.committed();
  const pending = plan.steps.filter(({ change }) => change.kind !== 'none').map(({ step }) => step);
  if (progress.unfinished !== undefined && isComplete(progress.unfinished.entries, new Set(pending.map(({ id }) => id)))) {
    const old = await openJournal(run.host, progress.unfinished, run.name);
    await old.append({ t: 'end', result: 'ok' });
    progress.unfinished = undefined;
  }
  if (plan.pending === 0 && progress.unfinished === undefined) return;
  const room = Math.max(0, ...pending.map((step) => step.room ?? 0));
  progress.journal = await openJournal(run.host, progress.unfinished, run.name, room);
  await progress.journal.append({
    t: 'start',
    run: run.name,
    version: run.version,
    steps: plan.steps.map(({ step }) => step.id),
    titles: plan.steps.map(({ step }) => step.title),
  });
  const { observer } = run;
  observer.planned(pending, await timesOfEarlierRuns(run.host));
  const units = unitsToStop(plan);
  for (const { title } of units) run.dialog.log('info', title);
  await stopServices(
    units.map(({ unit }) => unit),
    { ...run, journal: progress.journal },
  );
};

/** The chapters of one stage, or some of them. */
const work =
  (stage: WorkStage, some: (chapter: Chapter) => boolean = () => true): StageWork =>
  async (run, { plan, journal }) => {
    if (journal === undefined) return;
    await execute(
      made(plan)
        .steps.filter((planned) => planned.stage === stage && some(planned.step.chapter))
        .map(({ step }) => step),
      { ...run, journal },
    );
  };

const commit: StageWork = async (run, { journal }) => {
  if (journal !== undefined) await execute([recordStep(journal)], { ...run, journal });
};

const closeUp: StageWork = async (run, progress) => {
  const { journal } = progress;
  if (journal !== undefined) {
    await restartNotified(
      { ...run, journal },
      made(progress.plan).steps.map(({ step }) => step),
    );
    await work('closeup', (chapter) => !summaryHeads.includes(chapter))(run, progress);
    if (run.dialog.detailed !== true) head(run, progress);
    await work('closeup', (chapter) => summaryHeads.includes(chapter))(run, progress);
    await journal.append({ t: 'end', result: 'ok' });
  }
  run.observer.finished();
  // The installation stands. What goes wrong from here on is told, and changes nothing about that.
  try {
    if (journal !== undefined) await discardCopies(run, made(progress.plan), journal);
    await tidyRuns(run.host);
    await checkHealth(run, progress);
    await summarize(run, progress);
  } catch (error) {
    run.dialog.log('warning', message`The installation is complete, but: ${term(textOfError(error))}`);
  }
};

/** Progress of the detailed dialogs is drawn until everything is done; the classic screen is a list, where the heading comes earlier. */
function head({ dialog }: Run, progress: Progress): void {
  if (!progress.headed) dialog.title('SUMMARY');
  progress.headed = true;
}

async function checkHealth({ host, signal, dialog }: Run, progress: Progress): Promise<void> {
  const { plugins, answers } = made(progress.preparation);
  const checks = plugins.flatMap((plugin) => plugin.health?.(answers) ?? []);
  const unhealthy = await waitHealthy(checks, host, signal);
  for (const { message, remedy } of unhealthy) {
    dialog.log('error', message);
    dialog.note(remedy);
  }
  progress.unhealthy = unhealthy.map(({ message }) => message);
}

async function summarize(run: Run, progress: Progress): Promise<void> {
  const { host, dialog } = run;
  const { plugins, answers } = made(progress.preparation);
  const summaries: Summary[] = [];
  for (const plugin of plugins) {
    try {
      summaries.push(...((await plugin.summary?.(answers, host)) ?? []));
    } catch (error) {
      // The installation stands, and what the others have to say is wanted all the same.
      dialog.log('warning', message`The summary of ${plugin.name} is missing: ${term(textOfError(error))}`);
    }
  }
  head(run, progress);
  for (const block of summaryBlocks) {
    for (const { lines, warnings } of summaries.filter((summary) => summary.block === block)) {
      for (const line of lines) dialog.note(line);
      for (const warning of warnings ?? []) dialog.log('warning', warning);
    }
  }
  dialog.title('END OF SUMMARY');
}

/** Safety copies go only after the journal's end: until then a rollback may need them. */
async function discardCopies({ host }: Run, plan: Plan, journal: Journal): Promise<void> {
  for (const { step } of plan.steps) {
    // A step that was taken up after a cut has begun more than once, and any of these times may have made a copy.
    for (const entry of journal.entries()) if (entry.t === 'begin' && entry.step === step.id) await step.discard?.(host, entry.kept);
  }
}

const cleanUp: StageWork = async (run, { preparation, failed }) => {
  const { dialog } = run;
  dialog.note(message`Log file is located at ${run.logFile}`);
  if (preparation === undefined || preparation.answers.all.size === 0) return;
  try {
    for (const path of await run.saveAnswers(...answerFile(run, preparation.answers), { failed }))
      dialog.log('info', message`Generating answer file '${path}'`);
  } catch (error) {
    dialog.log('warning', message`The answer file could not be written: ${term(textOfError(error))}`);
  }
};

/** The answer file of a run: as it is kept, without secrets, and as a user may ask for it, with them. */
function answerFile(run: Run, answers: Answers): readonly [kept: string, complete: string] {
  const remembered = [...answers.all].filter(([setting]) => isRemembered(setting, answers));
  const texts = (entries: typeof remembered): ReadonlyMap<string, unknown> => new Map(entries.map(([{ key }, { value }]) => [key, value]));
  const secrets = remembered.filter(([{ secret }]) => secret === true).map(([{ key }]) => key);
  const open = remembered.filter(([{ secret }]) => secret !== true);
  return [run.formatAnswers(texts(open), secrets), run.formatAnswers(texts(remembered))];
}

const nothingYet: StageWork = () => Promise.resolve();

/** The program on one page: what runs in each stage, and which stages run even after a failure. */
const pipeline: Readonly<Record<StageId, { readonly evenAfterFailure?: true; readonly work: StageWork }>> = {
  init: { work: lookForUnfinished },
  setup: { work: showEnvironment },
  internal_packages: { work: nothingYet },
  programs: { work: nothingYet },
  late_setup: { work: readFacts },
  customization: { work: askQuestions },
  validation: { work: validate },
  transaction_begin: { work: begin },
  early_misc: { work: work('early_misc') },
  packages: { work: work('packages') },
  misc: { work: work('misc') },
  transaction_end: { work: commit },
  closeup: { work: closeUp },
  cleanup: { evenAfterFailure: true, work: cleanUp },
  pre_terminate: { evenAfterFailure: true, work: nothingYet },
  terminate: { evenAfterFailure: true, work: nothingYet },
};

/** How a run ended. */
export interface Outcome {
  /** What stopped it; none for a success. */
  readonly failure?: unknown;
  /** What a rollback could not take back. */
  readonly leftOver: readonly Text[];
  readonly unhealthy: readonly Text[];
}

async function takeBack(run: Run, progress: Progress): Promise<readonly Text[]> {
  const { journal, plan } = progress;
  if (journal === undefined || journal.entries().at(-1)?.t === 'end') return [];
  run.dialog.log('info', 'Rolling back what this run has changed');
  return rollBack([...made(plan).steps.map(({ step }) => step), recordStep(journal)], { ...run, journal });
}

function explain(error: unknown, title: string, run: Run): void {
  const { dialog } = run;
  if (!(error instanceof SetupError)) {
    run.trace(error instanceof Error ? (error.stack ?? error.message) : String(error));
    dialog.log('error', message`Failed to execute stage '${term(title)}': ${messageOf(error)}`);
    dialog.note(message`This is a defect of the program. Please report it with ${run.logFile}`);
    return;
  }
  dialog.log('error', message`Failed to execute stage '${term(title)}': ${term(error.text)}`);
  for (const problem of error.problems) {
    // Whoever said no to a doubt has just read it.
    if (problem.message === '') continue;
    dialog.log(problem.level === 'doubt' ? 'warning' : 'error', problem.message);
    if (problem.remedy !== undefined) dialog.note(problem.remedy);
  }
  if (error.remedy !== undefined) dialog.note(error.remedy);
  if (error.cause !== undefined) run.trace(messageOf(error.cause));
}

/** Runs all stages. Never throws: how it went is in the outcome. */
export async function runPipeline(run: Run): Promise<Outcome> {
  const progress: Progress = {
    unfinished: undefined,
    preparation: undefined,
    wayBack: undefined,
    plan: undefined,
    journal: undefined,
    headed: false,
    unhealthy: [],
    failed: false,
  };
  let failure: unknown;
  let leftOver: readonly Text[] = [];
  for (const { id, title } of stages) {
    const { evenAfterFailure, work: stage } = pipeline[id];
    if (failure !== undefined && evenAfterFailure !== true) continue;
    run.observer.stage(id);
    run.dialog.log('info', message`Stage: ${term(title)}`);
    try {
      await stage(run, progress);
    } catch (error) {
      explain(error, title, run);
      if (failure !== undefined) continue;
      failure = error;
      progress.failed = true;
      leftOver = await takeBack(run, progress);
      run.observer.finished();
      for (const what of leftOver) run.dialog.log('error', message`Could not be undone: ${term(what)}`);
    }
  }
  const good = failure === undefined;
  if (!good) run.dialog.log('error', 'Execution of setup failed');
  else if (progress.unhealthy.length > 0) run.dialog.log('warning', 'Execution of setup completed, but not every service is healthy');
  else run.dialog.log('info', 'Execution of setup completed successfully');
  return {
    leftOver,
    unhealthy: progress.unhealthy,
    ...(good ? {} : { failure }),
  };
}
