import { type Entry, type Heading, type HostReader, type Step, nothing, sameEntry } from '#kit';

export interface WantedCopy {
  readonly from: string;
  readonly path: string;
  readonly mode: number;
  readonly owner?: string;
  readonly group?: string;
}

/** A file with what another one holds, under a name and with rights of its own. The other one must be there when the step is applied. */
export function copyFile(heading: Heading, { from, path, ...rights }: WantedCopy): Step {
  const wanted = async (host: HostReader): Promise<Entry | undefined> => {
    const source = await host.files.read(from);
    return source?.kind === 'file' ? { kind: 'file', content: source.content, ...rights } : undefined;
  };
  return {
    ...heading,
    undo: 'restore-files',
    async check(host) {
      const [found, entry] = await Promise.all([host.files.read(path), wanted(host)]);
      if (entry !== undefined && sameEntry(found, entry)) return nothing;
      return { kind: found === undefined ? 'create' : 'update', note: path, touches: [path] };
    },
    async apply(host) {
      const entry = await wanted(host);
      if (entry === undefined) throw new Error(`${from}: the file to copy is not there`);
      await host.files.write(path, entry);
    },
  };
}
