/*
 * How pg_hba.conf is cut into words. Nothing here knows what the words mean; see `hba.ts`.
 */

/** One word of a field: `all`, `"all"`, `+staff`, `@names`. */
export interface Word {
  readonly text: string;
  /** It begins with a quote, so that it is no keyword, and no sign at its beginning means anything. */
  readonly quoted: boolean;
}

/** A field is a list: words with commas between them. */
export type Field = readonly Word[];

/** The fields of one line, which may be written on several. */
export interface Line {
  /** Where it begins, from 1. */
  readonly number: number;
  /** Where it ends. */
  readonly last: number;
  readonly fields: readonly Field[];
}

const isBlank = (sign: string): boolean => sign === ' ' || sign === '\t' || sign === '\r';

/** The word that begins at a place, and where the rest begins; `comma`: the list goes on behind it. */
function wordAt(text: string, start: number): { readonly word: Word | undefined; readonly next: number; readonly comma: boolean } {
  let at = start;
  while (at < text.length && (isBlank(text.charAt(at)) || text[at] === ',')) at++;
  const begin = at;
  let [found, inside, closed] = ['', false, false];
  for (; at < text.length; at++) {
    const sign = text.charAt(at);
    if (!inside && (isBlank(sign) || sign === '#' || sign === ',')) break;
    // Two quotes inside of quotes are one of the text.
    if (sign !== '"' || closed) found += sign;
    closed = sign === '"' && inside;
    if (sign === '"') inside = !inside;
  }
  const word = at === begin ? undefined : { text: found, quoted: text[begin] === '"' };
  // What stands behind a number sign is a comment.
  if (text[at] === '#') return { word, next: text.length, comma: false };
  return { word, next: at + (text[at] === ',' ? 1 : 0), comma: text[at] === ',' };
}

/** The fields of a line without its end. */
export function fieldsOf(text: string): readonly Field[] {
  const fields: Field[] = [];
  let at = 0;
  while (at < text.length) {
    const field: Word[] = [];
    let more = true;
    while (more) {
      const { word, next, comma } = wordAt(text, at);
      if (word !== undefined) field.push(word);
      at = next;
      more = comma && word !== undefined;
    }
    if (field.length > 0) fields.push(field);
  }
  return fields;
}

/** The lines that say something. One with a backslash at its very end goes on with the next (PostgreSQL 14 and later). */
export function linesOf(text: string): readonly Line[] {
  const lines: Line[] = [];
  const physical = text.split('\n').map((line) => line.replace(/\r+$/, ''));
  for (let index = 0; index < physical.length; index++) {
    const number = index + 1;
    let whole = physical[index] ?? '';
    while (whole.endsWith('\\') && index + 1 < physical.length) whole = whole.slice(0, -1) + (physical[++index] ?? '');
    const fields = fieldsOf(whole);
    if (fields.length > 0) lines.push({ number, last: index + 1, fields });
  }
  return lines;
}
