import {
  type Dialog,
  type Host,
  type Plugin,
  SetupError,
  type Sources,
  type StageId,
  type Step,
  type WorkStage,
  messageOf,
  stages,
  summaryBlocks,
} from '#kit';
import { type Answers, type AnySetting, isRemembered, newAnswers, Unsettled } from './answers.ts';
import { inOrder, settle } from './ask.ts';
import { confirm, confirmSettings } from './confirm.ts';
import { type Observer, execute, owedRestarts, restartNotified, stopServices } from './execute.ts';
import { probe } from './facts.ts';
import { waitHealthy } from './health.ts';
import { type Journal, findUnfinished, openJournal, tidyRuns } from './journal.ts';
import { type Plan, makePlan, stepsOf, unitsToStop } from './plan.ts';
import { preflight } from './preflight.ts';
import { planText, settingsPreview } from './preview.ts';
import { postInstallStep, recordStep } from './record.ts';
import { isComplete, rollBack } from './rollback.ts';

/** All that a run needs from outside. */
export interface Run {
  readonly version: string;
  /** Unique name of a run: its start time and six random characters. */
  readonly name: string;
  readonly plugins: readonly Plugin[];
  readonly host: Host;
  readonly sources: Sources;
  /** What is odd about the answers, and harmless. */
  readonly warnings: readonly string[];
  /** Files the sources were read from, for the note at the start. */
  readonly configurationFiles: readonly string[];
  readonly dialog: Dialog;
  readonly observer: Observer;
  readonly signal: AbortSignal;
  readonly allowed: ReadonlySet<string>;
  readonly acceptDefaults: boolean;
  readonly yes: boolean;
  /** Path of the log, shown to the user. */
  readonly logFile: string;
  /** Only into the log. */
  readonly trace: (line: string) => void;
  readonly hide: (secret: string) => void;
  /** A text with all secrets replaced, for what is printed without the dialog. */
  readonly masked: (text: string) => string;
  /** Called once when the work begins: from here on a lost terminal does not stop the run. */
  readonly committed: () => void;
  /** Text of an answer file, and of the post-install file, from keys and values. */
  readonly formatAnswers: (answers: ReadonlyMap<string, unknown>) => string;
  /** Writes the answer file of the run where it is kept; returns the paths written. */
  readonly saveAnswers: (text: string) => Promise<readonly string[]>;
}

