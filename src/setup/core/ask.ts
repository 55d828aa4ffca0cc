import { type Dialog, EndOfInput, GoBack, type Problem, type Remark, type Section, SetupError, questions, sections } from '#kit';
import { type AnySetting, Unsettled, keysOf } from './answers.ts';
import { newAsker } from './asker.ts';
import { inWrittenOrder } from './order.ts';
import { type Asking, Refused, initialOf, missing, sayIneffective, settleOne } from './settle-one.ts';

export type { Asking } from './settle-one.ts';

/** Puts settings in the order of the outline; those of third parties stand after the one they name. */
export const inOrder = (settings: readonly AnySetting[], order: readonly string[] = questions): readonly AnySetting[] =>
  inWrittenOrder(settings, order, ({ key, after }) => ({ name: key, after }));

/** What a section holds: its settings in their order. */
interface Place {
  readonly section: Section;
  readonly title: string;
  readonly setting?: AnySetting;
}

/** The sections with the settings in them, as one walk. A section with nothing to ask has no title, unless a plugin wants it. */
function walk(settings: readonly AnySetting[], titled: readonly Section[]): readonly Place[] {
  return sections.flatMap(({ id, title }): readonly Place[] => {
    const here = settings.filter(({ section }) => section === id);
    const hasTitle = titled.includes(id) || here.some(({ ask }) => ask !== undefined);
    return [...(hasTitle ? [{ section: id, title }] : []), ...here.map((setting) => ({ section: id, title, setting }))];
  });
}

/** A dialog in which nobody can answer, and nothing is said. */
const silence: Dialog = {
  interactive: false,
  patient: true,
  title: () => undefined,
  note: () => undefined,
  log: () => undefined,
  provided: () => undefined,
  ask: (question) => Promise.reject(new Error(`${question.name}: nobody can be asked`)),
};

/**
 * What is still missing when a pipe has nothing more to say: this question and all later ones without an answer.
 * Defaults are supposed for them, since later questions may hang on them.
 */
async function missingFrom(settings: readonly AnySetting[], asking: Asking): Promise<readonly Problem[]> {
  const { answers, hide, find } = asking;
  const asker = newAsker({ dialog: silence, sources: { find, keys: () => [] }, acceptDefaults: false, hide });
  const problems: Problem[] = [];
  for (const setting of settings) {
    try {
      if (setting.when?.(answers) === false) continue;
      const { ask } = setting;
      const open = ask !== undefined && ask.when?.(answers) !== false && asker.preset(ask.name) === undefined;
      if (open && keysOf(setting).every((key) => find(key) === undefined)) {
        problems.push(missing(setting));
        // Nobody has accepted it, so it is not judged either: that could ask a resolver.
        const value = initialOf(setting, asking);
        if (value !== undefined) answers.set(setting, { value, origin: { kind: 'computed' } });
      } else await settleOne(setting, { ...asking, asker }, { back: false, typed: new Map() });
    } catch (error) {
      if (error instanceof Refused) {
        if (problems.at(-1)?.id !== error.problem.id) problems.push(error.problem);
      } else if (!(error instanceof Unsettled)) throw error;
    }
  }
  for (const setting of settings) answers.unset(setting);
  return problems;
}

function show(remarks: readonly Remark[], { asker: { dialog } }: Asking): void {
  for (const remark of remarks) {
    if ('note' in remark) dialog.note(remark.note);
    else dialog.log(remark.level, remark.text);
  }
}

/**
 * Settles every relevant setting, in the order of the outline: a given answer, or a question, or the default.
 * Sections with questions get their titles. Somebody who is asked can go back to earlier questions.
 * Throws SetupError `refused` with all problems together.
 * @param titled sections that get their title even if nothing is asked in them
 */
export async function settle(settings: readonly AnySetting[], asking: Asking, titled: readonly Section[] = []): Promise<void> {
  const { answers, asker } = asking;
  const { dialog } = asker;
  const places = walk(settings, titled);
  const problems: Problem[] = [];
  /** Places of the questions that somebody has answered: the way back. */
  const answered: number[] = [];
  const typed = new Map<AnySetting, unknown>();
  let at = 0;

  /** Takes back all answers from a place on, and goes there. */
  const returnTo = (target: number): void => {
    for (const { setting } of places.slice(target)) if (setting !== undefined) answers.unset(setting);
    while ((answered.at(-1) ?? -1) >= target) answered.pop();
    const here = places[target];
    if (here !== undefined && here.section !== places[at]?.section) dialog.title(here.title);
    at = target;
  };

  const settleAt = async (setting: AnySetting): Promise<void> => {
    show(setting.remarks?.(answers) ?? [], asking);
    if (setting.when?.(answers) === false) {
      if (setting.ask !== undefined) sayIneffective(setting, asking, 'on this host, with these answers, the question does not arise');
      return;
    }
    if (await settleOne(setting, asking, { back: answered.length > 0, typed })) answered.push(at);
  };

  while (at < places.length) {
    const place = places[at];
    if (place?.setting === undefined) {
      if (place !== undefined) dialog.title(place.title);
      at += 1;
      continue;
    }
    try {
      await settleAt(place.setting);
      at += 1;
    } catch (error) {
      if (error instanceof GoBack) {
        const target = answered.at(-1) ?? at;
        // What sources say about the questions on the way counts once more.
        for (const { setting } of places.slice(target)) if (setting?.ask !== undefined) asker.forget(setting.ask.name);
        returnTo(target);
        continue;
      }
      if (error instanceof EndOfInput) {
        const rest = places.slice(at).flatMap(({ setting }) => setting ?? []);
        throw new SetupError('refused', 'The input ended before all questions were answered', {
          problems: [...problems, ...(await missingFrom(rest, asking))],
          cause: error,
        });
      }
      const again = error instanceof Refused && dialog.interactive && dialog.patient ? error.again : undefined;
      const target = places.findIndex(({ setting }) => setting !== undefined && setting.key === again);
      // Answers that were given together are asked again together; given ones stay, and would only fail again.
      if (error instanceof Refused && target >= 0 && (error.typed || answered.some((index) => index >= target))) {
        dialog.log('error', error.problem.message);
        returnTo(target);
        continue;
      }
      // What hangs on a refused answer cannot be judged; the refusal itself is reported.
      if (!(error instanceof Refused) && !(error instanceof Unsettled && problems.length > 0)) throw error;
      if (error instanceof Refused) problems.push(error.problem);
      // A front end cannot be asked again: the first answer that is not accepted ends the run.
      if (dialog.interactive && !dialog.patient) break;
      at += 1;
    }
  }
  if (problems.length === 0 || !dialog.interactive || dialog.patient) dialog.title('END OF CONFIGURATION');
  if (problems.length > 0) throw new SetupError('refused', 'The answers cannot be used', { problems });
}
