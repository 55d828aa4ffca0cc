import { type Dialog, EndOfInput, GoBack, type Problem, type Remark, type Section, SetupError, questions, sections } from '#kit';
import { type AnySetting, Unsettled, keysOf } from './answers.ts';
import { newAsker } from './asker.ts';
import { foresee } from './foresee.ts';
import { inWrittenOrder } from './order.ts';
import { type Asking, Refused, initialOf, missing, sayIneffective, settleOne } from './settle-one.ts';

export type { Asking } from './settle-one.ts';

/** Puts settings in the order of the outline; those of third parties stand after the one they name. */
export const inOrder = (settings: readonly AnySetting[], order: readonly string[] = questions): readonly AnySetting[] =>
  inWrittenOrder(settings, order, ({ key, after }) => ({ name: key, after }));

/** A section begins, or there is a setting in it. */
interface Place {
  readonly section: (typeof sections)[number];
  readonly setting?: AnySetting;
}

/** The sections with the settings in them, as one walk. */
const walk = (settings: readonly AnySetting[]): readonly Place[] =>
  sections.flatMap((section): readonly Place[] => [
    { section },
    ...settings.filter((setting) => setting.section === section.id).map((setting) => ({ section, setting })),
  ]);

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
      } else await settleOne(setting, { ...asking, asker, pause: undefined }, { back: false, typed: new Map() });
    } catch (error) {
      if (error instanceof Refused) {
        if (problems.at(-1)?.id !== error.problem.id) problems.push(error.problem);
      } else if (!(error instanceof Unsettled)) throw error;
    }
  }
  for (const setting of settings) answers.unset(setting);
  return problems;
}

const refusalWith = (problems: readonly Problem[]): SetupError => new SetupError('refused', 'The answers cannot be used', { problems });

function show(remarks: readonly Remark[], { asker: { dialog } }: Asking): void {
  for (const remark of remarks) {
    if ('note' in remark) dialog.note(remark.note);
    else dialog.log(remark.level, remark.text);
  }
}

/** The way back from what is asked when everything is settled. */
export interface WayBack {
  /** Whether there is a question to go back to: one that somebody was asked. */
  isOpen(): boolean;
  /** Puts the last question again, and settles everything from there on anew. Throws what `settle` throws. */
  take(): Promise<void>;
}

/**
 * Settles every relevant setting, in the order of the outline: a given answer, or a question, or the default.
 * Sections in which something is said get their titles. Somebody who is asked can go back to earlier questions, also afterwards.
 * Throws SetupError `refused` with all problems together.
 * @param titled sections that get their title even if nothing is said in them
 */
export async function settle(settings: readonly AnySetting[], asking: Asking, titled: readonly Section[] = []): Promise<WayBack> {
  const { answers, asker } = asking;
  const { dialog } = asker;
  const places = walk(settings);
  const { problems: flaws = [], unjudged } = asking.flaws ?? {};
  // Nobody shall answer twenty questions to hear at the end what stands in a file.
  if (flaws.length > 0 && dialog.interactive) throw refusalWith(flaws);
  const problems: Problem[] = [...flaws, ...(unjudged === undefined ? [] : [unjudged])];
  /** Places of the questions that somebody has answered, and how many questions were put before: the way back. */
  const answered: { readonly place: number; readonly put: number }[] = [];
  const typed = new Map<AnySetting, unknown>();
  /** Settings without a question whose given answers were judged before their turn, and are fine. */
  const judged = new Set<AnySetting>();
  let at = 0;

  /** Takes back all answers from a place on, and goes there. */
  const returnTo = (target: number): void => {
    for (const { setting } of places.slice(target)) if (setting !== undefined) answers.unset(setting);
    while ((answered.at(-1)?.place ?? -1) >= target) answered.pop();
    judged.clear();
    const here = places[target];
    if (here !== undefined && here.section !== places[at]?.section) dialog.section(here.section.title);
    at = target;
  };

  const goBack = (): void => {
    const { place, put } = answered.at(-1) ?? { place: at, put: asker.count() };
    asker.rewind(put);
    returnTo(place);
  };

  const settingsIn = (part: readonly Place[]): readonly AnySetting[] => part.flatMap(({ setting }) => setting ?? []);

  /** Ends the run before the next question for what no question can put right. */
  const lookAhead = async (): Promise<void> => {
    const settled = new Set(settingsIn(places.slice(0, at)));
    const found = await foresee(settingsIn(places.slice(at)), { settled, judged }, asking);
    if (found.length > 0) throw refusalWith([...problems, ...found]);
  };

  const settleAt = async (setting: AnySetting): Promise<void> => {
    show(setting.remarks?.(answers) ?? [], asking);
    if (setting.when?.(answers) === false) {
      if (setting.ask !== undefined) sayIneffective(setting, asking, 'on this host, with these answers, the question does not arise');
      return;
    }
    if (dialog.interactive && setting.ask !== undefined) await lookAhead();
    const put = asker.count();
    if (await settleOne(setting, asking, { back: answered.length > 0, typed })) answered.push({ place: at, put });
  };

  const begin = ({ id, title }: Place['section']): void => {
    if (titled.includes(id)) dialog.title(title);
    else dialog.section(title);
  };

  const goOn = async (): Promise<void> => {
    while (at < places.length) {
      const place = places[at];
      if (place?.setting === undefined) {
        if (place !== undefined) begin(place.section);
        at += 1;
        continue;
      }
      try {
        await settleAt(place.setting);
        at += 1;
      } catch (error) {
        if (error instanceof GoBack) {
          goBack();
          continue;
        }
        if (error instanceof EndOfInput) {
          const rest = settingsIn(places.slice(at));
          throw new SetupError('refused', 'The input ended before all questions were answered', {
            problems: [...problems, ...(await missingFrom(rest, asking))],
            cause: error,
          });
        }
        const again = error instanceof Refused && dialog.interactive && dialog.patient ? error.again : undefined;
        const target = places.findIndex(({ setting }) => setting !== undefined && setting.key === again);
        // Answers that were given together are asked again together; given ones stay, and would only fail again.
        if (error instanceof Refused && target >= 0 && (error.typed || answered.some(({ place: asked }) => asked >= target))) {
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
    if (problems.length > 0) throw refusalWith(problems);
  };

  await goOn();
  return {
    isOpen: () => answered.length > 0,
    take() {
      goBack();
      return goOn();
    },
  };
}
