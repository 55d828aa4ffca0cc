import {
  type Flaws,
  type Given,
  type HostReader,
  type Origin,
  type Problem,
  type Question,
  SetupError,
  type Text,
  type Verdict,
  type Wait,
  message,
  term,
  textOfError,
} from '#kit';
import { type Answer, type Answers, type AnySetting, Unsettled, keysOf } from './answers.ts';
import { type Asker, type Reply, consents } from './asker.ts';
import { outlast } from './outlast.ts';

/** All that settling needs. */
export interface Asking {
  readonly answers: Answers;
  readonly asker: Asker;
  readonly find: (key: string) => Given | undefined;
  /** What of the answers cannot be read. */
  readonly flaws?: Flaws | undefined;
  readonly host: HostReader;
  /** Ids of doubts that are accepted beforehand. */
  readonly allowed: ReadonlySet<string>;
  /** Components that were declined in an earlier run are asked for again. */
  readonly reconfigureOptional: boolean;
  /** Told of every secret as soon as it is known, before anything can print it. */
  readonly hide: (secret: string) => void;
  /** Waits for what an answer says has to end first. Absent: nobody waits. */
  readonly pause?: ((ms: number) => Promise<void>) | undefined;
}

/** Thrown inside the settling of one setting: what is wrong with its answer. */
export class Refused extends Error {
  readonly problem: Problem;
  /** Asked again from the setting of this key on. */
  readonly again: string | undefined;
  /** Whether somebody has just typed the answer, so that asking again can lead to another one. */
  readonly typed: boolean;
  constructor(problem: Problem, again?: string, typed = false) {
    super(problem.id);
    this.problem = problem;
    this.again = again;
    this.typed = typed;
  }
}

const error = (setting: AnySetting, text: Text): Problem => ({ id: setting.key, level: 'error', message: text });
/** Somebody said no to a doubt, and has been told of it: there is nothing more to say. */
const silent = '';

/** Whether a verdict lets the value pass; asks where a doubt may be accepted. Throws Refused. */
export async function heed(verdict: Exclude<Verdict, Wait>, setting: AnySetting, asking: Asking, given: boolean): Promise<void> {
  const { asker, allowed } = asking;
  const { dialog } = asker;
  if (verdict === undefined) return;
  if (typeof verdict === 'string') throw new Refused(error(setting, verdict));
  if ('ends' in verdict) {
    // Whoever was asked has said so; of an answer in a file everything else that is wrong is told, too.
    if (asker.dialog.interactive && !given) throw new SetupError('cancelled', verdict.ends);
    throw new Refused(error(setting, verdict.ends));
  }
  if ('refused' in verdict) throw new Refused(error(setting, verdict.refused), verdict.again);
  if ('warnings' in verdict) {
    for (const warning of verdict.warnings) dialog.log('warning', warning);
    const { learned } = verdict;
    if (learned !== undefined) asking.answers.set(learned.setting, { value: learned.value, origin: { kind: 'computed' } });
    return;
  }
  if (!('doubt' in verdict)) throw new Refused(error(setting, verdict));
  const { doubt, id, question, acceptedWhenGiven, remedy, settles } = verdict;
  const accept = (): void => {
    if (settles !== undefined) asking.answers.set(settles.setting, { value: settles.value, origin: { kind: 'asked' } });
  };
  if (allowed.has(id)) {
    accept();
    dialog.log('warning', message`${term(doubt)} (accepted by --allow ${id})`);
    return;
  }
  const preset = asker.preset(id) !== undefined;
  if (given && !preset && acceptedWhenGiven === true) {
    dialog.log('warning', doubt);
    return;
  }
  if (!asker.answers(id))
    throw new Refused({
      id,
      level: 'doubt',
      message: doubt,
      remedy: remedy ?? message`Give another answer, or accept it with --allow ${id}.`,
    });
  dialog.log('warning', doubt);
  if (!(await consented(asker, id, question))) throw new Refused({ id, level: 'doubt', message: dialog.interactive ? silent : doubt });
  accept();
}

