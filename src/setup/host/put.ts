import { randomBytes } from 'node:crypto';
import { closeSync, constants, fchmodSync, fsyncSync, lstatSync, openSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { type FileHandle, chmod, lstat, mkdir, open, rename, rm, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { SetupError } from '../kit/errors.ts';
import { message } from '../kit/text.ts';
import type { Entry } from '../kit/host.ts';
import { groupId, userId } from './accounts.ts';
import { codeOf, fileFailure } from './errno.ts';

/** A name that nobody can guess, so that nobody can prepare a trap there; in the target's directory, so that a rename suffices. */
const beside = (path: string): string => join(dirname(path), `.engine-setup-${randomBytes(8).toString('hex')}`);

/** Makes a change of names in a directory survive a power cut. */
export async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Makes missing directories, 0755 whatever the umask. */
export async function makeDirectories(path: string): Promise<void> {
  try {
    await mkdir(path, 0o755);
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return;
    if (codeOf(error) !== 'ENOENT' || path === '/') throw error;
    await makeDirectories(dirname(path));
    return makeDirectories(path);
  }
  await chmod(path, 0o755);
  await syncDirectory(dirname(path));
}

type Owned = Exclude<Entry, { kind: 'link' }>;
type Finish = (handle: FileHandle) => Promise<void>;

/**
 * Owner first: changing it takes special bits off the mode. chmod, because the umask does not count for it. Both by the open handle: the
 * owner of the folder could have put something else under the name meanwhile.
 */
const finishing =
  (entry: Owned, owners: boolean): Finish =>
  async (handle) => {
    if (owners && (entry.owner !== undefined || entry.group !== undefined)) {
      const [uid, gid] = [
        entry.owner === undefined ? -1 : await userId(entry.owner),
        entry.group === undefined ? -1 : await groupId(entry.group),
      ];
      await handle.chown(uid, gid);
    }
    await handle.chmod(entry.mode & 0o7777);
  };

const asFolder = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;

/** Gives a folder that is there its owner and its mode. */
async function finishFolder(path: string, finish: Finish): Promise<void> {
  const handle = await open(path, asFolder);
  try {
    await finish(handle);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function fill(handle: FileHandle, content: Uint8Array, finish: Finish): Promise<void> {
  try {
    await handle.writeFile(content);
    await finish(handle);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function make(path: string, entry: Entry, owners: boolean): Promise<void> {
  switch (entry.kind) {
    case 'link':
      return symlink(entry.target, path);
    case 'directory':
      await mkdir(path, 0o700);
      return finishFolder(path, finishing(entry, owners));
    case 'file': {
      // Nobody else can read it before it is whole and has its own mode.
      const handle = await open(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o600);
      return fill(handle, entry.content, finishing(entry, owners));
    }
  }
}

/** Puts an entry at a path on disk in one move. A directory that is there keeps what it holds and gets owner and mode. */
export async function put(path: string, entry: Entry, owners: boolean): Promise<void> {
  await makeDirectories(dirname(path));
  if (entry.kind === 'directory') {
    const found = await lstat(path).catch(() => undefined);
    if (found?.isDirectory() === true) return finishFolder(path, finishing(entry, owners));
  }
  const draft = beside(path);
  try {
    await make(draft, entry, owners);
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true, recursive: true });
    throw error;
  }
  await syncDirectory(dirname(path));
}

/**
 * Writes a file, anywhere on this host, that only its owner can read: whole or not at all, and in place of what lies there, be it a link.
 * A device takes the text as it is. Throws SetupError `failed`.
 */
export function writePrivateFile(path: string, text: string): void {
  const draft = beside(path);
  try {
    const there = lstatSync(path, { throwIfNoEntry: false });
    if (there?.isCharacterDevice() === true) return writeFileSync(path, text);
    // To replace one of these, as /dev/stdout, is never what was meant.
    if (there !== undefined && statSync(path, { throwIfNoEntry: false })?.isFile() === false) {
      throw new SetupError('failed', message`Cannot write ${path}: it is not a file`, { remedy: 'Name another file.' });
    }
    const fd = openSync(draft, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o600);
    try {
      fchmodSync(fd, 0o600);
      writeFileSync(fd, text);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(draft, path);
    const directory = openSync(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY);
    try {
      fsyncSync(directory);
    } finally {
      closeSync(directory);
    }
  } catch (error) {
    rmSync(draft, { force: true });
    throw fileFailure('write', path, error);
  }
}
