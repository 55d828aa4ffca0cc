import { type Entry, type Heading, type Step, file, nothing } from '#kit';
import { unifiedDiff } from '../render/diff.ts';

export interface EditedFile {
  readonly path: string;
  /** What the text is to be; the same text where it is right already. Each character stands for one byte, whatever the encoding. */
  readonly edit: (text: string) => string;
  /** Permission bits of a file that is not there yet. If not said, it must be there when the step is applied. */
  readonly mode?: number;
}

/** Text as characters of one byte each: what others have written stays as it is, in whatever encoding. */
export const bytes = (content: Uint8Array | string): string => Buffer.from(content as Uint8Array).toString('latin1');
/** The other way: text for people. */
export const readable = (text: string): string => Buffer.from(text, 'latin1').toString('utf8');
const bytesOf = (entry: Entry | undefined): string => (entry?.kind === 'file' ? bytes(entry.content) : '');

/** A text file that somebody else owns, with something of ours in it. */
export function editFile(heading: Heading, { path, edit, mode }: EditedFile): Step {
  return {
    ...heading,
    undo: 'restore-files',
    async check(host) {
      const entry = await host.files.read(path);
      const found = bytesOf(entry);
      const wanted = edit(found);
      if (found === wanted) return nothing;
      const kind = entry === undefined && mode !== undefined ? 'create' : 'update';
      return { kind, note: path, touches: [path], diff: () => unifiedDiff(path, readable(found), readable(wanted)) };
    },
    async apply(host) {
      const found = (await host.files.read(path)) ?? (mode === undefined ? undefined : file('', mode));
      if (found?.kind !== 'file') throw new Error(`${path}: the file to edit is not there`);
      await host.files.write(path, { ...found, content: Buffer.from(edit(bytesOf(found)), 'latin1') });
    },
  };
}
