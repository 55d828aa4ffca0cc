import { type Argument, type Question, type Text, inEnglish, term } from '#kit';
import type { MessageData, QuestionData, Words } from './event-schema.ts';
import type { Mask } from './mask.ts';

/** Turns texts into the data of events, and hides secrets on the way, wherever in a text they stand. */
export interface EventTexts {
  words(text: Text): Words;
  question(question: Question): QuestionData;
  /** An answer as it may be told: not at all if the question is hidden. */
  answer(question: Question, answer: string): { readonly answer?: string };
}

export function eventTexts(mask: Mask): EventTexts {
  const argument = (arg: Argument): string | number | MessageData => {
    if (typeof arg === 'object') return 'width' in arg ? { ...sentence(arg.text), width: arg.width } : sentence(arg);
    const masked = mask.apply(String(arg));
    return masked === String(arg) ? arg : masked;
  };
  const sentence = (text: Text): MessageData => {
    const { id, args } = term(text);
    return { id: mask.apply(id), args: args.map(argument) };
  };
  const words = (text: Text): Words => ({ message: sentence(text), text: mask.apply(inEnglish(text)) });
  return {
    words,
    question: ({ name, text, notes = [], about, choices, initial, hidden }) => ({
      name,
      ...words(text),
      notes: notes.map(words),
      ...(about === undefined ? {} : { about: words(about) }),
      choices: choices.map(mask.apply),
      ...(hidden || initial === undefined ? {} : { initial: mask.apply(initial) }),
      hidden,
    }),
    answer: ({ hidden }, answer) => (hidden ? {} : { answer: mask.apply(answer) }),
  };
}
