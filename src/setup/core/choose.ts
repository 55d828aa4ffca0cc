import type { Dialog, Question } from '#kit';

/** Asks a question with a closed set of answers until one of them comes. Returns the choice as it is printed; Enter means the default. */
export async function choose(dialog: Dialog, question: Omit<Question, 'hidden'> & { readonly initial: string }): Promise<string> {
  for (;;) {
    const reply = (await dialog.ask({ ...question, hidden: false })).trim().toLowerCase();
    const choice = reply === '' ? question.initial : question.choices.find((known) => known.toLowerCase() === reply);
    if (choice !== undefined) return choice;
    dialog.log('error', 'Invalid value');
  }
}

/** Asks for consent. Enter means no. */
export const consents = async (dialog: Dialog, name: string, text: string): Promise<boolean> =>
  (await choose(dialog, { name, text, choices: ['Yes', 'No'], initial: 'No' })) === 'Yes';