/** An answer to a doubt that is none is reported with the other problems. */
async function consented(asker: Asker, id: string, question: Text): Promise<boolean> {
  try {
    return await consents(asker, id, question);
  } catch (thrown) {
    if (!(thrown instanceof SetupError) || thrown.code !== 'refused') throw thrown;
    throw new Refused({ id, level: 'error', message: thrown.text });
  }
}

/** The value of a raw answer. Throws Refused. */
export function parse(setting: AnySetting, raw: unknown): unknown {
  try {
    return setting.kind.parse(raw);
  } catch (thrown) {
    throw new Refused(error(setting, textOfError(thrown)));
  }
}

/** Judges a value that nobody is asked for: a given answer, or a default. Throws Refused. */
async function judge(setting: AnySetting, value: unknown, asking: Asking, given: boolean): Promise<unknown> {
  const verdict = await outlast(() => setting.validate?.(value, asking.answers, asking.host), asking);
  await heed(verdict, setting, asking, given);
  return value;
}

const sayWhere = ({ where }: Origin): string => (where === undefined ? '' : ` (${where})`);

/** Names the key and the place in front of what is wrong. */
export const located = (setting: AnySetting, { key, origin }: Given, { problem, again }: Refused): Refused => {
  const what = problem.message === silent ? term('not accepted') : term(problem.message);
  const name = key === setting.key ? key : `${setting.key}, given as ${key}`;
  return new Refused({ ...problem, message: message`${name}${sayWhere(origin)}: ${what}` }, again);
};

/** The question of a setting, with the answer that Enter stands for. */
function questionOf(setting: AnySetting, initial: unknown, back: boolean, { answers }: Asking): Question {
  const { ask, kind, about } = setting;
  if (ask === undefined) throw new Error(`${setting.key} has no question`);
  const hidden = setting.secret === true;
  const notes = typeof ask.notes === 'function' ? ask.notes(answers) : ask.notes;
  return {
    name: ask.name,
    key: setting.key,
    text: ask.text,
    about,
    choices: ask.choices?.(answers) ?? kind.choices ?? [],
    hidden,
    back,
    ...(notes === undefined ? {} : { notes }),
    ...(initial === undefined || hidden || ask.showsInitial === false ? {} : { initial: kind.format(initial) }),
  };
}

/** Both entries of a question that is put twice. A preset first entry without a second one is taken as it is. */
async function isConfirmed(first: Reply, question: Question, confirm: Text, { asker }: Asking): Promise<boolean> {
  if (first.preset !== undefined && asker.preset(question.name) === undefined) return true;
  const { notes: _, ...again } = question;
  const second = await asker.put({ ...again, text: confirm, back: false });
  return second.text === first.text;
}

/** The value of a reply. What somebody has just typed needs no name in front of what is wrong with it. */
function read(setting: AnySetting, { text, preset }: Reply, hidden: boolean): unknown {
  try {
    return parse(setting, hidden ? text : text.trim());
  } catch (thrown) {
    if (!(thrown instanceof Refused) || preset !== undefined) throw thrown;
    throw new Refused(error(setting, message`Invalid value: ${term(thrown.problem.message)}`));
  }
}

/** Asks until the answer is good; `typed` says that it is not the default. Throws Refused where nobody can be asked again. */
async function prompt(setting: AnySetting, initial: unknown, back: boolean, asking: Asking): Promise<Answer & { readonly typed: boolean }> {
  const { asker } = asking;
  const { dialog } = asker;
  const question = questionOf(setting, initial, back, asking);
  let reply = await asker.put(question);
  for (;;) {
    try {
      // YAML reads 0123 as a number, and would so give another password.
      if (question.hidden && reply.preset !== undefined && typeof reply.preset.raw !== 'string')
        throw new Refused(error(setting, 'text is expected; put it in quotes'));
      if (reply.text === '' && initial === undefined) throw new Refused(error(setting, 'Please specify a value'));
      if (setting.ask?.confirm !== undefined && !(await isConfirmed(reply, question, setting.ask.confirm, asking))) {
        // Entries beforehand come in pairs, as they were typed once.
        const more = asker.preset(question.name) !== undefined || (dialog.interactive && dialog.patient);
        if (!more) throw new Refused(error(setting, 'The two entries do not match'));
        dialog.log('warning', 'The two entries do not match');
        reply = await asker.put(question);
        continue;
      }
      const value = reply.text === '' ? initial : read(setting, reply, question.hidden);
      await judge(setting, value, asking, reply.preset !== undefined);
      return { value, origin: reply.preset?.origin ?? { kind: 'asked' }, typed: reply.preset === undefined && reply.text !== '' };
    } catch (thrown) {
      if (!(thrown instanceof Refused)) throw thrown;
      const refused = reply.preset === undefined ? new Refused(thrown.problem, thrown.again, true) : located(setting, reply.preset, thrown);
      if (!dialog.interactive || !dialog.patient || refused.again !== undefined) throw refused;
      if (refused.problem.message !== silent) dialog.log('error', refused.problem.message);
      reply = { text: await dialog.ask(question) };
      if (question.hidden && reply.text !== '') asking.hide(reply.text);
    }
  }
}

