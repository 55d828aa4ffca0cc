import { invalidValue, outOfRange, rejected } from '../fault.ts';

/* What clients send, as it is stored. Each throws a refusal (400) for what cannot be. */

/** A name that tools can type: what the original accepts. */
export const plainName = (value: unknown): unknown => {
  if (!/^[\p{L}\p{N}_.-]+$/u.test(String(value))) {
    throw rejected('A name may hold letters, digits, underscores, hyphens and dots only.');
  }
  return value;
};

/** The words of an enumeration, by the number that is stored, for the search. */
export const choicesOf = (words: readonly string[]): Readonly<Record<string, number>> =>
  Object.fromEntries(words.map((word, number) => [word, number]));

/** The number of a word of an enumeration. */
export const numberIn =
  (words: readonly string[], what: string) =>
  (value: unknown): number => {
    const at = words.indexOf(String(value).toLowerCase());
    if (at === -1) throw invalidValue(what, words);
    return at;
  };

/** A number within limits, as clients send it. */
export const within =
  (least: number, most: number, what: string) =>
  (value: unknown): number => {
    const number = Number(value);
    if (!Number.isInteger(number) || number < least || number > most)
      throw outOfRange(`${what} must be a number from ${least} to ${most}.`);
    return number;
  };
