import { type Entry, type Heading, type Step, nothing, sameEntry } from '#kit';

export interface WantedDirectory {
  readonly path: string;
  readonly mode: number;
  readonly owner?: string;
  readonly group?: string;
}

/** Directories with their modes, in the order given. Undo removes those that had not been there. */
export function directories(heading: Heading, wanted: readonly WantedDirectory[]): Step {
  const entries = wanted.map(({ path, ...rest }): readonly [string, Entry] => [path, { kind: 'directory', ...rest }]);
  return {
    ...heading,
    undo: 'restore-files',
    async check(host) {
      const wrong: string[] = [];
      for (const [path, entry] of entries) if (!sameEntry(await host.files.read(path), entry)) wrong.push(path);
      return wrong.length === 0 ? nothing : { kind: 'create', note: wrong.join(' '), touches: wrong };
    },
    async apply(host) {
      for (const [path, entry] of entries) await host.files.write(path, entry);
    },
  };
}
