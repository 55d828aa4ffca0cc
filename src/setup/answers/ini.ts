/** What stands in an ini file, in its order; comments and empty lines say nothing. Lines count from 1. */
export type IniItem =
  | { readonly kind: 'section'; readonly line: number; readonly name: string }
  /** A key with its value; the lines that continue it are joined by line breaks, without the blanks around them. */
  | {
      readonly kind: 'option';
      readonly line: number;
      readonly key: string;
      readonly value: string;
      /** The lines that continue it. */
      readonly continued: readonly number[];
    }
  /** A line that is neither. */
  | { readonly kind: 'stray'; readonly line: number; readonly text: string };

/** `KEY=value` or `KEY: value` on one line. A key has no blanks in it: what has some is a line that was torn apart. */
function pairOf(line: string): { readonly key: string; readonly value: string } | undefined {
  const at = line.search(/[=:]/);
  const key = line.slice(0, Math.max(at, 0)).trimEnd();
  return key === '' || key.startsWith('[') || /\s/.test(key) ? undefined : { key, value: line.slice(at + 1).trim() };
}

/** Takes an ini file apart: any line end, a byte order mark, `#` and `;` comments. Time grows with the length alone. */
export function* iniItems(text: string): Generator<IniItem> {
  let option: { line: number; key: string; values: string[]; continued: number[] } | undefined;
  const finished = function* (): Generator<IniItem> {
    if (option !== undefined) {
      const { values, ...rest } = option;
      yield { kind: 'option', ...rest, value: values.join('\n') };
    }
    option = undefined;
  };
  for (const [index, raw] of text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .entries()) {
    const line = index + 1;
    const trimmed = raw.trim();
    if (trimmed === '' || trimmed.startsWith('#') || trimmed.startsWith(';')) continue;
    const indented = /^\s/.test(raw);
    if (indented && option !== undefined) {
      option.values.push(trimmed);
      option.continued.push(line);
      continue;
    }
    yield* finished();
    const section = indented ? null : /^\[([^\]]*)\]$/.exec(trimmed);
    const pair = indented ? undefined : pairOf(trimmed);
    if (section !== null) yield { kind: 'section', line, name: section[1] ?? '' };
    else if (pair !== undefined) option = { line, key: pair.key, values: [pair.value], continued: [] };
    else yield { kind: 'stray', line, text: trimmed };
  }
  yield* finished();
}
