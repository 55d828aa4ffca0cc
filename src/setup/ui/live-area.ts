import { cellsOf } from './cells.ts';
import type { Screen } from './screen.ts';

export interface Position {
  readonly row: number;
  readonly column: number;
}

/** The lowest rows of a terminal, drawn again and again in place: a prompt that is being answered, or the progress of the work. */
export interface LiveArea {
  /** Cells of a row. The last column stays free, because terminals do not agree on what happens behind it. */
  width(): number;
  /** Draws rows of at most that width in place of what is there. Of more rows than the terminal has, those around the cursor are drawn. */
  draw(rows: readonly string[], cursor?: Position): void;
  /** Takes away what is drawn. */
  clear(): void;
  /** Leaves what is drawn where it is; what follows stands below it. */
  leave(): void;
  /** A screen for everything else: its lines appear above the area. */
  readonly above: Screen;
}

const up = (rows: number): string => (rows > 0 ? `\u001b[${rows}A` : '');
const right = (columns: number): string => (columns > 0 ? `\u001b[${columns}C` : '');
const eraseLine = '\u001b[K';
const eraseBelow = '\u001b[J';

/** An area on the terminal that the screen writes to. */
export function newLiveArea(screen: Screen, output: { readonly columns?: number; readonly rows?: number }): LiveArea {
  // A terminal that does not know its size says zero.
  const columns = (): number => (output.columns === undefined || output.columns === 0 ? 80 : output.columns);
  const height = (): number => (output.rows === undefined || output.rows === 0 ? 24 : output.rows);
  let drawn: { readonly rows: readonly string[]; readonly cursor: Position } | undefined;

  /** Goes to where the area begins. A terminal that became narrower has broken its rows, and the cursor went down with them. */
  const begin = (): string => {
    if (drawn === undefined) return '';
    const { rows, cursor } = drawn;
    const broken = rows.slice(0, cursor.row).map((row) => Math.max(Math.ceil(cellsOf(row) / columns()), 1));
    return `${up(broken.reduce((sum, one) => sum + one, Math.floor(cursor.column / columns())))}\r`;
  };
  // Never erases all from the first row on: at the top of the screen, tmux would take that for `clear` and keep a copy.
  const erase = (): string => {
    if (drawn === undefined) return '';
    return begin() + eraseLine + (drawn.rows.length > 1 ? `\n${eraseBelow}${up(1)}\r` : '');
  };
  const paint = (): string => {
    if (drawn === undefined) return '';
    const { rows, cursor } = drawn;
    // Erased from its first column on, a row forgets that a narrower terminal has broken it.
    return `${rows.map((row) => eraseLine + row).join('\n')}${eraseBelow}${up(rows.length - 1 - cursor.row)}\r${right(cursor.column)}`;
  };

  return {
    width: () => Math.max(columns() - 1, 1),
    draw(all, at = { row: all.length - 1, column: cellsOf(all.at(-1) ?? '') }) {
      const room = Math.max(height() - 1, 1);
      const from = Math.max(Math.min(at.row - room + 1, all.length - room), 0);
      const before = begin();
      drawn = { rows: all.slice(from, from + room), cursor: { row: at.row - from, column: at.column } };
      screen.write(before + paint());
    },
    clear() {
      screen.write(erase());
      drawn = undefined;
    },
    leave() {
      if (drawn !== undefined) screen.write('\n'.repeat(drawn.rows.length - drawn.cursor.row));
      drawn = undefined;
    },
    above: {
      colour: screen.colour,
      write: (text) => screen.write(erase() + text + paint()),
    },
  };
}
