/** What a display shows: its pixels from the upper left, each as four bytes, of which the first three are its colour. */
export interface Screen {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** A text and where it is said to stand on a screen of 80 columns and 25 lines. */
export type Line = readonly [row: number, column: number, text: string];

const [columns, rows] = [80, 25];

/** Which pixels of a character are ink. In the upper left corner of a letter there is none. */
function glyph({ width, height, data }: Screen, row: number, column: number): string {
  const [wide, high] = [width / columns, height / rows];
  const colour = (x: number, y: number): string => {
    const at = 4 * ((row * high + y) * width + column * wide + x);
    return data.subarray(at, at + 3).join();
  };
  const paper = colour(0, 0);
  return Array.from({ length: wide * high }, (_, index) => (colour(index % wide, Math.floor(index / wide)) === paper ? '.' : '#')).join('');
}

/**
 * Whether a screen of text says all this, whatever its font: one sign for each letter, and another one for each other letter, in all the places. So
 * texts of some dozen letters are not found by accident.
 */
export function says(screen: Screen, lines: readonly Line[]): boolean {
  if (screen.width % columns !== 0 || screen.height % rows !== 0) return false;
  const signs = new Map<string, string>();
  for (const [row, column, text] of lines)
    for (const [index, letter] of [...text].entries()) {
      const sign = glyph(screen, row, column + index);
      if ((signs.get(letter) ?? sign) !== sign) return false;
      signs.set(letter, sign);
    }
  return new Set(signs.values()).size === signs.size && !(signs.get(' ') ?? '').includes('#');
}
