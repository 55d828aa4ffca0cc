import { type Problem } from '#kit';
import { type Reading, type Statement, type Strength, problemAt, strengths } from './statement.ts';

/** One option of an ini file with its continuation lines joined. */
interface Option {
  readonly key: string;
  readonly value: string;
  readonly line: number;
}

const yes = new Set(['true', '1', 'yes']);
const no = new Set(['false', '0', 'no']);

/** Parses the `type:value` form. Returns the typed value, or what is wrong with it. */
export function parseTyped(text: string): { readonly value: unknown } | { readonly wrong: string } {
  const colon = text.indexOf(':');
  const type = colon < 0 ? text : text.slice(0, colon);
  const rest = colon < 0 ? '' : text.slice(colon + 1);
  switch (colon < 0 ? '' : type) {
    case 'none':
      return { value: undefined };
    case 'bool': {
      const word = rest.trim().toLowerCase();
      if (yes.has(word)) return { value: true };
      return no.has(word) ? { value: false } : { wrong: `"${rest}" is neither True nor False` };
    }
    case 'int':
      return /^\s*-?\d{1,15}\s*$/.test(rest) ? { value: Number(rest) } : { wrong: `"${rest}" is not a whole number` };
    case 'str':
      return { value: rest.replaceAll('%%', '%') };
    case 'multi-str':
      return { value: rest === '' ? [] : rest.replaceAll('%%', '%').split('\n') };
    default:
      return { wrong: 'a value starts with its type: none:, bool:, int:, str: or multi-str:' };
  }
}

/**
 * Reads a classic answer file: `[environment:default]` (or init, override, enforce) and `KEY=type:value` lines, UTF-8.
 * Continuation lines are indented; `#` and `;` start comment lines; other sections are ignored.
 * @param name stands in front of the line number in every message
 */
export function readConf(text: string, name: string): Reading {
  const statements: Statement[] = [];
  const problems: Problem[] = [];
  let strength: Strength | undefined;
  let inSection = false;
  let option: Option | undefined;
  const seen = new Map<string, Option>();

  const finish = (): void => {
    if (option === undefined || strength === undefined) return;
    const { key, value, line } = option;
    const where = `${name}:${line}`;
    const before = seen.get(`${strength} ${key}`);
    option = undefined;
    if (before !== undefined) {
      if (before.value !== value)
        problems.push(problemAt(where, `${key} stands here and, with another value, in line ${before.line}`, 'Keep one of the two.'));
      return;
    }
    seen.set(`${strength} ${key}`, { key, value, line });
    const typed = parseTyped(value);
    if ('wrong' in typed) problems.push(problemAt(where, `${key}: ${typed.wrong}`));
    else statements.push({ key, value: typed.value, strength, where });
  };

  if (text.includes('\0') || text.includes('\uFFFD'))
    return { statements: [], problems: [problemAt(name, 'this is not a text file in UTF-8')] };
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  for (const [index, line] of lines.entries()) {
    const number = index + 1;
    if (/^\s*([#;].*)?$/.test(line)) continue;
    if (/^\s/.test(line) && option !== undefined) {
      option = { ...option, value: `${option.value}\n${line.trim()}` };
      continue;
    }
    finish();
    const section = /^\[([^\]]*)\]\s*$/.exec(line);
    if (section !== null) {
      const found = /^environment:(.*)$/.exec(section[1] ?? '')?.[1];
      strength = strengths.find((known) => known === found);
      inSection = true;
      continue;
    }
    if (inSection && strength === undefined && !line.startsWith('[')) continue;
    const pair = /^([^=:\s[][^=:]*)[=:]\s*(.*)$/s.exec(line);
    if (!inSection)
      problems.push(problemAt(`${name}:${number}`, 'stands before the first section', 'Start the file with [environment:default].'));
    else if (pair === null)
      problems.push(problemAt(`${name}:${number}`, 'is neither a section nor KEY=type:value', 'Is the file cut off here?'));
    else option = { key: (pair[1] ?? '').trimEnd(), value: (pair[2] ?? '').trimEnd(), line: number };
  }
  finish();
  const promised = /^# answers: (\d{1,6})$/m.exec(text)?.[1];
  if (promised !== undefined && (Number(promised) !== seen.size || !text.endsWith('\n'))) {
    const found = Number(promised) === seen.size ? 'its last line has no end' : `${seen.size} are here`;
    problems.push(
      problemAt(
        name,
        `the file says that it holds ${promised} answers, but ${found}`,
        'Is it cut off? Take the file from where it was written, or correct the number.',
      ),
    );
  }
  if (!inSection && problems.length === 0)
    problems.push(problemAt(name, 'the file is empty', 'An answer file has at least the section [environment:default].'));
  return { statements, problems };
}

/** What a line can hold: with a line break in it, a value could give other answers. */
function singleLine(text: string): string {
  if (text.includes('\n')) throw new Error('a text with line breaks has no form in an answer file');
  return text.replaceAll('%', '%%');
}

/** A text of a list. It stands on a line of its own, where blanks are trimmed and comments dropped. */
function listed(text: string): string {
  if (!/^[^\s#;]/.test(text) || text !== text.trim()) throw new Error(`${JSON.stringify(text)} has no form in a list of an answer file`);
  return singleLine(text);
}

/** A value in the `type:value` form. The texts of a list continue on lines that are indented by one blank. */
function formatTyped(value: unknown): string {
  if (value === undefined || value === null) return 'none:None';
  if (typeof value === 'string') return `str:${singleLine(value)}`;
  if (typeof value === 'boolean') return `bool:${value ? 'True' : 'False'}`;
  if (typeof value === 'number') return `int:${value}`;
  if (Array.isArray(value)) return `multi-str:${value.map((one) => listed(String(one))).join('\n ')}`;
  throw new Error(`${typeof value} has no form in an answer file`);
}

/** Writes a classic answer file; `readConf` reads it back to the same answers. The number of answers lets a reader notice a file that was cut off. */
export const formatConf = (answers: ReadonlyMap<string, unknown>): string =>
  [
    '# action=setup',
    `# answers: ${answers.size}`,
    '[environment:default]',
    ...[...answers].map(([key, value]) => `${key}=${formatTyped(value)}`),
    '',
  ].join('\n');
