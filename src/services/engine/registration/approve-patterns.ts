/*
 * The option AutoApprovePatterns: regular expressions with commas between them, each for the beginning of a host's name or hardware UUID. A
 * stranger chooses what they are tried on, so only forms are taken that are quick for every text: no groups, and repetitions twice at most.
 */

const flaw = (pattern: string): boolean =>
  !/^[A-Za-z0-9._:?*+[\]^$\\-]{1,100}$/.test(pattern) || (pattern.match(/[*+?]/g)?.length ?? 0) > 2 || compiled(pattern) === null;

function compiled(pattern: string): RegExp | null {
  try {
    return new RegExp(`^(?:${pattern})`);
  } catch {
    return null;
  }
}

const patternsOf = (option: string): readonly string[] =>
  option
    .split(',')
    .map((pattern) => pattern.trim())
    .filter((pattern) => pattern !== '');

/** Whether every pattern of the option can be used. */
export const arePatterns = (option: string): boolean => !patternsOf(option).some(flaw);

/** Whether one of the patterns fits the beginning of one of the texts. Patterns that cannot be used fit nothing. */
export const isAutoApproved = (option: string, texts: readonly string[]): boolean =>
  patternsOf(option)
    .filter((pattern) => !flaw(pattern))
    .some((pattern) => texts.some((text) => compiled(pattern)?.test(text) === true));
