import { stripVTControlCharacters } from 'node:util';

/*
 * How much room text takes on a terminal: one cell for most characters, two for those of East Asian scripts and for emoji,
 * none for accents that join the character before. Terminals do not agree on all of Unicode; they agree on these.
 */

const none = /^[\p{Mn}\p{Me}\p{Cf}]$/u;
const two =
  /^[\p{Script=Han}\p{Script=Hangul}\p{Script=Hiragana}\p{Script=Katakana}\p{Emoji_Presentation}\u3000-\u303f\uff01-\uff60\uffe0-\uffe6]$/u;

const cellsOfOne = (character: string): number => (none.test(character) ? 0 : two.test(character) ? 2 : 1);

/** The cells that a text of one line takes; colours take none. */
export const cellsOf = (text: string): number => [...stripVTControlCharacters(text)].reduce((sum, one) => sum + cellsOfOne(one), 0);

/** Characters, each colour as one of them. */
// eslint-disable-next-line no-control-regex -- colours begin with the control character escape
const charactersOf = (line: string): readonly string[] => line.match(/\u001b\[[\d;]*m|./gsu) ?? [];

/** Cuts a line into rows of at most this many cells, wherever that falls. There is always a row, and the last one may be full. */
export function rowsOf(line: string, width: number): readonly string[] {
  const rows: string[] = [];
  let row = '';
  let used = 0;
  for (const character of charactersOf(line)) {
    const cells = cellsOf(character);
    if (used + cells > width && row !== '') {
      rows.push(row);
      row = '';
      used = 0;
    }
    row += character;
    used += cells;
  }
  return [...rows, row];
}

/**
 * Breaks a line at blanks into rows of at most this many cells; only a word that is too long for a row is cut.
 * @param first cells of the first row, where something stands before it
 */
export function wrapped(line: string, width: number, first = width): readonly string[] {
  const rows: string[] = [];
  let rest = line;
  let room = first;
  while (cellsOf(rest) > room) {
    const [fitting = ''] = rowsOf(rest, room);
    const blank = rest[fitting.length] === ' ' ? fitting.length : fitting.lastIndexOf(' ');
    const end = blank > 0 ? blank : fitting.length;
    // Where something stands before it, a long word goes to a row of its own.
    if (end === fitting.length && rest[end] !== ' ' && room < width) rows.push('');
    else {
      rows.push(rest.slice(0, end).trimEnd());
      rest = rest.slice(end).trimStart();
    }
    room = width;
  }
  return [...rows, rest];
}
