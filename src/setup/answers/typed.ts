import { SetupError } from '../kit/errors.ts';
import { type Text, message, term } from '../kit/text.ts';
import { refusesTheFile } from './statement.ts';

/*
 * The `type:value` form of the classic files. The original calls anything true that is not False, and trips over
 * a single `%` in some releases; what it would have made of a value is told, so that nobody is surprised.
 */

/** A value in its `type:value` form, read. `original` is set where the original reads something else. */
export type Typed = ({ readonly value: unknown } | { readonly wrong: Text }) & { readonly original?: Text; readonly note?: Text };

const yes = new Set(['true', '1', 'yes']);
const no = new Set(['false', '0', 'no']);

function parseBool(rest: string): Typed {
  const word = rest.trim().toLowerCase();
  const value = yes.has(word) ? true : no.has(word) ? false : undefined;
  // Only these four words are false there, and blanks around them count.
  const original = !['f', 'F', 'false', 'False'].includes(rest);
  return {
    ...(value === undefined ? { wrong: 'a bool is True or False, or yes, no, 1 or 0' } : { value }),
    ...(value === original ? {} : { original: message`takes it for ${original ? 'True' : 'False'}` }),
  };
}

/** What the original makes of a text with percent signs. */
function ofPercent(rest: string): { readonly original?: Text; readonly note?: Text } {
  if (!rest.includes('%')) return {};
  const single = rest.replaceAll('%%', '').includes('%');
  return {
    original: single
      ? message`up to 4.3 ${term(refusesTheFile)}, or puts another value in place of %(name)s`
      : 'from 4.4 on takes %% as two signs',
    ...(rest.includes('%%') ? { note: '%% is read as %, which needs no doubling here' } : {}),
  };
}

/** Parses the `type:value` form. Returns the typed value, or what is wrong with it in words that do not repeat it. */
export function parseTyped(text: string): Typed {
  const colon = text.indexOf(':');
  const rest = text.slice(colon + 1);
  switch (text.slice(0, Math.max(colon, 0))) {
    case 'none':
      return { value: undefined };
    case 'bool':
      return parseBool(rest);
    case 'int':
      return /^\s*-?\d{1,15}\s*$/.test(rest) ? { value: Number(rest) } : { wrong: 'an int is a whole number of at most 15 digits' };
    case 'str':
      return { value: rest.replaceAll('%%', '%'), ...ofPercent(rest) };
    case 'multi-str':
      return { value: rest === '' ? [] : rest.replaceAll('%%', '%').split('\n'), ...ofPercent(rest) };
    default:
      return { wrong: 'a value starts with its type: none:, bool:, int:, str: or multi-str:', original: refusesTheFile };
  }
}

/** Something cannot be written down in an answer file. */
export const noForm = (why: Text): SetupError => new SetupError('refused', why);

/** What one line can hold: with a line break in it, a value could give other answers. */
function singleLine(text: string): string {
  if (/[\r\n]/.test(text)) throw noForm('only a list can have line breaks in a classic file');
  if (/[\0\ufffd]/.test(text) || !text.isWellFormed()) throw noForm('a text with damaged characters has no form in an answer file');
  if (text !== text.trimEnd()) throw noForm('a text with blanks at its end has no form in an answer file');
  return text.includes('%%') ? text.replaceAll('%', '%%') : text;
}

/** A text of a list. It stands on a line of its own, where blanks are trimmed and comments dropped. */
function listed(text: unknown): string {
  if (typeof text !== 'string') throw noForm('a list of an answer file holds only texts');
  if (!/^[^\s#;]/.test(text)) throw noForm('a text that is empty or begins with a blank, # or ; has no form in a list of an answer file');
  return singleLine(text);
}

/**
 * A value in the `type:value` form. The texts of a list continue on lines that are indented by one blank.
 * Throws for what has no such form, in words that do not repeat the value.
 */
export function formatTyped(value: unknown): string {
  if (value === undefined || value === null) return 'none:None';
  if (typeof value === 'string') return `str:${singleLine(value)}`;
  if (typeof value === 'boolean') return `bool:${value ? 'True' : 'False'}`;
  if (Array.isArray(value)) return `multi-str:${value.map(listed).join('\n ')}`;
  if (typeof value !== 'number') throw noForm(message`a value of type ${typeof value} has no form in an answer file`);
  if (!Number.isInteger(value) || Math.abs(value) >= 1e15)
    throw noForm('only whole numbers of at most 15 digits have a form in an answer file');
  return `int:${value}`;
}
