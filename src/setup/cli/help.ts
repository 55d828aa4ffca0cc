import { exitCodes } from './exit-codes.ts';
import { type Option, commands, optionGroups } from './options.ts';

type Row = readonly [left: string, right: string];

const optionRows = (group: Readonly<Record<string, Option>>): readonly Row[] =>
  Object.entries(group).map(([name, { short, value, about }]) => [
    `${short === undefined ? '' : `-${short}, `}--${name}${value === undefined ? '' : `=${value}`}`,
    about,
  ]);

const chapters: readonly (readonly [title: string, rows: readonly Row[]])[] = [
  ['Commands', Object.entries(commands)],
  ...Object.entries(optionGroups).map(([title, group]) => [title, optionRows(group)] as const),
  ['Exit codes', exitCodes.map(({ code, meaning }): Row => [String(code), meaning])],
];

const table = (rows: readonly Row[]): string => {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`).join('\n');
};

/** The text of `--help`, made from the same tables that the program runs by. */
export const helpText = (): string =>
  `Usage: engine-setup [COMMAND] [OPTION]...\n\n${chapters.map(([title, rows]) => `${title}:\n${table(rows)}\n`).join('\n')}`;
