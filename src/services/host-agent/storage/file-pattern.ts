const longest = 255;

/**
 * Tells which names of files fit a pattern of the shell: `*` is any text, `?` any character, `[ab]` and `[!ab]` are sets. Anything else is itself.
 * Takes time in proportion to both lengths, whatever the pattern.
 */
export function matcher(pattern: string, isCaseSensitive: boolean): (name: string) => boolean {
  const fold = (text: string): string => (isCaseSensitive ? text : text.toLowerCase());
  const pieces = piecesOf(fold(pattern.slice(0, longest)));
  return (name) => fits(pieces, [...fold(name)]);
}

type Piece = '*' | ((character: string) => boolean);

function piecesOf(pattern: string): readonly Piece[] {
  const pieces: Piece[] = [];
  const characters = [...pattern];
  for (let at = 0; at < characters.length; at++) {
    const character = characters[at] ?? '';
    const end = characters.indexOf(']', at + 2);
    if (character === '*') pieces.push('*');
    else if (character === '?') pieces.push(() => true);
    else if (character === '[' && end > 0) {
      const set = characters.slice(at + 1, end);
      const isNegated = set[0] === '!';
      const members = new Set(isNegated ? set.slice(1) : set);
      pieces.push((one) => members.has(one) !== isNegated);
      at = end;
    } else pieces.push((one) => one === character);
  }
  return pieces;
}

/** The star that was met last takes one character more whenever what follows it does not fit. */
function fits(pieces: readonly Piece[], name: readonly string[]): boolean {
  let [piece, at, star, resume] = [0, 0, -1, 0];
  while (at < name.length) {
    const now = pieces[piece];
    if (now === '*') [star, resume, piece] = [piece, at, piece + 1];
    else if (now?.(name[at] ?? '') === true) [piece, at] = [piece + 1, at + 1];
    else if (star >= 0) [piece, resume, at] = [star + 1, resume + 1, resume + 1];
    else return false;
  }
  return pieces.slice(piece).every((one) => one === '*');
}
