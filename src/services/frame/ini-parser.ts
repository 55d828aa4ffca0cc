import type { Assignment } from './conf-parser.ts';

/**
 * Reads one file of the INI dialect that programs in Python use: `[SECTION]`, `key=value` or `key: value`, comments that begin a line with
 * `#` or `;`. Blanks around keys and values do not count; keys are the same in any case. A value reaches to the end of its line.
 *
 * Adds what it understands to `values` under `SECTION/key` (later assignments win) and returns the problems, each as `file:line: text`.
 */
export function parseIni(text: string, file: string, values: Map<string, Assignment>): string[] {
  const problems: string[] = [];
  let section: string | undefined;
  for (const [index, line] of text.split('\n').entries()) {
    if (/^\s*([#;]|$)/.test(line)) continue;
    const place = `${file}:${index + 1}`;
    const heading = /^\s*\[([^\]]+)\]\s*$/.exec(line)?.[1];
    const [, key, value = ''] = /^\s*([\w.-]+)\s*[=:]\s*(.*?)\s*$/su.exec(line) ?? [];
    if (heading !== undefined) section = heading.trim();
    else if (key === undefined) problems.push(`${place}: expected [SECTION] or key=value`);
    else if (section === undefined) problems.push(`${place}: ${key} stands before the first [SECTION]`);
    else if (value.includes('\0')) problems.push(`${place}: ${key}: a NUL character is not allowed`);
    else values.set(`${section}/${key.toLowerCase()}`, { value, place });
  }
  return problems;
}
