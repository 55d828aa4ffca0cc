import { type Catalogue, type Question, type Text, inWords, message } from '#kit';
import { shownChoices, shownInitial } from './wording.ts';

/** Choices that begin with what was typed, in any case and in either language; one that is typed out in full is the only one. */
function beginningWith(typed: string, { choices }: Question, catalogue: Catalogue): readonly string[] {
  const word = typed.trim().toLowerCase();
  const names = (choice: string): readonly string[] => [inWords(choice, catalogue), choice].map((name) => name.toLowerCase());
  const exact = choices.filter((choice) => names(choice).includes(word));
  return exact.length > 0 ? exact : choices.filter((choice) => names(choice).some((name) => name.startsWith(word)));
}

/** The choice that was meant, in English: `y` is Yes as long as nothing else begins so. Otherwise what is wrong. */
export function choiceOf(typed: string, question: Question, catalogue: Catalogue): { readonly choice: string } | { readonly wrong: Text } {
  const [choice, ...others] = beginningWith(typed, question, catalogue);
  const all = shownChoices(question, catalogue).join(', ');
  if (choice === undefined) return { wrong: message`'${typed.trim()}' is no answer to this question. Choose one of: ${all}` };
  if (others.length > 0) return { wrong: message`'${typed.trim()}' can mean more than one answer. Choose one of: ${all}` };
  return { choice };
}

/** The choice that an arrow key brings into the line: the next or the previous one as they are shown, in a circle. */
export function neighbour(line: string, by: 1 | -1, question: Question, catalogue: Catalogue): string {
  const shown = shownChoices(question, catalogue);
  const at = shown.indexOf(line === '' ? (shownInitial(question, catalogue) ?? '') : line);
  const next = at < 0 && by < 0 ? shown.length - 1 : (at + by + shown.length) % shown.length;
  return shown[next] ?? line;
}
