import { type Text, message, term } from '../kit/text.ts';
import { type Flaw, type Note, type Place, flawAt, noteAt } from './statement.ts';

/*
 * What can be wrong with a classic file as a whole, and with lines that say nothing.
 */

/** What is wrong with a line for which there is no section yet. */
export const beforeSections = { what: 'stands before the first section', remedy: 'Start the file with [environment:default].' };

/** The key that a line without a proper form most likely speaks of. It may be any text. */
export const keyMeantBy = (line: string): string => line.split(/[\s=:]/, 1)[0] ?? '';

/** What is wrong with a line that is neither a section nor a pair. */
export function flawOfStray(text: string, inSection: boolean): { readonly what: Text; readonly remedy: Text } {
  if (/^[%!@.]?include\b/i.test(text))
    return { what: 'an answer file cannot include others', remedy: 'Name each file with --config-append=FILE.' };
  if (text.startsWith('[')) {
    return text.includes(']')
      ? { what: 'something stands behind the title of a section', remedy: 'Put it on a line of its own.' }
      : { what: 'the bracket behind the title of a section is missing', remedy: 'End the line with ].' };
  }
  if (!inSection) return beforeSections;
  return { what: 'is neither a section nor KEY=type:value', remedy: 'Is the file cut off here?' };
}

/**
 * What the end of a file tells about it. A file that says how many answers it holds may have been edited since; only where
 * answers are missing and the last line is unfinished, too, it was cut off for certain.
 */
export function judgeEnd(
  text: string,
  file: string,
  count: number,
): { readonly problems: readonly Flaw[]; readonly notes: readonly Note[] } {
  const ended = text === '' || text.endsWith('\n');
  const last = { file, line: text.split('\n').length - (text.endsWith('\n') ? 1 : 0) };
  const promised = /^# answers: (\d{1,9})$/m.exec(text)?.[1];
  if (promised !== undefined && Number(promised) > count) {
    const what = message`the file says that it holds ${promised} answers, but only ${count} are here`;
    if (ended) return { problems: [], notes: [noteAt(last, message`${term(what)}. If it was not cut off, correct the number`)] };
    return { problems: [flawAt(last, what, { remedy: 'It is cut off: take the file from where it was written.' })], notes: [] };
  }
  const note = 'the last line has no end. Is the file cut off here? If not, end it with a line break';
  return { problems: [], notes: ended ? [] : [noteAt(last, note)] };
}

/** What looks like a statement of its own. */
const statement = /^[^\s=:]+\s*[=:]\s*(none|bool|int|str|multi-str):/;

/**
 * What is wrong with the lines that continue a value; only lists should have some. A statement that is indented by mistake is
 * swallowed by the value above it, and is refused where that can be told.
 * @param value with its type; a line break stands before each line that continues it
 * @param continued the numbers of these lines
 */
export function judgeContinuation(
  value: string,
  continued: readonly number[],
): { readonly flaw: Text } | { readonly note: Text } | undefined {
  if (continued.length === 0) return undefined;
  const swallowed =
    continued[
      value
        .split('\n')
        .slice(1)
        .findIndex((line) => statement.test(line))
    ];
  const at = (line = continued[0] ?? 0): Text => message`continued in line ${line}; remove the blanks at its beginning`;
  if (/^\s*multi-str:/.test(value))
    return swallowed === undefined ? undefined : { note: message`${term(at(swallowed))} if it stands for itself` };
  if (swallowed !== undefined || /^(bool|int):/.test(value)) return { flaw: at(swallowed) };
  return { note: message`${term(at())} if it stands for itself` };
}

/** With more flaws than this a file is hardly an answer file. */
const most = 1000;

/** Whether so much is wrong that reading on is of no use; then it says so at that place. */
export function isHopeless(problems: Flaw[], place: Place): boolean {
  if (problems.length < most) return false;
  problems.push(flawAt(place, 'so much is wrong that the rest is not read', { remedy: 'Is this an answer file at all?' }));
  return true;
}
