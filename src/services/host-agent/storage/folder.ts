import { constants, type Stats } from 'node:fs';
import { type FileHandle, lstat, mkdir, open, readdir, rename, unlink } from 'node:fs/promises';

/*
 * A domain lies on storage that others can write to as well, so names on it may turn into links at any time. Folders are walked one name at
 * a time without following links and are held open; what is done in them goes through the open folder, wherever it is by then.
 */

/** A folder that is held open. Its methods never follow a link that stands for one of its entries. */
export interface Folder {
  /** For messages, and for programs that are told paths. */
  readonly path: string;
  /** A path to an entry that leads through the open folder, for functions of the runtime. */
  at(name: string): string;
  /** The folder itself, in the same way: the working directory of a program for instance. */
  readonly self: string;
  names(): Promise<string[]>;
  /** What an entry is; null where there is none. */
  look(name: string): Promise<Stats | null>;
  /** Reads a small regular file. Throws where it is something else, or larger than `most` bytes. */
  read(name: string, most: number): Promise<string>;
  /**
   * Opens a regular file, which stays the same whatever becomes of its name, and works with it. Throws where it is something else.
   * @param way whether it is only read, or written as well
   */
  withFile<T>(name: string, way: 'read' | 'write', work: (file: FileHandle) => Promise<T>): Promise<T>;
  /** Puts a file in place of another in one moment: whoever reads finds the old or the new content. It is on the disk afterwards. */
  replace(name: string, content: string, mode: number): Promise<void>;
  /** Makes an empty file of a size, which must not be there yet. The blocks come when they are written. */
  create(name: string, mode: number, bytes?: number): Promise<void>;
  /** Makes a folder in it unless it is there. */
  makeFolder(name: string, mode: number): Promise<void>;
  remove(name: string): Promise<void>;
  /** Gives an entry another name, in one moment, and on the disk afterwards. */
  rename(from: string, to: string): Promise<void>;
  /** Works in a folder in it. */
  within<T>(name: string, work: (folder: Folder) => Promise<T>): Promise<T>;
  /** Removes what a replacement that was broken off has left. Nobody else may be replacing anything in it meanwhile. */
  sweep(): Promise<void>;
  /** Has the names in it on the disk. */
  sync(): Promise<void>;
}

const flags = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
/** What a content is written to before it takes its name. */
const temporary = (name: string): string => `.${name}.new`;
const isTemporary = (name: string): boolean => /^\..+\.new$/.test(name);

/**
 * Opens a folder below another one for some work.
 * @param base an absolute path; links in it are followed, since it is not on the storage
 * @param names of the folders below it; a link in place of one is refused (ENOTDIR)
 */
export async function inFolder<T>(base: string, names: readonly string[], work: (folder: Folder) => Promise<T>): Promise<T> {
  let handle = await open(base, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    for (const name of names) {
      if (!isPlainName(name)) throw new TypeError(`${JSON.stringify(name)} is no name of a folder`);
      const next = await open(`/proc/self/fd/${handle.fd}/${name}`, flags);
      await handle.close();
      handle = next;
    }
    return await work(folderOf(handle, [base, ...names].join('/')));
  } finally {
    await handle.close();
  }
}

/** Whether a text names an entry of a folder and nothing else. */
export const isPlainName = (name: string): boolean => name !== '' && name !== '.' && name !== '..' && !/[/\0]/.test(name);

function folderOf(handle: FileHandle, path: string): Folder {
  const self = `/proc/self/fd/${handle.fd}`;
  const at = (name: string): string => {
    if (!isPlainName(name)) throw new TypeError(`${JSON.stringify(name)} is no name in a folder`);
    return `${self}/${name}`;
  };
  const ignore = (code: string) => (error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== code) throw error;
  };
  const folder: Folder = {
    path,
    self,
    at,
    names: () => readdir(self),
    look: (name) =>
      lstat(at(name)).catch((error: unknown) => {
        ignore('ENOENT')(error);
        return null;
      }),
    read: (name, most) =>
      folder.withFile(name, 'read', async (file) => {
        const into = Buffer.alloc(most + 1);
        let size = 0;
        for (;;) {
          const { bytesRead } = await file.read(into, size, into.length - size, size);
          size += bytesRead;
          if (size > most) throw new Error(`${path}/${name} is larger than ${most} bytes`);
          if (bytesRead === 0) return into.toString('utf8', 0, size);
        }
      }),
    async withFile(name, way, work) {
      const access = way === 'read' ? constants.O_RDONLY : constants.O_RDWR;
      const file = await open(at(name), access | constants.O_NOFOLLOW | constants.O_NONBLOCK);
      try {
        if (!(await file.stat()).isFile()) throw new Error(`${path}/${name} is not a file`);
        return await work(file);
      } finally {
        await file.close();
      }
    },
    async replace(name, content, mode) {
      await unlink(at(temporary(name))).catch(ignore('ENOENT'));
      try {
        await writeNew(at(temporary(name)), mode, async (file) => {
          await file.writeFile(content);
        });
        await rename(at(temporary(name)), at(name));
      } catch (error) {
        await unlink(at(temporary(name))).catch(() => undefined);
        throw error;
      }
      await handle.sync();
    },
    create: (name, mode, bytes = 0) => writeNew(at(name), mode, (file) => file.truncate(bytes)),
    async makeFolder(name, mode) {
      await mkdir(at(name), { mode }).catch(ignore('EEXIST'));
      // The mask of the service would leave out the group that hypervisors are in.
      const made = await open(at(name), flags);
      try {
        await made.chmod(mode);
      } finally {
        await made.close();
      }
    },
    remove: (name) => unlink(at(name)).catch(ignore('ENOENT')),
    async rename(from, to) {
      await rename(at(from), at(to));
      await handle.sync();
    },
    async within(name, work) {
      const inside = await open(at(name), flags);
      try {
        return await work(folderOf(inside, `${path}/${name}`));
      } finally {
        await inside.close();
      }
    },
    async sweep() {
      for (const name of await readdir(self)) if (isTemporary(name)) await folder.remove(name);
    },
    sync: () => handle.sync(),
  };
  return folder;
}

async function writeNew(path: string, mode: number, fill: (file: FileHandle) => Promise<void>): Promise<void> {
  const file = await open(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, mode);
  try {
    await file.chmod(mode);
    await fill(file);
    await file.sync();
  } finally {
    await file.close();
  }
}