/** What the stages hand on to one another; each field is written by one stage and read by later ones. */
interface Progress {
  unfinished: Awaited<ReturnType<typeof findUnfinished>>;
  answers: Answers | undefined;
  plan: Plan | undefined;
  journal: Journal | undefined;
  unhealthy: readonly string[];
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

const allSettings = (run: Run): readonly AnySetting[] =>
  inOrder([...run.plugins.flatMap(({ settings }) => settings ?? []), confirmSettings]);

const lookForUnfinished: StageWork = async (run, progress) => {
  progress.unfinished = await findUnfinished(run.host);
};

const showEnvironment: StageWork = (run, { unfinished }) => {
  run.dialog.note(`Configuration files: [${run.configurationFiles.map((path) => `'${path}'`).join(', ')}]`);
  run.dialog.note(`Log file: ${run.logFile}`);
  run.dialog.note(`Version: engine-setup-${run.version}`);
  for (const warning of run.warnings) run.dialog.log('warning', warning);
  if (unfinished !== undefined) run.dialog.log('warning', `Run ${unfinished.run} did not come to its end; this one takes up its work`);
  return Promise.resolve();
};

const readFacts: StageWork = async (run, progress) => {
  progress.answers = newAnswers(
    await probe(
      run.plugins.flatMap(({ facts }) => facts ?? []),
      run.host,
    ),
  );
};

const askQuestions: StageWork = async (run, progress) => {
  const { sources, dialog, host, allowed, acceptDefaults, hide } = run;
  await settle({ settings: allSettings(run), sources, answers: made(progress.answers), dialog, host, allowed, acceptDefaults, hide });
};

/** The steps of this run, in order. */
const steps = (run: Run, answers: Answers): ReturnType<typeof stepsOf> =>
  stepsOf(run.plugins, answers, [postInstallStep(answers, run.version, run.formatAnswers)]);

const validate: StageWork = async (run, progress) => {
  const { dialog, host, allowed } = run;
  const answers = made(progress.answers);
  await preflight(run.plugins, { view: answers, host, dialog, allowed });
  progress.plan = await makePlan(steps(run, answers), host);
  dialog.title('CONFIGURATION PREVIEW');
  for (const line of settingsPreview(answers)) dialog.note(line);
  for (const line of planText(progress.plan, { diffs: true, owed: owed(progress) })) run.trace(line);
  if (!run.yes) dialog.note('');
  await confirm(answers, dialog, run.yes);
  goOn(run);
};

const owed = ({ unfinished }: Progress): readonly string[] =>
  unfinished === undefined ? [] : owedRestarts({ entries: () => unfinished.entries });

const begin: StageWork = async (run, progress) => {
  const plan = made(progress.plan);
  run.committed();
  const pending = new Set(plan.steps.filter(({ change }) => change.kind !== 'none').map(({ step }) => step.id));
  if (progress.unfinished !== undefined && isComplete(progress.unfinished.entries, pending)) {
    const old = await openJournal(run.host, progress.unfinished, run.name);
    await old.append({ t: 'end', result: 'ok' });
    progress.unfinished = undefined;
  }
  if (plan.pending === 0 && progress.unfinished === undefined) return;
  progress.journal = await openJournal(run.host, progress.unfinished, run.name);
  await progress.journal.append({ t: 'start', run: run.name, version: run.version, steps: plan.steps.map(({ step }) => step.id) });
  const units = unitsToStop(plan);
  for (const { title } of units) run.dialog.log('info', title);
  await stopServices(
    units.map(({ unit }) => unit),
    { ...run, journal: progress.journal },
  );
};

/** The chapters of one stage. */
const work =
  (stage: WorkStage): StageWork =>
  async (run, { plan, journal }) => {
    if (journal === undefined) return;
    await execute(
      made(plan)
        .steps.filter((planned) => planned.stage === stage)
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
    await restartNotified({ ...run, journal });
    await work('closeup')(run, progress);
    await journal.append({ t: 'end', result: 'ok' });
  }
  // The installation stands. What goes wrong from here on is told, and changes nothing about that.
  try {
    if (journal !== undefined) await discardCopies(run, made(progress.plan), journal);
    await tidyRuns(run.host);
    await checkHealth(run, progress);
    await summarize(run, progress);
  } catch (error) {
    run.dialog.log('warning', `The installation is complete, but: ${messageOf(error)}`);
  }
};

async function checkHealth({ plugins, host, signal, dialog }: Run, progress: Progress): Promise<void> {
  const answers = made(progress.answers);
  const checks = plugins.flatMap((plugin) => plugin.health?.(answers) ?? []);
  const unhealthy = await waitHealthy(checks, host, signal);
  for (const { message, remedy } of unhealthy) {
    dialog.log('error', message);
    dialog.note(remedy);
  }
  progress.unhealthy = unhealthy.map(({ message }) => message);
}

async function summarize({ plugins, host, dialog }: Run, progress: Progress): Promise<void> {
  const answers = made(progress.answers);
  const summaries = (await Promise.all(plugins.map((plugin) => plugin.summary?.(answers, host) ?? Promise.resolve([])))).flat();
  dialog.title('SUMMARY');
  for (const block of summaryBlocks) {
    for (const { lines } of summaries.filter((summary) => summary.block === block)) for (const line of lines) dialog.note(line);
  }
  dialog.title('END OF SUMMARY');
}

/** Safety copies go only after the journal's end: until then a rollback may need them. */
async function discardCopies({ host }: Run, plan: Plan, journal: Journal): Promise<void> {
  for (const { step } of plan.steps) {
    const begun = journal.entries().find((entry) => entry.t === 'begin' && entry.step === step.id);
    if (step.discard !== undefined && begun?.t === 'begin') await step.discard(host, begun.kept);
  }
}

const cleanUp: StageWork = async (run, { answers }) => {
  const { dialog } = run;
  dialog.note(`Log file is located at ${run.logFile}`);
  if (answers === undefined || answers.all.size === 0) return;
  const remembered = [...answers.all]
    .filter(([setting]) => isRemembered(setting, answers))
    .map(([setting, { value }]) => [setting.key, value] as const);
  try {
    for (const path of await run.saveAnswers(run.formatAnswers(new Map(remembered))))
      dialog.log('info', `Generating answer file '${path}'`);
  } catch (error) {
    dialog.log('warning', `The answer file could not be written: ${messageOf(error)}`);
  }
};

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
  readonly leftOver: readonly string[];
  readonly unhealthy: readonly string[];
  readonly answers?: Answers;
}

