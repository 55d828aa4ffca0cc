import {
  type Dialog,
  EndOfInput,
  type Given,
  type HostReader,
  type Origin,
  type Problem,
  SetupError,
  type Sources,
  type Verdict,
  messageOf,
  questions,
  sections,
} from '#kit';
import { type Answers, type AnySetting, Unsettled } from './answers.ts';
import { consents } from './choose.ts';

export interface Asking {
  readonly settings: readonly AnySetting[];
  readonly sources: Sources;
  readonly answers: Answers;
  readonly dialog: Dialog;
  readonly host: HostReader;
  /** Ids of doubts that are accepted beforehand. */
  readonly allowed: ReadonlySet<string>;
  /** Takes defaults without asking. */
  readonly acceptDefaults: boolean;
  /** Told of every secret as soon as it is known, before anything can print it. */
  readonly hide: (secret: string) => void;
}

/** Thrown inside the settling of one setting: what is wrong with its answer. */
class Refused extends Error {
  readonly problem: Problem;
  constructor(problem: Problem) {
    super(problem.message);
    this.problem = problem;
  }
}

/** Puts settings in the order of the outline. A setting that the outline does not name is a mistake in a plugin. */
export function inOrder(settings: readonly AnySetting[], order: readonly string[] = questions): readonly AnySetting[] {
  const unknown = settings.filter(({ key }) => !order.includes(key));
  if (unknown.length > 0) throw new Error(`not in the outline: ${unknown.map(({ key }) => key).join(', ')}`);
  return [...settings].sort((a, b) => order.indexOf(a.key) - order.indexOf(b.key));
}

/** The answer to a doubt that was written into a file under the name of its question; undefined if there is none. */
function presetConsent(name: string, { sources }: Asking): boolean | undefined {
  const preset = sources.find(`QUESTION/1/${name}`);
  return preset === undefined ? undefined : ['yes', 'true'].includes(String(preset.raw).toLowerCase());
}

/** Whether a verdict lets the value pass. Says why not, asks where a doubt may be accepted. */
async function passes(verdict: Verdict, setting: AnySetting, asking: Asking, given: boolean): Promise<true | Problem> {
  if (verdict === undefined) return true;
  if (typeof verdict === 'string') return { id: setting.key, level: 'error', message: verdict };
  if ('warning' in verdict) {
    asking.dialog.log('warning', verdict.warning);
    return true;
  }
  if (asking.allowed.has(verdict.id)) {
    asking.dialog.log('warning', `${verdict.doubt} (accepted by --allow ${verdict.id})`);
    return true;
  }
  const preset = presetConsent(verdict.id, asking);
  if (preset === true || (given && preset === undefined && verdict.acceptedWhenGiven === true)) {
    asking.dialog.log('warning', verdict.doubt);
    return true;
  }
  if (asking.dialog.interactive) {
    asking.dialog.log('warning', verdict.doubt);
    if (preset ?? (await consents(asking.dialog, verdict.id, verdict.question))) return true;
    return { id: verdict.id, level: 'doubt', message: '' };
  }
  return {
    id: verdict.id,
    level: 'doubt',
    message: verdict.doubt,
    remedy: `Give another answer, or accept it with --allow ${verdict.id}.`,
  };
}

const parse = (setting: AnySetting, raw: unknown): unknown => {
  try {
    return setting.kind.parse(raw);
  } catch (error) {
    throw new Refused({ id: setting.key, level: 'error', message: messageOf(error) });
  }
};

/** Judges a value that nobody is asked for: a given answer, or a default. Throws what is wrong with it. */
async function judge(setting: AnySetting, value: unknown, asking: Asking, given: boolean): Promise<unknown> {
  const { answers, host } = asking;
  const verdict = await passes(await setting.validate?.(value, answers, host), setting, asking, given);
  if (verdict !== true) throw new Refused(verdict);
  return value;
}

/** Asks until the answer is good. */
async function prompt(setting: AnySetting, initial: unknown, asking: Asking): Promise<unknown> {
  const { dialog, answers, host } = asking;
  const ask = setting.ask;
  if (ask === undefined) throw new Error(`${setting.key} has no question`);
  const hidden = setting.secret === true;
  const shown = initial === undefined || hidden ? {} : { initial: setting.kind.format(initial) };
  for (;;) {
    for (const note of ask.notes ?? []) dialog.note(note);
    const question = { name: ask.name, text: ask.text, choices: setting.kind.choices ?? [], hidden, ...shown };
    const reply = await dialog.ask(question);
    if (hidden && reply !== '') asking.hide(reply);
    try {
      if (reply === '' && initial === undefined) throw new Refused({ id: setting.key, level: 'error', message: 'Please specify a value' });
      if (ask.confirm !== undefined && (await dialog.ask({ ...question, text: ask.confirm })) !== reply) {
        dialog.log('warning', 'The two entries do not match');
        continue;
      }
      const value = reply === '' ? initial : parse(setting, hidden ? reply : reply.trim());
      const verdict = await passes(await setting.validate?.(value, answers, host), setting, asking, false);
      if (verdict === true) return value;
      throw new Refused(verdict);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      if (error.problem.message !== '') dialog.log('error', error.problem.message);
    }
  }
}

const sayWhere = ({ where }: Origin): string => (where === undefined ? '' : ` (${where})`);

/** The first source that answers a setting: under its key, a former key, or the name of its question. */
function find(setting: AnySetting, sources: Sources): Given | undefined {
  const keys = [setting.key, ...(setting.formerly ?? []), ...(setting.ask === undefined ? [] : [`QUESTION/1/${setting.ask.name}`])];
  return keys.map((key) => sources.find(key)).find((given) => given !== undefined);
}

