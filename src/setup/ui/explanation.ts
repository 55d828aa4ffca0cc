import { type Catalogue, type Question, type Text, inWords, message } from '#kit';
import { shownChoices, shownInitial } from './wording.ts';

/** What is typed to get the explanation of a question, and to go back to the one before. */
export const help = '?';
export const back = '<';

/** What can be done here, in a line below the prompt. */
export function hint(question: Question, catalogue: Catalogue): string {
  const ways: readonly Text[] = [
    ...(question.choices.length > 0 ? ['arrow keys choose'] : []),
    ...(isEditable(question) ? ['Tab edits the default'] : []),
    ...(question.hidden ? ['nothing is shown while you type'] : []),
    message`${help} explains`,
    ...(question.back === true ? [message`${back} goes back`] : []),
  ];
  return `(${ways.map((way) => inWords(way, catalogue)).join(', ')})`;
}

/** Whether there is a default that can be brought into the line. */
const isEditable = ({ choices, initial = '', hidden }: Question): boolean => choices.length === 0 && initial !== '' && !hidden;

/** All that is known of a question, for whoever asks for help. */
export function explanation(question: Question, catalogue: Catalogue): readonly Text[] {
  const choices = shownChoices(question, catalogue).join(', ');
  const initial = shownInitial(question, catalogue) ?? '';
  const byName = `QUESTION/1/${question.name}`;
  return [
    ...(question.about === undefined ? [] : [question.about]),
    ...(choices === '' ? [] : [message`Answers: ${choices}. The beginning of one is enough, and the arrow keys bring them up.`]),
    ...(initial === '' ? [] : [message`Enter alone means: ${initial}`]),
    ...(isEditable(question) ? ['Tab brings that into the line, where it can be edited.'] : []),
    ...(question.back === true ? [message`${back} goes back to the question before.`] : []),
    question.key === undefined ? message`In an answer file: ${byName}` : message`In an answer file: ${question.key}, or ${byName}`,
    'Ctrl-C leaves the setup.',
  ];
}
