import { type Entry, type Heading, type Step, nothing, sameEntry } from '#kit';

export interface WantedDirectory {
  readonly path: string;
  readonly mode: number;
  readonly owner?: string;
  readonly group?: string;
  /** Everything in it is made by our services: undo may take it away with all it holds. */
  readonly ours?: boolean;
}

/** Directories with their modes, in the order given. Undo removes those that had not been there. */
export function directories(heading: Heading, wanted: readonly WantedDirectory[]): Step {
  const entries = wanted.map(({ path, ours: _ours, ...rest }): readonly [string, Entry] => [path, { kind: 'directory', ...rest }]);
  return {
    ...heading,
    undo: 'restore-files',
    async check(host) {
      const touches: string[] = [];
      const makes: string[] = [];
      for (const [index, [path, entry]] of entries.entries()) {
        const found = await host.files.read(path);
        if (sameEntry(found, entry)) continue;
        if (found === undefined && wanted[index]?.ours !== true) makes.push(path);
        else touches.push(path);
      }
      const note = [...makes, ...touches].join(' ');
      return note === '' ? nothing : { kind: 'create', note, touches, makes };
    },
    async apply(host) {
      for (const [path, entry] of entries) await host.files.write(path, entry);
    },
  };
}
