import { SetupError } from './errors.ts';
import { type Text, message } from './text.ts';

/** How the value of a setting is parsed from text or from a typed answer, and printed again. */
export interface Kind<T> {
  readonly name: string;
  /** Accepts text (typed, or from a file) and native values; throws SetupError `refused`, which says what is accepted. */
  parse(raw: unknown): T;
  /** The value as shown in prompts, in the preview and in answer files. */
  format(value: T): string;
  /** Closed set of answers, in their printed form. */
  readonly choices?: readonly string[];
  /** JSON Schema (draft 2020-12) that holds for everything `parse` accepts: for editors, and the generated reference. */
  readonly schema?: object;
}

const notAccepted = (expected: Text): SetupError => new SetupError('refused', expected);

/** Exactly this word in any case: a pattern of a schema has no flag for that. */
const anyCase = (word: string): string =>
  [...word]
    .map((letter) => {
      const [upper, lower] = [letter.toUpperCase(), letter.toLowerCase()];
      return upper === lower ? letter.replace(/[\\^$.*+?()[\]{}|/]/, '\\$&') : `[${upper}${lower}]`;
    })
    .join('');

/** Text that is one of these words in any case, with blanks around it at most. */
const wordSchema = (spellings: readonly string[]): object => ({
  type: 'string',
  pattern: `^\\s*(${spellings.map(anyCase).join('|')})\\s*$`,
});

/** Any single line of text. Blanks around it, and half characters, would not survive a file. */
export const text: Kind<string> = {
  name: 'text',
  schema: { type: 'string', pattern: '^(\\S(.*\\S)?)?$' },
  parse(raw) {
    // YAML has numbers and booleans where no quotes say that a text is meant.
    if (typeof raw === 'number') throw notAccepted('text is expected, not a number');
    if (typeof raw === 'boolean') throw notAccepted('text is expected, not a boolean');
    if (typeof raw !== 'string') throw notAccepted('text is expected');
    if (!raw.isWellFormed() || /[\p{Cc}\p{Zl}\p{Zp}\ufffd]/u.test(raw))
      throw notAccepted('text on a single line without control characters is expected');
    if (raw !== raw.trim()) throw notAccepted('text without blanks at its beginning or end is expected');
    return raw;
  },
  format: (value) => value,
};

/** A whole number between two bounds, both included. */
export const integer = (from: number, to: number): Kind<number> => ({
  name: `integer ${from}..${to}`,
  schema: {
    anyOf: [
      { type: 'integer', minimum: from, maximum: to },
      { type: 'string', pattern: '^\\s*[0-9]{1,15}\\s*$' },
    ],
  },
  parse(raw) {
    const value = typeof raw === 'number' ? raw : typeof raw === 'string' && /^\s*\d{1,15}\s*$/.test(raw) ? Number(raw) : NaN;
    if (!Number.isInteger(value) || value < from || value > to)
      throw notAccepted(message`a whole number from ${from} to ${to} is expected`);
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

/** A word as it stands in a file or was typed; a number counts as its digits. */
const wordOf = (raw: unknown): string => (typeof raw === 'string' || typeof raw === 'number' ? String(raw).trim().toLowerCase() : '');

/** A decision, with the two words it is asked with; stored as a boolean. */
export const decision = (positive: string, negative: string): Kind<boolean> => ({
  name: 'yes or no',
  choices: [positive, negative],
  schema: { anyOf: [{ type: 'boolean' }, { enum: [0, 1] }, wordSchema([positive, negative, ...words.keys()])] },
  parse(raw) {
    if (typeof raw === 'boolean') return raw;
    const word = wordOf(raw);
    if (word === positive.toLowerCase()) return true;
    if (word === negative.toLowerCase()) return false;
    const known = words.get(word);
    if (known === undefined) throw notAccepted(message`${positive} or ${negative} is expected`);
    return known;
  },
  format: (value) => (value ? positive : negative),
});

/** Yes or no. */
export const yesNo = decision('Yes', 'No');

/** `a, b or c is expected` */
const alternatives = (all: readonly string[]): Text =>
  all.length < 2 ? message`${all.join()} is expected` : message`${all.slice(0, -1).join(', ')} or ${all.at(-1) ?? ''} is expected`;

/** One of several words. They are read in any case, stored in lower case and printed as they are declared here. */
export function choice<const T extends string>(...spellings: readonly T[]): Kind<Lowercase<T>> {
  const declared = new Map(spellings.map((spelling) => [spelling.toLowerCase() as Lowercase<T>, spelling]));
  const digits = spellings.filter((spelling) => /^(0|[1-9]\d*)$/.test(spelling)).map(Number);
  return {
    name: `one of ${spellings.join(', ')}`,
    choices: spellings,
    schema: { anyOf: [{ enum: [...spellings, ...digits] }, wordSchema(spellings)] },
    parse(raw) {
      const word = wordOf(raw) as Lowercase<T>;
      if (!declared.has(word)) throw notAccepted(alternatives(spellings));
      return word;
    },
    format: (value) => declared.get(value) ?? value,
  };
}

/**
 * Several texts: a list in a file, or one line with commas between them. A text of a list has no comma, and begins
 * neither like a comment nor with a blank: on a line of its own in a classic file it would be lost.
 */
export const list: Kind<readonly string[]> = {
  name: 'list of texts',
  schema: { anyOf: [{ type: 'array', items: { type: 'string', pattern: '^[^\\s#;,]([^,]*[^\\s,])?$' } }, { type: 'string' }] },
  parse(raw) {
    const items: unknown = typeof raw === 'string' ? (raw.trim() === '' ? [] : raw.split(',').map((item) => item.trim())) : raw;
    if (!Array.isArray(items)) throw notAccepted('a list of texts is expected');
    return items.map((item: unknown) => {
      const single = text.parse(item);
      if (!/^[^#;,][^,]*$/.test(single))
        throw notAccepted('a list of texts is expected, none of them empty, none with a comma or beginning with # or ;');
      return single;
    });
  },
  format: (value) => value.join(', '),
};
