/*
 * Manual pages (man(7) macros): the prose is written by hand, in man/, and a program's own --help is put into it, so that a page cannot
 * lag behind its program.
 */

/** Text as roff takes it literally: no escapes, no requests, and hyphens that can be searched for and copied. */
export const literal = (text: string): string =>
  text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^(?=[.'])/gm, '\\&');

/** One row of a table of --help, what is typed and what it means; undefined for any other line. */
const rowOf = (line: string): readonly [name: string, meaning: string] | undefined => {
  const [, name, meaning] = /^ {2}(\S.*?) {2,}(\S.*)$/.exec(line) ?? [];
  return name === undefined || meaning === undefined ? undefined : [name, meaning];
};

/** Whether a text is made of tables with titles alone, as that of engine-setup is. */
const tables = (help: string): readonly string[] | undefined => {
  const [, ...lines] = help.split('\n').filter((line) => line !== '');
  return lines.every((line) => /^\w.*:$/.test(line) || rowOf(line) !== undefined) ? lines : undefined;
};

/** The --help of a program as roff: its tables as sections, or what else it says word for word. */
function helpAsRoff(help: string): string {
  const lines = tables(help);
  if (lines === undefined) return `.SH OPTIONS\n.EX\n${literal(help.trimEnd())}\n.EE`;
  return lines
    .map((line) => {
      const row = rowOf(line);
      if (row === undefined) return `.SH ${line.slice(0, -1).toUpperCase()}`;
      return `.TP\n.B ${literal(row[0])}\n${literal(row[1])}`;
    })
    .join('\n');
}

/** A page as it is installed. Throws if it has no place for the help. */
export function manPage(page: string, help: string, { version, date }: { readonly version: string; readonly date: string }): string {
  if (!page.includes('.@HELP@\n')) throw new Error('a manual page has no line .@HELP@');
  return page
    .replace('.@HELP@', () => helpAsRoff(help))
    .replaceAll('@VERSION@', literal(version))
    .replaceAll('@DATE@', literal(date));
}