async function takeBack(run: Run, progress: Progress): Promise<readonly string[]> {
  const { journal, plan } = progress;
  if (journal === undefined || journal.entries().at(-1)?.t === 'end') return [];
  run.dialog.log('info', 'Rolling back what this run has changed');
  return rollBack([...made(plan).steps.map(({ step }) => step), recordStep(journal)], { ...run, journal });
}

function explain(error: unknown, title: string, run: Run): void {
  const { dialog } = run;
  if (!(error instanceof SetupError)) {
    run.trace(error instanceof Error ? (error.stack ?? error.message) : String(error));
    dialog.log('error', `Failed to execute stage '${title}': ${messageOf(error)}`);
    dialog.note(`This is a defect of the program. Please report it with ${run.logFile}`);
    return;
  }
  dialog.log('error', `Failed to execute stage '${title}': ${error.message}`);
  for (const problem of error.problems) {
    dialog.log(problem.level === 'doubt' ? 'warning' : 'error', problem.message);
    if (problem.remedy !== undefined) dialog.note(problem.remedy);
  }
  if (error.remedy !== undefined) dialog.note(error.remedy);
  if (error.cause !== undefined) run.trace(messageOf(error.cause));
}

/** Runs all stages. Never throws: how it went is in the outcome. */
export async function runPipeline(run: Run): Promise<Outcome> {
  const progress: Progress = { unfinished: undefined, answers: undefined, plan: undefined, journal: undefined, unhealthy: [] };
  let failure: unknown;
  let leftOver: readonly string[] = [];
  for (const { id, title } of stages) {
    const { evenAfterFailure, work: stage } = pipeline[id];
    if (failure !== undefined && evenAfterFailure !== true) continue;
    run.dialog.log('info', `Stage: ${title}`);
    try {
      await stage(run, progress);
    } catch (error) {
      explain(error, title, run);
      if (failure !== undefined) continue;
      failure = error;
      leftOver = await takeBack(run, progress);
      for (const what of leftOver) run.dialog.log('error', `Could not be undone: ${what}`);
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
    ...(progress.answers === undefined ? {} : { answers: progress.answers }),
  };
}

/** What `engine-setup plan` shows: facts, answers and checks, but no stage that changes anything. */
export async function planOnly(run: Run): Promise<{ readonly plan: Plan; readonly owed: readonly string[] }> {
  const progress: Progress = { unfinished: undefined, answers: undefined, plan: undefined, journal: undefined, unhealthy: [] };
  for (const work of [lookForUnfinished, readFacts, askQuestions]) {
    await work(run, progress);
    goOn(run);
  }
  return { plan: await makePlan(steps(run, made(progress.answers)), run.host), owed: owed(progress) };
}

/**
 * What `engine-setup rollback` does: takes the unfinished run back. undefined: there is none.
 * Returns what could not be undone. Questions are not asked: steps are known from the answers that the host holds.
 */
export async function rollBackUnfinished(run: Run): Promise<readonly string[] | undefined> {
  const unfinished = await findUnfinished(run.host);
  if (unfinished === undefined) return undefined;
  run.dialog.log('info', `Taking back run ${unfinished.run}`);
  const answers = newAnswers(
    await probe(
      run.plugins.flatMap(({ facts }) => facts ?? []),
      run.host,
    ),
  );
  const quiet = { ...run.dialog, interactive: false, title: () => undefined };
  try {
    await settle({ ...run, settings: allSettings(run), answers, dialog: quiet, acceptDefaults: true });
  } catch (error) {
    // Without the password of the administrator, say, the steps that set it are not known; they lie inside of others that are.
    if (!(error instanceof SetupError) || error.code !== 'refused') throw error;
  }
  const known = run.plugins.flatMap((plugin) => knownSteps(plugin, answers));
  const journal = await openJournal(run.host, unfinished, run.name);
  return rollBack([...known, postInstallStep(answers, run.version, run.formatAnswers), recordStep(journal)], { ...run, journal });
}

/** The steps of a plugin, as far as the answers suffice to tell them; the files of others are put back from the journal alone. */
function knownSteps(plugin: Plugin, answers: Answers): readonly Step[] {
  try {
    return plugin.steps?.(answers) ?? [];
  } catch (error) {
    if (error instanceof Unsettled) return [];
    throw error;
  }
}
