import { message } from '../kit/text.ts';
import { beforeSections, flawOfStray, isHopeless, judgeContinuation, judgeEnd, keyMeantBy } from './conf-flaws.ts';
import { type IniItem, iniItems } from './ini.ts';
import {
  type Flaw,
  type Ignored,
  type Note,
  type Reading,
  type Statement,
  type Strength,
  flawAt,
  noteAt,
  refusesTheFile,
  strengths,
} from './statement.ts';
import { formatTyped, noForm, parseTyped } from './typed.ts';

const strengthOf = (section: string): Strength | undefined => strengths.find((strength) => section === `environment:${strength}`);

/**
 * Reads a classic answer file: `[environment:default]` (or init, override, enforce) and `KEY=type:value` lines, UTF-8.
 * Continuation lines are indented; `#` and `;` start comment lines; what stands in other sections is not read, and told.
 * @param file stands in front of the line number in every message
 */
export function readConf(text: string, file: string): Reading {
  const statements: Statement[] = [];
  const problems: Flaw[] = [];
  const notes: Note[] = [];
  const ignored: Ignored[] = [];
  const flawed: Pick<Statement, 'key' | 'strength'>[] = [];
  const reading = { statements, problems, notes, ignored, flawed };
  const halfRead: Reading = { ...reading, partial: true };
  const at = (line: number) => ({ file, line });
  const damaged = text.search(/[\0\ufffd]/);
  if (damaged >= 0) {
    problems.push(flawAt(at(text.slice(0, damaged).split('\n').length), 'this is not a text file in UTF-8'));
    return halfRead;
  }

  const seen = new Map<string, { readonly value: string; readonly line: number }>();
  const state = (strength: Strength, { key, value: written, line, continued }: Extract<IniItem, { kind: 'option' }>): void => {
    const before = seen.get(`${strength} ${key}`);
    const typed = parseTyped(written);
    const original = before === undefined ? typed.original : refusesTheFile;
    const more = { key, ...(original === undefined ? {} : { original }) };
    if (before === undefined) seen.set(`${strength} ${key}`, { value: written, line });
    else if (before.value === written) notes.push(noteAt(at(line), message`stands in line ${before.line} already`, key));
    else {
      const what = message`stands here and, with another value, in line ${before.line}`;
      problems.push(flawAt(at(line), what, { ...more, remedy: 'Keep one of the two.' }));
      flawed.push({ key, strength });
      return;
    }
    const continuation = judgeContinuation(written, continued);
    if (continuation !== undefined && 'flaw' in continuation) {
      problems.push(flawAt(at(line), continuation.flaw, more));
      const swallowed = written.split('\n').slice(1).map(keyMeantBy);
      for (const each of [key, ...swallowed]) flawed.push({ key: each, strength });
    } else if ('wrong' in typed) {
      problems.push(flawAt(at(line), typed.wrong, { ...more, expected: typed.wrong }));
      flawed.push({ key, strength });
    } else statements.push({ ...more, value: typed.value, strength, place: at(line) });
    if (continuation !== undefined && 'note' in continuation) notes.push(noteAt(at(line), continuation.note, key));
    if (typed.note !== undefined) notes.push(noteAt(at(line), typed.note, key));
  };

  let section: { readonly name: string; readonly line: number } | undefined;
  for (const item of iniItems(text)) {
    const { line } = item;
    if (isHopeless(problems, at(line))) return halfRead;
    const strength = strengthOf(section?.name ?? '');
    if (item.kind === 'section') section = item;
    else if (item.kind === 'stray' && (section === undefined || strength !== undefined || item.text.startsWith('['))) {
      // What stands in the sections of others is none of our business, but a broken title may be that of a section of ours.
      const { what, remedy } = flawOfStray(item.text, section !== undefined);
      problems.push(flawAt(at(line), what, { remedy }));
      flawed.push({ key: keyMeantBy(item.text), strength: strength ?? 'default' });
      if (item.text.startsWith('[')) section = { name: item.text.slice(1).replace(/\].*$/, ''), line };
    } else if (item.kind === 'option') {
      if (section === undefined) {
        problems.push(flawAt(at(line), beforeSections.what, { ...beforeSections, key: item.key }));
        flawed.push({ key: item.key, strength: 'default' });
      } else if (strength === undefined) ignored.push({ key: item.key, place: at(line), section: section.name, from: at(section.line) });
      else state(strength, item);
    }
  }
  const end = judgeEnd(text, file, seen.size);
  problems.push(...end.problems);
  notes.push(...end.notes);
  if (section === undefined && problems.length === 0)
    problems.push(flawAt(at(1), 'the file is empty', { remedy: 'An answer file has at least the section [environment:default].' }));
  return end.problems.length > 0 ? halfRead : reading;
}

/** The answers of one section, strongest in the order of `strengths`. */
type Sections = ReadonlyMap<Strength, ReadonlyMap<string, unknown>>;

/** One line of a classic file. Throws for a key or a value that has no form there. */
function formatPair(key: string, value: unknown): string {
  if (!/^[^=:\s[#;][^=:\s]*$/.test(key)) throw noForm('a key with blanks, = or : has no form in an answer file');
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