/** Whether an answer is but the default of a question that is put each time. */
const isEarlier = ({ keep }: AnySetting, given: Given | undefined): boolean => keep === 'as-default' && given?.origin.kind === 'kept';

/** What an earlier run was answered to a question that is put each time, if it arises here. */
function earlierOf(setting: AnySetting, { find, answers }: Asking): unknown {
  const given = find(setting.key);
  if (given === undefined || !isEarlier(setting, given) || setting.ask?.when?.(answers) === false) return undefined;
  try {
    return setting.kind.parse(given.raw);
  } catch {
    return undefined;
  }
}

/** What sources say under the keys of a setting. A component that was declined counts as open when it is to be asked for again. */
export function statedFor(setting: AnySetting, { find, reconfigureOptional }: Asking): Given | undefined {
  const given = keysOf(setting)
    .map(find)
    .find((one) => one !== undefined);
  if (isEarlier(setting, given)) return undefined;
  return reconfigureOptional && setting.optional === true && given?.raw === false ? undefined : given;
}

/** Whether the only answer to a setting stands, or may stand, in what cannot be read. */
const isHeld = (setting: AnySetting, given: Given | undefined, { flaws, asker }: Asking): boolean =>
  flaws !== undefined &&
  given === undefined &&
  (setting.ask === undefined || asker.preset(setting.ask.name) === undefined) &&
  [...keysOf(setting), ...(setting.ask === undefined ? [] : [`QUESTION/1/${setting.ask.name}`])].some((key) => flaws.hold(key));

/** Whether a source says just this value, in whatever form. */
function says(given: Given, setting: AnySetting, value: unknown): boolean {
  try {
    return setting.kind.format(setting.kind.parse(given.raw)) === setting.kind.format(value);
  } catch {
    return false;
  }
}

/** Takes what the host has settled already; says so where somebody wants something else. */
function keep(setting: AnySetting, value: unknown, given: Given | undefined, { answers, asker, hide }: Asking): void {
  const shown = setting.kind.format(value);
  if (setting.secret === true) hide(shown);
  if (given?.origin.kind === 'given' && !says(given, setting, value)) {
    const why = setting.secret === true ? term('this host has another one already') : message`it is ${shown} on this host already`;
    asker.dialog.log('warning', message`${setting.key}${sayWhere(given.origin)} has no effect: ${why}`);
  }
  answers.set(setting, { value, origin: { kind: 'kept' } });
}

/** An answer that somebody gave to a question that does not arise here is not lost silently, unless it says what would be taken anyway. */
export function sayIneffective(setting: AnySetting, asking: Asking, why: Text): void {
  const given = statedFor(setting, asking);
  if (given?.origin.kind !== 'given' || isDefault(given, setting, asking)) return;
  asking.asker.dialog.log('warning', message`${given.key}${sayWhere(given.origin)} has no effect: ${term(why)}`);
}

/** Whether an answer is the default of a question that does not arise; a default that hangs on other answers may not be known. */
function isDefault(given: Given, setting: AnySetting, asking: Asking): boolean {
  try {
    const initial = initialOf(setting, asking);
    return initial !== undefined && says(given, setting, initial);
  } catch (thrown) {
    if (thrown instanceof Unsettled) return false;
    throw thrown;
  }
}

