import { type Heading, type Step, nothing, textOf } from '#kit';
import { unifiedDiff } from '../render/diff.ts';

export interface Block {
  readonly path: string;
  /** Stands in the marker lines around the block. */
  readonly name: string;
  readonly lines: readonly string[];
  /** Where a new block goes: before all other lines (where the first match wins) or after them (where the last does). */
  readonly at: 'top' | 'bottom';
}

/** Puts a marked block into a text, in place of an earlier one of the same name. Everything else is left as it is. */
export function withBlock(text: string, { name, lines, at }: Block): string {
  const [begin, end] = [`# BEGIN ${name}`, `# END ${name}`];
  const body = [begin, ...lines, end];
  const all = text === '' ? [] : text.replace(/\n$/, '').split('\n');
  const from = all.indexOf(begin);
  const to = from < 0 ? -1 : all.indexOf(end, from);
  if (to >= 0) all.splice(from, to - from + 1, ...body);
  else if (at === 'top') all.unshift(...body);
  else all.push(...body);
  return `${all.join('\n')}\n`;
}

/** A marked block in a text file that somebody else owns. The file itself must be there when the step is applied. */
export function editLines(heading: Heading, block: Block): Step {
  const { path } = block;
  return {
    ...heading,
    undo: 'restore-files',
    async check(host) {
      const found = textOf(await host.files.read(path));
      const wanted = withBlock(found, block);
      return found === wanted ? nothing : { kind: 'update', note: path, touches: [path], diff: unifiedDiff(path, found, wanted) };
    },
    async apply(host) {
      const found = await host.files.read(path);
      if (found?.kind !== 'file') throw new Error(`${path}: the file to edit is not there`);
      await host.files.write(path, { ...found, content: Buffer.from(withBlock(textOf(found), block)) });
    },
  };
}
