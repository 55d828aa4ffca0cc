import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, readlink } from 'node:fs/promises';
import { basename, dirname, posix } from 'node:path';
import { SetupError } from '../kit/errors.ts';
import { message } from '../kit/text.ts';
import { codeOf } from './errno.ts';

/*
 * Setup writes as root into folders that belong to others: to PostgreSQL's account, to those of services. Whoever owns a folder can put a
 * link in the place of one below it at any moment, and root would write to where it leads. So a folder is held open while something is done
 * in it, and reached by its descriptor; a link on the way counts only where nobody but root could have put it.
 */

const flags = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
/** As the kernel has it. */
const mostLinks = 40;

/** Something inside of a folder that is held open. */
const inside = ({ fd }: FileHandle, name: string): string => `/proc/self/fd/${fd}/${name}`;

interface Way {
  /** Folders that are missing are made, 0755 whatever the umask. */
  readonly make: boolean;
  readonly links: number;
}

/** Where a link leads, if only root can have put it there. */
async function trustedTarget(folder: FileHandle, name: string, path: string): Promise<string> {
  const { uid, mode } = await folder.stat();
  if (uid === 0 && (mode & 0o022) === 0) return posix.resolve(dirname(path), await readlink(inside(folder, name)));
  throw new SetupError('failed', message`${path} is a link that others than root can have put there`, {
    remedy: 'Put the folder back that was there, or remove the link, and find out who has made it.',
  });
}

async function openBelow(folder: FileHandle, name: string, path: string, way: Way): Promise<FileHandle> {
  try {
    return await open(inside(folder, name), flags);
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOENT' && way.make) {
      await mkdir(inside(folder, name), 0o755).catch((failure: unknown) => {
        if (codeOf(failure) !== 'EEXIST') throw failure;
      });
      const made = await open(inside(folder, name), flags);
      await made.chmod(0o755);
      await folder.sync();
      return made;
    }
    // What is no folder says so by itself, when its link is looked for.
    if ((code !== 'ELOOP' && code !== 'ENOTDIR') || way.links === 0) throw error;
    const target = await trustedTarget(folder, name, path).catch((failure: unknown) => {
      throw codeOf(failure) === 'EINVAL' ? error : failure;
    });
    return openFolder(target, { ...way, links: way.links - 1 });
  }
}

/** Opens a folder, one name after the other. */
async function openFolder(path: string, way: Way): Promise<FileHandle> {
  let folder = await open('/', flags);
  let at = '';
  for (const name of path.split('/').filter((part) => part !== '')) {
    at = `${at}/${name}`;
    const above = folder;
    try {
      folder = await openBelow(above, name, at, way);
    } finally {
      await above.close();
    }
  }
  return folder;
}

/**
 * Does something to a path by a name that leads to the very folder it lies in, whatever happens to the names on the way meanwhile.
 * @param path absolute and tidy, of this host itself
 * @throws SetupError `failed` where a link on the way cannot be trusted; what the file system throws
 */
export async function anchored<T>(path: string, work: (path: string) => Promise<T>, make = false): Promise<T> {
  if (path === '/') return work(path);
  const folder = await openFolder(dirname(path), { make, links: mostLinks });
  try {
    return await work(inside(folder, basename(path)));
  } finally {
    await folder.close();
  }
}
