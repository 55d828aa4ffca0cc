import { type Dialog, type Host, type Plugin, type Section, SetupError, type Sources, type Step, type Text, message } from '#kit';
import { type Answers, type AnySetting, keysOf, newAnswers } from './answers.ts';
import { type WayBack, inOrder, settle } from './ask.ts';
import { type Asker, newAsker } from './asker.ts';
import { confirmSettings } from './confirm.ts';
import type { Observer } from './execute.ts';
import { probe } from './facts.ts';
import { stepsOf } from './plan.ts';
import { postInstallStep } from './record.ts';

/** All that a run needs from outside. */
export interface Run {
  readonly version: string;
  /** Unique name of a run: its start time and six random characters. */
  readonly name: string;
  readonly plugins: readonly Plugin[];
  readonly host: Host;
  readonly sources: Sources;
  /** What is odd about the answers, and harmless. */
  readonly warnings: readonly Text[];
  /** Files the sources were read from, for the note at the start. */
  readonly configurationFiles: readonly string[];
  readonly dialog: Dialog;
  readonly observer: Observer;
  readonly signal: AbortSignal;
  readonly allowed: ReadonlySet<string>;
  readonly acceptDefaults: boolean;
  /** Whether components that were declined in an earlier run are asked for again. */
  readonly reconfigureOptional: boolean;
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
  /** Text of an answer file, or of the post-install file. `leftOut`: keys of secrets that are noted there as missing. */
  readonly formatAnswers: (answers: ReadonlyMap<string, unknown>, leftOut?: readonly string[]) => string;
  /**
   * Writes the answer file of the run where it is kept, and where the user wants it; returns the paths written.
   * @param complete the same answers with the secrets, for a user who asked for them
   * @param how of a run that failed nothing is written but what is kept: a file of the user may be all that is left of their answers
   */
  readonly saveAnswers: (text: string, complete: string, how: { readonly failed: boolean }) => Promise<readonly string[]>;
}

/** What is known about the host and its answers at the start of a run. */
export interface Preparation {
  /** The plugins that there is a component for on this kind of host. */
  readonly plugins: readonly Plugin[];
  readonly answers: Answers;
  readonly asker: Asker;
}

/** Facts may take a while on a sick host, and nothing has begun yet: whoever wants to leave need not wait for them. */
const stopped = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) =>
    signal.addEventListener('abort', () => reject(new SetupError('cancelled', 'Stopped by a signal')), { once: true }),
  );

/** Reads every fact. Nothing has been asked yet. */
export async function prepare(run: Run): Promise<Preparation> {
  const probes = probe(
    run.plugins.flatMap((plugin) => plugin.facts ?? []),
    run.host,
  );
  const facts = await Promise.race([probes, stopped(run.signal)]);
  const answers = newAnswers(facts, run.sources);
  return { plugins: run.plugins.filter((plugin) => plugin.applies?.(answers) !== false), answers, asker: newAsker(run) };
}

const settingsOf = (plugins: readonly Plugin[]): readonly AnySetting[] =>
  inOrder([...plugins.flatMap(({ settings }) => settings ?? []), confirmSettings]);

const titled = (plugins: readonly Plugin[]): readonly Section[] => plugins.flatMap(({ sections }) => sections ?? []);

/** Answers to components that do not exist on this kind of host are not lost silently. */
function sayInapplicable({ plugins: all, sources, dialog }: Run, applying: readonly Plugin[]): void {
  for (const { name, settings } of all.filter((plugin) => !applying.includes(plugin))) {
    const given = (settings ?? []).flatMap((setting) => keysOf(setting).flatMap((key) => sources.find(key) ?? []));
    for (const { key, origin } of given.filter(({ origin: { kind } }) => kind === 'given'))
      dialog.log(
        'warning',
        message`${key} (${origin.where ?? ''}) has no effect: there is no component ${name} in an installation of this kind`,
      );
  }
}

/** Secrets are hidden wherever they were given, also where no question arises that they could answer. */
function hideGiven({ plugins, sources, hide }: Run): void {
  for (const setting of plugins.flatMap(({ settings }) => settings ?? []).filter(({ secret }) => secret === true)) {
    for (const key of keysOf(setting)) {
      const raw = sources.find(key)?.raw;
      if (typeof raw === 'string') hide(raw);
    }
  }
}

/** Waits, unless a signal comes; then it throws `cancelled`. */
export const pauseOf =
  ({ host, signal }: Run) =>
  async (ms: number): Promise<void> => {
    const stop = Promise.withResolvers<never>();
    const listener = (): void => stop.reject(new SetupError('cancelled', 'Stopped by a signal'));
    if (signal.aborted) listener();
    signal.addEventListener('abort', listener);
    try {
      await Promise.race([stop.promise, host.sleep(ms)]);
    } finally {
      signal.removeEventListener('abort', listener);
    }
  };

/**
 * Settles all answers. Throws SetupError `refused` with everything that is missing or wrong.
 * @param pause waits for what has to end first; without it nobody does
 */
export async function settleAnswers(
  run: Run,
  { plugins, answers, asker }: Preparation,
  pause?: (ms: number) => Promise<void>,
): Promise<WayBack> {
  hideGiven(run);
  sayInapplicable(run, plugins);
  const { host, allowed, reconfigureOptional, hide } = run;
  const find: Sources['find'] = (key) => run.sources.find(key);
  return settle(
    settingsOf(plugins),
    { answers, asker, find, flaws: run.sources.flaws, host, allowed, reconfigureOptional, hide, pause },
    titled(plugins),
  );
}

/** The step of the core itself that leaves the answers for the next run. */
export const keepAnswers = (run: Run, answers: Answers): Step => postInstallStep(answers, run.version, (map) => run.formatAnswers(map));

/** The steps of this run, in order. */
export const stepsFor = (run: Run, { plugins, answers }: Preparation): ReturnType<typeof stepsOf> =>
  stepsOf(plugins, answers, [keepAnswers(run, answers)]);