/** A default that nobody could look at is refused with a way out. */
async function judgeDefault(setting: AnySetting, initial: unknown, asking: Asking): Promise<void> {
  try {
    await judge(setting, initial, asking, false);
  } catch (thrown) {
    if (!(thrown instanceof Refused)) throw thrown;
    const text = message`${setting.key}, by default ${setting.kind.format(initial)}: ${term(thrown.problem.message)}`;
    throw new Refused({ remedy: message`Give ${setting.key} in an answer file.`, ...thrown.problem, message: text });
  }
}

/** The default of a setting, from the answers above it and the host. */
export function initialOf(setting: AnySetting, { answers, host, hide }: Asking): unknown {
  const declared = setting.initial as ((view: Answers, host: HostReader) => unknown) | string | number | boolean | undefined;
  const initial: unknown = typeof declared === 'function' ? declared(answers, host) : declared;
  if (setting.secret === true && typeof initial === 'string') hide(initial);
  return initial;
}

/** How to give an answer that is missing. Secrets are not taken from the command line itself. */
const wayToGive = (setting: AnySetting): Text =>
  setting.secret === true
    ? message`Give it with --set-file=${setting.key}=FILE, or add ${setting.key} to an answer file.`
    : message`Give it with --set=${setting.key}=VALUE, or add ${setting.key} to an answer file.`;

/** The finding that a setting has no answer, and nobody can be asked. */
export const missing = (setting: AnySetting): Problem => ({
  id: setting.key,
  level: 'error',
  message: message`${setting.key} is not given: ${term(setting.about)}`,
  remedy: wayToGive(setting),
});

/**
 * Settles one setting: what the host has settled, a given answer, a question, or the default. Returns whether somebody was asked.
 * @param more.typed what was typed in this run, by setting: the default of a question that is put again
 * @throws Refused
 */
export async function settleOne(
  setting: AnySetting,
  asking: Asking,
  more: { readonly back: boolean; readonly typed: Map<AnySetting, unknown> },
): Promise<boolean> {
  const { answers, asker } = asking;
  const { dialog } = asker;
  const given = statedFor(setting, asking);
  if (setting.secret === true && typeof given?.raw === 'string') asking.hide(given.raw);
  const settled: unknown = setting.settled?.(answers);
  if (settled !== undefined) {
    keep(setting, settled, given, asking);
    return false;
  }
  const { ask } = setting;
  if (given !== undefined) {
    try {
      answers.set(setting, { value: await judge(setting, parse(setting, given.raw), asking, true), origin: given.origin });
      return false;
    } catch (thrown) {
      if (!(thrown instanceof Refused)) throw thrown;
      const refused = located(setting, given, thrown);
      // Whoever takes defaults unasked has not asked for one in the place of what they wrote.
      const canBeAsked = ask !== undefined && ask.when?.(answers) !== false && !asker.acceptDefaults;
      if (!dialog.interactive || !dialog.patient || !canBeAsked || refused.again !== undefined) throw refused;
      if (thrown.problem.message !== silent) dialog.log('error', refused.problem.message);
    }
  }
  // Its flaw is told already. No default is meant, and what hangs on the answer is not known.
  if (isHeld(setting, given, asking)) throw new Unsettled(setting.key);
  const initial = earlierOf(setting, asking) ?? initialOf(setting, asking);
  const compute = async (): Promise<false> => {
    if (initial === undefined) return false;
    // What people would be asked for may be wrong on this host; a password that setup makes up itself is not judged.
    if (ask !== undefined && (setting.secret !== true || initial === '')) await judgeDefault(setting, initial, asking);
    answers.set(setting, { value: initial, origin: { kind: 'computed' } });
    return false;
  };
  if (ask === undefined || ask.when?.(answers) === false) return compute();
  const preset = asker.preset(ask.name) !== undefined;
  if (!preset && initial !== undefined && (asker.acceptDefaults || !dialog.interactive)) {
    if (asker.acceptDefaults) dialog.provided(questionOf(setting, initial, false, asking));
    return compute();
  }
  if (!preset && !dialog.interactive) throw new Refused(missing(setting));
  const { typed, ...answer } = await prompt(setting, more.typed.get(setting) ?? initial, more.back, asking);
  if (typed && setting.secret !== true) more.typed.set(setting, answer.value);
  answers.set(setting, answer);
  return answer.origin.kind === 'asked';
}
