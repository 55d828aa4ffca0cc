import { type Entry, type Heading, type Step, file, nothing, sameEntry, textOf } from '#kit';
import { unifiedDiff } from '../render/diff.ts';

export interface WantedFile {
  readonly path: string;
  readonly content: string;
  /** Permission bits; 0o644 if not said. */
  readonly mode?: number;
  readonly owner?: string;
  readonly group?: string;
  /** The plan shows no difference of it. */
  readonly secret?: boolean;
}

/** A whole file of ours: content, mode and owner. */
export function writeFile(heading: Heading, wanted: WantedFile): Step {
  const { path } = wanted;
  const entry: Entry = file(wanted.content, wanted.mode ?? 0o644, wanted.owner, wanted.group);
  return {
    ...heading,
    undo: 'restore-files',
    async check(host) {
      const found = await host.files.read(path);
      if (sameEntry(found, entry)) return nothing;
      const diff = wanted.secret === true ? {} : { diff: () => unifiedDiff(path, textOf(found), wanted.content) };
      return { kind: found === undefined ? 'create' : 'update', note: path, touches: [path], ...diff };
    },
    apply: (host) => host.files.write(path, entry),
  };
}
