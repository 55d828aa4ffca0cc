/** How the value of a setting is parsed from text or from a typed answer, and printed again. */
export interface Kind<T> {
  readonly name: string;
  /** Accepts text (typed, or from a file) and native values; throws an Error whose message says what is accepted. */
  parse(raw: unknown): T;
  /** The value as shown in prompts, in the preview and in answer files. */
  format(value: T): string;
  /** Closed set of answers, in their printed form. */
  readonly choices?: readonly string[];
}

/** Any single line of text. Blanks around it, and half characters, would not survive a file. */
export const text: Kind<string> = {
  name: 'text',
  parse(raw) {
    if (typeof raw !== 'string') throw new Error('text is expected');
    if (!raw.isWellFormed() || /[\p{Cc}\p{Zl}\p{Zp}\ufffd]/u.test(raw))
      throw new Error('text on a single line without control characters is expected');
    if (raw !== raw.trim()) throw new Error('text without blanks at its beginning or end is expected');
    return raw;
  },
  format: (value) => value,
};

/** A whole number between two bounds, both included. */
export const integer = (from: number, to: number): Kind<number> => ({
  name: `integer ${from}..${to}`,
  parse(raw) {
    const value = typeof raw === 'number' ? raw : typeof raw === 'string' && /^\s*\d{1,15}\s*$/.test(raw) ? Number(raw) : NaN;
    if (!Number.isInteger(value) || value < from || value > to) throw new Error(`a whole number from ${from} to ${to} is expected`);
    return value;
  },
  format: (value) => String(value),
});

/** A TCP port. */
export const port = integer(1, 65535);

const words = new Map([
  ['true', true],
  ['yes', true],
  ['1', true],
  ['false', false],
  ['no', false],
  ['0', false],
]);

/** A decision, with the two words it is asked with; stored as a boolean. */
export const decision = (positive: string, negative: string): Kind<boolean> => ({
  name: 'yes or no',
  choices: [positive, negative],
  parse(raw) {
    if (typeof raw === 'boolean') return raw;
    const word = String(raw).trim().toLowerCase();
    if (word === positive.toLowerCase()) return true;
    if (word === negative.toLowerCase()) return false;
    const known = words.get(word);
    if (known === undefined) throw new Error(`${positive} or ${negative} is expected`);
    return known;
  },
  format: (value) => (value ? positive : negative),
});

/** Yes or no. */
export const yesNo = decision('Yes', 'No');