/** Takes what the host has settled already; says so where somebody wants something else. */
function keep(setting: AnySetting, value: unknown, given: Given | undefined, { answers, dialog }: Asking): void {
  const shown = setting.kind.format(value);
  if (given?.origin.kind === 'given' && String(given.raw) !== shown) {
    dialog.log('warning', `${setting.key}${sayWhere(given.origin)} has no effect: it is ${shown} on this host already`);
  }
  answers.set(setting, { value, origin: { kind: 'kept' } });
}

/** An answer that somebody gave to a question that does not arise here is not lost silently. */
function sayIneffective(setting: AnySetting, { sources, dialog }: Asking): void {
  const given = find(setting, sources);
  if (setting.ask === undefined || given?.origin.kind !== 'given') return;
  dialog.log('warning', `${setting.key}${sayWhere(given.origin)} has no effect: on this host the question does not arise any more`);
}

/** A default that nobody could look at is refused with a way out. */
async function judgeDefault(setting: AnySetting, initial: unknown, asking: Asking): Promise<void> {
  try {
    await judge(setting, initial, asking, false);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    const message = `${setting.key}, by default ${setting.kind.format(initial)}: ${error.problem.message}`;
    throw new Refused({ remedy: `Give ${setting.key} in an answer file.`, ...error.problem, message });
  }
}

async function settleOne(setting: AnySetting, asking: Asking): Promise<void> {
  const { answers, dialog, host } = asking;
  const given = find(setting, asking.sources);
  const settled: unknown = setting.settled?.(answers);
  if (settled !== undefined) {
    keep(setting, settled, given, asking);
    return;
  }
  if (given !== undefined) {
    if (setting.secret === true && typeof given.raw === 'string') asking.hide(given.raw);
    try {
      answers.set(setting, { value: await judge(setting, parse(setting, given.raw), asking, true), origin: given.origin });
      return;
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      const message = `${setting.key}${sayWhere(given.origin)}: ${error.problem.message === '' ? 'not accepted' : error.problem.message}`;
      const problem = { ...error.problem, message };
      if (!dialog.interactive || setting.ask === undefined) throw new Refused(problem);
      if (error.problem.message !== '') dialog.log('error', problem.message);
    }
  }
  const declared = setting.initial as ((view: Answers, host: HostReader) => unknown) | string | number | boolean | undefined;
  const initial: unknown = typeof declared === 'function' ? declared(answers, host) : declared;
  if (setting.secret === true && typeof initial === 'string') asking.hide(initial);
  if (setting.ask === undefined || ((asking.acceptDefaults || !dialog.interactive) && initial !== undefined)) {
    if (initial === undefined) return;
    // What people would be asked for may be wrong on this host; what setup makes up itself is not judged.
    if (setting.ask !== undefined && setting.secret !== true) await judgeDefault(setting, initial, asking);
    answers.set(setting, { value: initial, origin: { kind: 'computed' } });
    return;
  }
  if (!dialog.interactive) {
    const remedy = `Add ${setting.key} to an answer file.`;
    throw new Refused({ id: setting.key, level: 'error', message: `${setting.key} is not given: ${setting.about}`, remedy });
  }
  answers.set(setting, { value: await prompt(setting, initial, asking), origin: { kind: 'asked' } });
}

/** Whether a setting is relevant, as far as that can be told already. */
function isRelevant(setting: AnySetting, answers: Answers): boolean {
  try {
    return setting.when?.(answers) !== false;
  } catch (error) {
    if (error instanceof Unsettled) return false;
    throw error;
  }
}

/** What is still missing when a pipe has nothing more to say: this question and all later ones without an answer. */
const missingFrom = (index: number, asking: Asking): readonly Problem[] =>
  asking.settings
    .slice(index)
    .filter(
      (setting) =>
        setting.ask !== undefined &&
        !asking.answers.all.has(setting) &&
        isRelevant(setting, asking.answers) &&
        find(setting, asking.sources) === undefined,
    )
    .map((setting) => ({ id: setting.key, level: 'error', message: `${setting.key} is not given: ${setting.about}` }));

/**
 * Settles every relevant setting, in the order of the outline: a given answer, or a question, or the default.
 * Sections with questions get their titles. Throws SetupError `refused` with all problems together.
 */
export async function settle(asking: Asking): Promise<void> {
  const { settings, answers, dialog } = asking;
  const problems: Problem[] = [];
  for (const section of sections) {
    const here = settings.filter((setting) => setting.section === section.id);
    if (here.some(({ ask }) => ask !== undefined)) dialog.title(section.title);
    for (const setting of here) {
      try {
        if (setting.when?.(answers) === false) {
          sayIneffective(setting, asking);
          continue;
        }
        await settleOne(setting, asking);
      } catch (error) {
        // What hangs on a refused answer cannot be judged; the refusal itself is reported.
        if (error instanceof Unsettled && problems.length > 0) continue;
        if (error instanceof EndOfInput) {
          throw new SetupError('refused', 'The input ended before all questions were answered', {
            problems: [...problems, ...missingFrom(settings.indexOf(setting), asking)],
          });
        }
        if (!(error instanceof Refused)) throw error;
        problems.push(error.problem);
      }
    }
  }
  dialog.title('END OF CONFIGURATION');
  if (problems.length > 0) throw new SetupError('refused', 'The answers cannot be used', { problems });
}
