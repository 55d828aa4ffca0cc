import { lstat, mkdir, readFile, readdir, rm, symlink } from 'node:fs/promises';
import { type NetworkFileKind, networkFile, networkFileKinds, networkOfFile } from '../frame/network-file.ts';
import { keepFolder, writeSafely } from './write-safely.ts';

/** What a file stands for: content, or that what was committed by its name is to be gone (null). */
type Entry = string | null;
const gone = '/dev/null';

export interface NetworkFolders {
  /** What holds after every start of the host. */
  readonly committed: string;
  /** What holds until then, and counts more. It is empty after a start. */
  readonly current: string;
}

/**
 * Files of networks: those that are committed, and over them what was changed since, which a start of the host forgets. systemd-networkd reads
 * both folders in that way, and takes a link to /dev/null for no file.
 */
export function networkStore({ committed, current }: NetworkFolders) {
  const ours = async (folder: string): Promise<readonly string[]> =>
    (await readdir(folder).catch(() => [])).filter((file) => networkOfFile(file) !== undefined);
  const contentOf = async (folder: string, file: string): Promise<Entry | undefined> => {
    const what = await lstat(`${folder}/${file}`).catch(() => null);
    if (what === null) return undefined;
    return what.isSymbolicLink() ? null : await readFile(`${folder}/${file}`, 'utf8');
  };
  const inOrder = (files: readonly string[], order: readonly NetworkFileKind[]): readonly string[] =>
    order.flatMap((kind) => files.filter((file) => file === networkFile(networkOfFile(file) ?? '', kind)));

  return {
    /** Files of changes that are not committed. */
    changed: () => ours(current),
    /** Networks that are committed. */
    committed: async (): Promise<ReadonlySet<string>> => new Set((await ours(committed)).map((file) => networkOfFile(file) ?? '')),
    /** A file as it holds now; undefined where it does not. */
    async holds(file: string): Promise<string | undefined> {
      const content = await contentOf(current, file);
      return (content === undefined ? await contentOf(committed, file) : content) ?? undefined;
    },
    /** Has files hold from now on, or not (null), until the host is started. */
    async change(files: ReadonlyMap<string, string | null>): Promise<void> {
      await mkdir(current, { recursive: true, mode: 0o755 });
      for (const [file, content] of files) {
        if (content !== null) await writeSafely(`${current}/${file}`, content);
        else if ((await contentOf(committed, file)) === undefined) await rm(`${current}/${file}`, { force: true });
        else {
          await rm(`${current}/${file}`, { force: true });
          await symlink(gone, `${current}/${file}`);
        }
      }
    },
    /** Has what holds now hold for ever. Whenever the power goes meanwhile, each network is there or not, and nothing half of it counts. */
    async commit(): Promise<void> {
      const found = await Promise.all((await ours(current)).map(async (file) => [file, await contentOf(current, file)] as const));
      // What has just gone says nothing about what is committed.
      const contents = new Map(found.filter((one): one is readonly [string, Entry] => one[1] !== undefined));
      const files = [...contents.keys()];
      const going = files.filter((file) => contents.get(file) === null);
      // What makes a network count goes first and comes last.
      for (const file of inOrder(going, networkFileKinds.toReversed())) {
        await rm(`${committed}/${file}`, { force: true });
        await keepFolder(committed);
      }
      for (const file of inOrder(files, networkFileKinds)) {
        const content = contents.get(file);
        if (typeof content === 'string') await writeSafely(`${committed}/${file}`, content);
      }
      for (const file of files) await rm(`${current}/${file}`, { force: true });
    },
  };
}
export type NetworkStore = ReturnType<typeof networkStore>;
