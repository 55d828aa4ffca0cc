/** Splits the value of a unit file's key into words as systemd does. Throws an Error that says what is wrong. */

const escapes = new Map([
  ['a', '\x07'],
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
  ['v', '\v'],
  ['\\', '\\'],
  ['"', '"'],
  ["'", "'"],
  ['s', ' '],
]);
const numbered: readonly (readonly [RegExp, number])[] = [
  [/^x([0-9a-fA-F]{2})/, 16],
  [/^u([0-9a-fA-F]{4})/, 16],
  [/^U([0-9a-fA-F]{8})/, 16],
  [/^([0-7]{3})/, 8],
];

/** What stands behind a backslash, and its length. */
function unescape(rest: string): { readonly text: string; readonly length: number } {
  const simple = escapes.get(rest[0] ?? '');
  if (simple !== undefined) return { text: simple, length: 1 };
  for (const [pattern, base] of numbered) {
    const [all, digits] = pattern.exec(rest) ?? [];
    if (all === undefined || digits === undefined) continue;
    const code = parseInt(digits, base);
    if (code === 0 || code > 0x10ffff) break;
    // Two hexadecimal or three octal digits name a byte; beyond ASCII it would be a piece of a character.
    if (code > 0x7f && (base === 8 || all.startsWith('x'))) break;
    return { text: String.fromCodePoint(code), length: all.length };
  }
  throw new Error(`unknown escape \\${rest.slice(0, 1)}`);
}

/** Specifiers: `%%` is a percent sign, all others would have to be resolved. */
export function withoutSpecifiers(text: string): string {
  const [, odd] = /^(?:[^%]|%%)*(%.?)/s.exec(text) ?? [];
  if (odd !== undefined && odd !== '%%') throw new Error(`the specifier ${odd} is not supported; a percent sign is written %%`);
  return text.replaceAll('%%', '%');
}

interface Word {
  readonly text: string;
  readonly quoted: boolean;
}

/** Words between white space; quotes may surround a whole word. */
export const splitWords = (text: string): readonly string[] => readWords(text).map((word) => word.text);

/** The same, for where it matters whether a word was quoted. */
export function readWords(text: string): readonly Word[] {
  const words: Word[] = [];
  let at = 0;
  const skipSpace = (): void => {
    while (/[ \t]/.test(text[at] ?? '')) at++;
  };
  for (skipSpace(); at < text.length; skipSpace()) {
    const first = text[at] ?? '';
    const quote = first === '"' || first === "'" ? first : '';
    if (quote !== '') at++;
    let word = '';
    for (;;) {
      const char = text[at];
      if (char === undefined) {
        if (quote !== '') throw new Error(`the quote ${quote} is not closed`);
        break;
      }
      at++;
      if (char === quote) {
        if (!/^(?:[ \t]|$)/.test(text.slice(at, at + 1))) throw new Error(`behind the closing quote ${quote} a space is expected`);
        break;
      }
      if (quote === '' && /[ \t]/.test(char)) break;
      if (char === '\\') {
        const { text: meant, length } = unescape(text.slice(at, at + 10));
        word += meant;
        at += length;
      } else if (quote === '' && /["']/.test(char)) {
        throw new Error(`a quote stands around a whole word; inside of one it is written \\${char}`);
      } else word += char;
    }
    words.push({ text: word, quoted: quote !== '' });
  }
  return words;
}
