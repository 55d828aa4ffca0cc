import { type Explanation } from './explain.ts';
import { sayPlace } from './statement.ts';

const words: Readonly<Record<Explanation['status'], string>> = {
  used: 'used',
  renamed: 'renamed',
  'no-effect': 'no effect',
  unknown: 'unknown',
  'bad-value': 'bad value',
};

/** Everything about one statement behind its key, in one line. */
function remarks({ value, setting, expected, reason, nearest, original, overridden, note }: Explanation): string {
  const because = reason?.replace(/\.$/, '');
  const all = [
    setting === undefined ? undefined : `counts for ${setting}`,
    expected,
    because === expected ? undefined : because,
    nearest === undefined ? undefined : `did you mean ${nearest}?`,
    overridden === undefined ? undefined : `overridden in ${overridden}`,
    note,
    original === undefined ? undefined : `the original ${original}`,
  ].filter((one) => one !== undefined);
  return `${value === undefined ? '' : ` = ${value}`}${all.length === 0 ? '' : `  (${all.join('; ')})`}`;
}

/** One line for each statement, aligned, and one that sums them up. */
export function explanationText(all: readonly Explanation[]): string {
  const width = all.reduce((most, one) => Math.max(most, sayPlace(one).length), 0);
  const lines = all.map((one) => `${sayPlace(one).padEnd(width)}  ${words[one.status].padEnd(9)}  ${one.key}${remarks(one)}`);
  const counts = Object.entries(words).map(([status, word]) => `${all.filter((one) => one.status === status).length} ${word}`);
  const summary = `${all.length} ${all.length === 1 ? 'statement' : 'statements'}: ${counts.join(', ')}`;
  return [...lines, `${summary}. Values are judged by their form; engine-setup plan tells whether they fit the host`, ''].join('\n');
}
