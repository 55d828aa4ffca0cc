import { Refusal } from '../../http/refusal.ts';
import { invalidValue, outOfRange, rejected } from '../fault.ts';

/* What clients send, as it is stored. Each throws a refusal for what cannot be (400), or is not supported (409). */

/** A name that tools can type: what the original accepts. */
export const plainName = (value: unknown): unknown => {
  if (!/^[\p{L}\p{N}_.-]+$/u.test(String(value))) {
    throw rejected('A name may hold letters, digits, underscores, hyphens and dots only.');
  }
  return value;
};

/**
 * What would be relied on although nothing here does it: clients may say that they do not want it.
 * @param advice what to do instead, as a sentence
 */
export const neverTrue =
  (what: string, advice: string) =>
  (value: unknown): unknown => {
    if (value === true) throw new Refusal(409, `${what} is not supported. ${advice}`);
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
