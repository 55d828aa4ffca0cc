import { type Dialog, type Given, type Question, SetupError, type Sources, type Text, message } from '#kit';
import { type SectionedDialog, sectioned } from './sectioned.ts';

/** What came back for a question. */
export interface Reply {
  /** Raw text; empty: the default. */
  readonly text: string;
  /** Set when nobody was asked, because a source answers the question by its name. */
  readonly preset?: Given;
}

/**
 * Puts questions to the dialog, or takes the answers that sources have under `QUESTION/<n>/<name>`: n counts how often
 * a question of that name was put in this run. Asking again after a bad answer is no new turn.
 */
export interface Asker {
  readonly dialog: SectionedDialog;
  /** Takes defaults without asking. */
  readonly acceptDefaults: boolean;
  /** Whether the next question of this name gets an answer: from a source, or from somebody. */
  answers(name: string): boolean;
  /** The answer that a source has for the next turn of a question. */
  preset(name: string): Given | undefined;
  put(question: Question): Promise<Reply>;
  /** How many questions were put until now. */
  count(): number;
  /** Takes back that questions were put, but for this many: what sources say about the others counts once more. */
  rewind(count: number): void;
}

export function newAsker(on: { dialog: Dialog; sources: Sources; acceptDefaults: boolean; hide: (secret: string) => void }): Asker {
  const { sources, acceptDefaults, hide } = on;
  const dialog = sectioned(on.dialog);
  /** Names of the questions that were put, in their order. */
  const put: string[] = [];
  const preset = (name: string): Given | undefined => sources.find(`QUESTION/${put.filter((one) => one === name).length + 1}/${name}`);
  return {
    dialog,
    acceptDefaults,
    preset,
    answers: (name) => dialog.interactive || preset(name) !== undefined,
    count: () => put.length,
    rewind: (count) => void put.splice(count),
    async put(question) {
      const given = preset(question.name);
      put.push(question.name);
      if (given === undefined) {
        const text = await dialog.ask(question);
        if (question.hidden && text !== '') hide(text);
        return { text };
      }
      const text = typeof given.raw === 'boolean' ? (given.raw ? 'yes' : 'no') : String(given.raw);
      if (question.hidden) hide(text);
      dialog.provided(question, text);
      return { text, preset: given };
    },
  };
}

/** Why a reply to a closed question is not taken. */
const invalid = (question: Question, { text, preset }: Reply): Text =>
  preset === undefined
    ? 'Invalid value'
    : message`${preset.key} (${preset.origin.where ?? ''}): "${text}" is not one of ${question.choices.join(', ')}`;

/**
 * Asks a question with a closed set of answers until one of them comes. Returns the choice as it is printed; Enter means the default.
 * Throws SetupError `refused` for a wrong answer of somebody who cannot be asked again.
 */
export async function choose(asker: Asker, question: Omit<Question, 'hidden'> & { readonly initial: string }): Promise<string> {
  const whole = { ...question, hidden: false };
  if (asker.acceptDefaults && asker.preset(question.name) === undefined) {
    asker.dialog.provided(whole);
    return question.initial;
  }
  let reply = await asker.put(whole);
  for (;;) {
    const word = reply.text.trim().toLowerCase();
    const choice = word === '' ? question.initial : question.choices.find((known) => known.toLowerCase() === word);
    if (choice !== undefined) return choice;
    const why = invalid(whole, reply);
    if (!asker.dialog.interactive || !asker.dialog.patient) throw new SetupError('refused', why);
    asker.dialog.log('error', why);
    reply = { text: await asker.dialog.ask(whole) };
  }
}

/** Asks for consent. Enter means no. */
export const consents = async (asker: Asker, name: string, text: Text): Promise<boolean> =>
  (await choose(asker, { name, text, choices: ['Yes', 'No'], initial: 'No' })) === 'Yes';
