import { message } from '../kit/text.ts';
import { flawOfStray, isHopeless, judgeEnd } from './conf-flaws.ts';
import { iniItems } from './ini.ts';
import {
  type Flaw,
  type Note,
  type Reading,
  type Statement,
  type Strength,
  flawAt,
  noteAt,
  refusesTheFile,
  strengths,
} from './statement.ts';
import { formatTyped, parseTyped } from './typed.ts';

const strengthOf = (section: string): Strength | undefined => strengths.find((strength) => section === `environment:${strength}`);

/**
 * Reads a classic answer file: `[environment:default]` (or init, override, enforce) and `KEY=type:value` lines, UTF-8.
 * Continuation lines are indented; `#` and `;` start comment lines; other sections are ignored.
 * @param file stands in front of the line number in every message
 */
export function readConf(text: string, file: string): Reading {
  const statements: Statement[] = [];
  const problems: Flaw[] = [];
  const notes: Note[] = [];
  const at = (line: number) => ({ file, line });
  if (text.includes('\0') || text.includes('\uFFFD'))
    return { statements, problems: [flawAt(at(1), 'this is not a text file in UTF-8')], notes };

  const seen = new Map<string, { readonly value: string; readonly line: number }>();
  const state = (strength: Strength, key: string, written: string, line: number): void => {
    const before = seen.get(`${strength} ${key}`);
    const typed = parseTyped(written);
    const original = before === undefined ? typed.original : refusesTheFile;
    const more = { key, ...(original === undefined ? {} : { original }) };
    if (before === undefined) seen.set(`${strength} ${key}`, { value: written, line });
    else if (before.value === written) notes.push(noteAt(at(line), message`stands in line ${before.line} already`, key));
    else {
      const what = message`stands here and, with another value, in line ${before.line}`;
      problems.push(flawAt(at(line), what, { ...more, remedy: 'Keep one of the two.' }));
      return;
    }
    if ('wrong' in typed) problems.push(flawAt(at(line), typed.wrong, more));
    else statements.push({ ...more, value: typed.value, strength, place: at(line) });
    if (typed.note !== undefined) notes.push(noteAt(at(line), typed.note, key));
  };

  let section: string | undefined;
  for (const item of iniItems(text)) {
    const { line } = item;
    if (isHopeless(problems, at(line))) return { statements, problems, notes };
    const strength = strengthOf(section ?? '');
    if (item.kind === 'section') section = item.name;
    else if (section === undefined)
      problems.push(flawAt(at(line), 'stands before the first section', { remedy: 'Start the file with [environment:default].' }));
    else if (item.kind === 'stray') {
      const { what, remedy } = flawOfStray(item.text);
      // What stands in the sections of others is none of our business, but a broken title may be that of a section of ours.
      if (strength !== undefined || item.text.startsWith('[')) problems.push(flawAt(at(line), what, { remedy }));
    } else if (strength !== undefined) state(strength, item.key, item.value, line);
  }
  const end = judgeEnd(text, file, seen.size);
  problems.push(...end.problems);
  notes.push(...end.notes);
  if (section === undefined && problems.length === 0)
    problems.push(flawAt(at(1), 'the file is empty', { remedy: 'An answer file has at least the section [environment:default].' }));
  return { statements, problems, notes };
}

/** The answers of one section, strongest in the order of `strengths`. */
type Sections = ReadonlyMap<Strength, ReadonlyMap<string, unknown>>;

/** One line of a classic file. Throws for a key or a value that has no form there. */
function formatPair(key: string, value: unknown): string {
  if (!/^[^=:\s[#;][^=:\s]*$/.test(key)) throw new Error('a key with blanks, = or : has no form in an answer file');
  return `${key}=${formatTyped(value)}`;
}

const leftOutLine = (key: string): string => `# ${key} is secret and not kept here; give it with --set-file=${key}=FILE`;

/**
 * Writes a classic answer file with one or more sections. The number of answers at its top lets a reader notice a file that was cut off.
 * Throws for what has no form in such a file.
 */
export const formatSections = (sections: Sections, leftOut: readonly string[] = []): string =>
  [
    '# action=setup',
    `# answers: ${[...sections.values()].reduce((sum, { size }) => sum + size, 0)}`,
    ...leftOut.map(leftOutLine),
    ...[...sections].flatMap(([strength, answers]) => [
      `[environment:${strength}]`,
      ...[...answers].map(([key, value]) => formatPair(key, value)),
    ]),
    '',
  ].join('\n');

/**
 * Writes a classic answer file; `readConf` reads it back to the same answers.
 * @param leftOut keys of secrets that are not in the file: a comment says how to give each of them
 */
export const formatConf = (answers: ReadonlyMap<string, unknown>, leftOut: readonly string[] = []): string =>
  formatSections(new Map([['default', answers]]), leftOut);
