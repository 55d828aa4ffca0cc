import { type Text, message } from '../kit/text.ts';
import { type Flaw, type Note, type Place, flawAt, noteAt } from './statement.ts';

/*
 * What can be wrong with a classic file as a whole, and with lines that say nothing.
 */

/** What is wrong with a line that is neither a section nor a pair. */
export function flawOfStray(text: string): { readonly what: Text; readonly remedy: Text } {
  if (/^[%!@.]?include\b/i.test(text))
    return { what: 'an answer file cannot include others', remedy: 'Name each file with --config-append=FILE.' };
  return { what: 'is neither a section nor KEY=type:value', remedy: 'Is the file cut off here?' };
}

/** What the end of a file tells about it: an unfinished last line may be cut off, and a promised number of answers must be there. */
export function judgeEnd(
  text: string,
  file: string,
  count: number,
): { readonly problems: readonly Flaw[]; readonly notes: readonly Note[] } {
  const ended = text === '' || text.endsWith('\n');
  const last = { file, line: text.split('\n').length };
  const promised = /^# answers: (\d{1,9})$/m.exec(text)?.[1];
  if (promised === undefined) {
    const note = 'the last line has no end. Is the file cut off here? If not, end it with a line break';
    return { problems: [], notes: ended ? [] : [noteAt(last, note)] };
  }
  if (Number(promised) === count && ended) return { problems: [], notes: [] };
  const what =
    Number(promised) === count
      ? message`the file says that it holds ${promised} answers, but its last line has no end`
      : message`the file says that it holds ${promised} answers, but ${count} are here`;
  const remedy = 'Is it cut off? Take the file from where it was written, or correct the number.';
  return { problems: [flawAt(last, what, { remedy })], notes: [] };
}

/** With more flaws than this a file is hardly an answer file. */
const most = 1000;

/** Whether so much is wrong that reading on is of no use; then it says so at that place. */
export function isHopeless(problems: Flaw[], place: Place): boolean {
  if (problems.length < most) return false;
  problems.push(flawAt(place, 'so much is wrong that the rest is not read', { remedy: 'Is this an answer file at all?' }));
  return true;
}
