import { type Catalogue, type Text, inWords, message } from '../kit/text.ts';
import { exitCodes } from './exit-codes.ts';
import { type Option, commands, groupTitles, optionGroups } from './options.ts';

/** What is typed or seen, which is the same in every language, and what it means. */
type Row = readonly [name: string, meaning: Text];

const optionRows = (group: Readonly<Record<string, Option>>): readonly Row[] =>
  Object.entries(group).map(([name, { short, value, about }]) => [
    `${short === undefined ? '' : `-${short}, `}--${name}${value === undefined ? '' : `=${value}`}`,
    about,
  ]);

const chapters: readonly (readonly [title: Text, rows: readonly Row[]])[] = [
  ['Commands', Object.entries(commands)],
  [groupTitles.installed, optionRows(optionGroups.installed)],
  [groupTitles.answers, optionRows(optionGroups.answers)],
  [groupTitles.certificate, optionRows(optionGroups.certificate)],
  [groupTitles.database, optionRows(optionGroups.database)],
  [groupTitles.dialog, optionRows(optionGroups.dialog)],
  ['Exit codes', exitCodes.map(({ code, meaning }): Row => [String(code), meaning])],
];

const usage: Text = message`Usage: ${'engine-setup [COMMAND] [OPTION]...'}`;

/** The text of `--help` in the language of a catalogue, made from the same tables that the program runs by. */
export function helpText(catalogue: Catalogue): string {
  const said = (text: Text): string => inWords(text, catalogue);
  const table = (rows: readonly Row[]): string => {
    const width = Math.max(...rows.map(([name]) => name.length));
    return rows.map(([name, meaning]) => `  ${name.padEnd(width)}  ${said(meaning)}`).join('\n');
  };
  return `${said(usage)}\n\n${chapters.map(([title, rows]) => `${said(title)}:\n${table(rows)}\n`).join('\n')}`;
}
