import { type Catalogue, type Text, inWords, message } from '#kit';
import { type Explanation } from './explain.ts';
import { sayPlace } from './statement.ts';

const words: Readonly<Record<Explanation['status'], Text>> = {
  used: 'used',
  renamed: 'renamed',
  'no-effect': 'no effect',
  unknown: 'unknown',
  'bad-value': 'bad value',
};

/** Everything about one statement behind its key, in one line. */
function remarks({ value, setting, expected, reason, nearest, original, overridden, note }: Explanation, catalogue: Catalogue): string {
  const said = (text: Text | undefined): string | undefined => (text === undefined ? undefined : inWords(text, catalogue));
  const because = said(reason)?.replace(/[.。]$/, '');
  const wanted = said(expected);
  const all = [
    setting === undefined ? undefined : said(message`counts for ${setting}`),
    wanted,
    because === wanted ? undefined : because,
    nearest === undefined ? undefined : said(message`did you mean ${nearest}?`),
    overridden === undefined ? undefined : said(message`overridden in ${overridden}`),
    said(note),
    original === undefined ? undefined : said(message`the original ${said(original) ?? ''}`),
  ].filter((one) => one !== undefined);
  return `${value === undefined ? '' : ` = ${value}`}${all.length === 0 ? '' : `  (${all.join('; ')})`}`;
}

/** How many statements there are, and what they come to. */
const summary = (count: number, counts: string): Text =>
  count === 1
    ? message`1 statement: ${counts}. Values are judged by their form; engine-setup plan tells whether they fit the host`
    : message`${count} statements: ${counts}. Values are judged by their form; engine-setup plan tells whether they fit the host`;

/** One line for each statement, aligned, and one that sums them up, in the language of a catalogue. */
export function explanationText(all: readonly Explanation[], catalogue: Catalogue): string {
  const said = new Map(Object.entries(words).map(([status, word]) => [status, inWords(word, catalogue)]));
  const widthOf = (texts: Iterable<string>): number => [...texts].reduce((most, one) => Math.max(most, one.length), 0);
  const [placeWidth, wordWidth] = [widthOf(all.map(sayPlace)), widthOf(said.values())];
  const lines = all.map(
    (one) => `${sayPlace(one).padEnd(placeWidth)}  ${(said.get(one.status) ?? '').padEnd(wordWidth)}  ${one.key}${remarks(one, catalogue)}`,
  );
  const counts = [...said].map(([status, word]) => `${all.filter((one) => one.status === status).length} ${word}`);
  return [...lines, inWords(summary(all.length, counts.join(', ')), catalogue), ''].join('\n');
}
