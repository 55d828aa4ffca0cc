import type { Heading, Step } from '#kit';
import { bytes, editFile } from './edit-file.ts';

export interface Block {
  readonly path: string;
  /** Stands in the marker lines around the block. */
  readonly name: string;
  readonly lines: readonly string[];
  /** Where a new block goes: before all other lines (where the first match wins) or after them (where the last does). */
  readonly at: 'top' | 'bottom';
  /** Puts a block that is there already back into its place, where others have added lines that win over it. */
  readonly again?: boolean;
}

/** Puts a marked block into a text, in place of an earlier one of the same name. Everything else is left as it is. */
export function withBlock(text: string, { name, lines, at, again = false }: Block): string {
  const [begin, end] = [`# BEGIN ${name}`, `# END ${name}`];
  const body = [begin, ...lines, end];
  const all = text === '' ? [] : text.replace(/\n$/, '').split('\n');
  // A marker whose counterpart is missing belongs to nobody: what stands behind it may be a foreign line.
  let from = -1;
  const to = all.findIndex((line, at) => {
    if (line === begin) from = at;
    return line === end && from >= 0;
  });
  if (to >= 0) all.splice(from, to - from + 1, ...(again ? [] : body));
  if (to >= 0 && !again) return `${all.join('\n')}\n`;
  if (at === 'top') all.unshift(...body);
  else all.push(...body);
  return `${all.join('\n')}\n`;
}

/** A marked block in a text file that somebody else owns. The file itself must be there when the step is applied. */
export function editLines(heading: Heading, block: Block): Step {
  const raw = { ...block, name: bytes(block.name), lines: block.lines.map(bytes) };
  return editFile(heading, { path: block.path, edit: (text) => withBlock(text, raw) });
}
