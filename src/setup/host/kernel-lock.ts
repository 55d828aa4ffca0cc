import { createHash, randomBytes } from 'node:crypto';
import { closeSync, constants, fstatSync, fsyncSync, linkSync, openSync, readFileSync, rmSync, statSync, writeSync } from 'node:fs';
import { type Server, createConnection, createServer } from 'node:net';
import { join } from 'node:path';
import { codeOf, isAbsent } from './errno.ts';

/** What nobody but the owner of a directory knows; a part of the names of its locks. It stays as long as the directory. */
const idFile = (directory: string): string => join(directory, '.lock-id');

/** The file appears whole or not at all, and a link replaces nothing: of two that make it at once, both go by that of the first. */
function makeId(path: string): void {
  const draft = `${path}.${randomBytes(8).toString('hex')}`;
  const fd = openSync(draft, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o600);
  try {
    const id = randomBytes(32).toString('hex');
    if (writeSync(fd, id) < id.length) throw Object.assign(new Error('short write'), { code: 'ENOSPC' });
    fsyncSync(fd);
    linkSync(draft, path);
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
  } finally {
    closeSync(fd);
    rmSync(draft, { force: true });
  }
}

interface Id {
  readonly name: string;
  /** Whether the directory still has this id: one that was removed may have been made anew. */
  isCurrent(): boolean;
}

function idOf(directory: string, purpose: string): Id {
  const path = idFile(directory);
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const { dev, ino } = fstatSync(fd);
    // With the file itself in it, so that a copy of the directory has locks of its own.
    const name = createHash('sha256')
      .update(`${readFileSync(fd, 'latin1')}\0${dev}:${ino}\0${purpose}`)
      .digest('hex');
    return {
      name: `\0engine-setup-${name}`,
      isCurrent() {
        const now = statSync(path, { throwIfNoEntry: false });
        return now?.ino === ino && now.dev === dev;
      },
    };
  } finally {
    closeSync(fd);
  }
}

/** The id, made if there is none yet. */
function ownId(directory: string, purpose: string): Id {
  try {
    return idOf(directory, purpose);
  } catch (error) {
    if (!isAbsent(error)) throw error;
    makeId(idFile(directory));
    return idOf(directory, purpose);
  }
}

function listen(name: string): Promise<Server | undefined> {
  const server = createServer((socket) => socket.destroy());
  server.unref();
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      if (codeOf(error) === 'EADDRINUSE') resolve(undefined);
      else reject(error);
    });
    server.listen(name, () => {
      // Somebody who knocks at it can do no harm.
      server.removeAllListeners('error').on('error', () => undefined);
      resolve(server);
    });
  });
}

/**
 * Takes a lock on a directory, which must be there, until this process ends or gives it back; undefined if another one holds it.
 *
 * The lock is a socket in Linux's abstract name space: the kernel gives a name to one process at a time and takes it back from a dead one,
 * so there is no stale lock, and no race for one. Such names have no owner; so that no other user can take ours before us, a random id,
 * which only the owner of the directory can read, is a part of it.
 */
export async function kernelLock(directory: string, purpose: string): Promise<{ release(): void } | undefined> {
  for (;;) {
    const id = ownId(directory, purpose);
    const server = await listen(id.name);
    if (server === undefined) return undefined;
    // Otherwise somebody removed the directory while we took its lock, and the next one will not ask for this name.
    if (id.isCurrent()) return { release: () => void server.close() };
    server.close();
  }
}

/** Whether a lock on a directory is held right now. Only looks: the one who holds it notices nothing, and neither does one who wants it. */
export async function isLocked(directory: string, purpose: string): Promise<boolean> {
  let name: string;
  try {
    ({ name } = idOf(directory, purpose));
  } catch (error) {
    if (isAbsent(error)) return false;
    throw error;
  }
  return new Promise((resolve) => {
    const socket = createConnection(name);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
