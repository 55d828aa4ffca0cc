import type { Sample } from './measure.ts';

/** One line of the table. */
export interface Result {
  readonly name: string;
  readonly unit: 'ms' | 'MB';
  readonly ours: Sample;
  /** What we are compared with, measured in the same run on the same machine. */
  readonly peer?: { readonly name: string; readonly sample: Sample };
  /** Our median may be at most this: a multiple of the peer's, or an absolute value in the unit. */
  readonly target: { readonly ratio: number } | { readonly limit: number };
}

/** Our median as a multiple of the peer's. */
export const ratioOf = ({ ours, peer }: Result): number | undefined => (peer === undefined ? undefined : ours.median / peer.sample.median);

/** Whether the target is met. */
export function meets(result: Result): boolean {
  if ('limit' in result.target) return result.ours.median <= result.target.limit;
  const ratio = ratioOf(result);
  return ratio !== undefined && ratio <= result.target.ratio;
}

const figure = (value: number, unit: string): string =>
  unit === 'ms' && value >= 1000 ? `${(value / 1000).toFixed(2)} s` : `${value.toFixed(value < 100 ? 1 : 0)} ${unit}`;

/** Median, and the spread if there is one. */
const cell = ({ median, min, max, runs }: Sample, unit: string): string =>
  runs === 1 ? figure(median, unit) : `${figure(median, unit)} (${figure(min, unit)} to ${figure(max, unit)})`;

const rowOf = (result: Result): readonly string[] => [
  result.name,
  cell(result.ours, result.unit),
  result.peer === undefined ? '-' : `${result.peer.name}: ${cell(result.peer.sample, result.unit)}`,
  ratioOf(result)?.toFixed(2) ?? '-',
  'limit' in result.target ? figure(result.target.limit, result.unit) : `${result.target.ratio} x peer`,
  meets(result) ? 'met' : 'MISSED',
];

/** The results as a table in plain text. */
export function table(results: readonly Result[]): string {
  const rows = [['name', 'ours', 'peer', 'ratio', 'target', 'verdict'], ...results.map(rowOf)];
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows
    .map((row) =>
      row
        .map((text, column) => text.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
