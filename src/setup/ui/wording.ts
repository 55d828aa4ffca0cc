import { type Catalogue, type Question, type Text, inWords, message, term } from '#kit';

/*
 * The words of the human dialogs in the language of a catalogue. Both show the same ones and differ in how answers are typed.
 * Choices are shown translated; the rest of the program knows only the English ones.
 */

/** Knows no other language. */
export const english: Catalogue = () => undefined;

/** The three notes of a section title. */
export const titleLines = (text: Text, catalogue: Catalogue): readonly string[] => ['', `--== ${inWords(text, catalogue)} ==--`, ''];

/** An answer as it is shown: a choice is a word of the language, anything else is data. */
export const shownAnswer = (answer: string, { choices }: Question, catalogue: Catalogue): string =>
  choices.includes(answer) ? inWords(answer, catalogue) : answer;

/** The choices as they are shown, in their order. */
export const shownChoices = (question: Question, catalogue: Catalogue): readonly string[] =>
  question.choices.map((choice) => shownAnswer(choice, question, catalogue));

/** The default as it is shown; undefined where there is none or where nobody may see it. */
export const shownInitial = (question: Question, catalogue: Catalogue): string | undefined =>
  question.initial === undefined || question.hidden ? undefined : shownAnswer(question.initial, question, catalogue);

/** `Text (Choice, Choice) [Default]: `, and `(1, 2)[1]: ` where the notes say what it is about. */
export function promptText(question: Question, catalogue: Catalogue): string {
  const text = inWords(question.text, catalogue);
  const choices = question.choices.length > 0 ? `(${shownChoices(question, catalogue).join(', ')})` : '';
  const initial = shownInitial(question, catalogue);
  const parts = [text, choices, initial === undefined ? '' : `[${initial}]`].filter((part) => part !== '');
  return `${parts.join(text === '' ? '' : ' ')}: `;
}

/** What stands below a question whose answer was given beforehand. */
export const providedAnswer = (question: Question, answer: string): Text =>
  message`provided answer: ${question.hidden ? term('(hidden)') : question.choices.includes(answer) ? term(answer) : answer}`;

/** What was typed, as the program knows it: a shown choice, in any case, becomes the English one; all else stays as it is. */
export function replyOf(question: Question, typed: string, catalogue: Catalogue): string {
  const word = typed.trim().toLowerCase();
  return question.choices.find((choice) => shownAnswer(choice, question, catalogue).toLowerCase() === word) ?? typed;
}
