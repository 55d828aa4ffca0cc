import { wrapped } from './cells.ts';

/** How texts stand on the screen. */
export interface Layout {
  /** The lines of a note. */
  note(text: string): string;
  /** What follows the level of a log line, which takes nine columns. */
  record(text: string): string;
}

const margin = 9;

/** The classic screen: notes start in column 11, an empty one is exactly nine blanks, and nothing is ever wrapped. */
export const classicLayout: Layout = {
  note: (text) =>
    text
      .split('\n')
      .map((line) => ' '.repeat(margin) + (line === '' ? '' : ` ${line}`))
      .join('\n'),
  record: (text) => ` ${text.replaceAll('\n', `\n${' '.repeat(margin)}`)}`,
};

/** A line below the indentation, which its own leading blanks make deeper for all of its rows. */
function fitted(line: string, indent: number, width: number, first?: number): readonly string[] {
  const words = line.trimStart();
  const deep = indent + line.length - words.length;
  const room = Math.max(width - deep, 1);
  return wrapped(words, room, first ?? room).map((row) => (row === '' ? '' : ' '.repeat(deep) + row));
}

/** The classic screen on a terminal of any width: long lines are wrapped, and a narrow terminal has a narrow margin. */
export const fittedLayout = (width: () => number): Layout => {
  const narrow = (): boolean => width() < 60;
  return {
    note: (text) =>
      text
        .split('\n')
        .flatMap((line) => fitted(line, narrow() ? 2 : margin + 1, width()))
        .join('\n'),
    record(text) {
      const indent = narrow() ? 2 : margin;
      const [line = '', ...lines] = text.split('\n');
      const [row = '', ...rows] = fitted(line, indent, width(), Math.max(width() - margin - 1, 1));
      return [` ${row.trimStart()}`.trimEnd(), ...rows, ...lines.flatMap((each) => fitted(each, indent, width()))].join('\n');
    },
  };
};
