import { constants } from 'node:fs';
import { type FileHandle, lstat, open, readdir, readlink, rename, rm, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { SetupError } from '../kit/errors.ts';
import { message } from '../kit/text.ts';
import type { Entry, Host } from '../kit/host.ts';
import { groupName, userName } from './accounts.ts';
import { anchored } from './anchor.ts';
import { fileFailure, isAbsent } from './errno.ts';
import { places } from './places.ts';
import { makeDirectories, put, syncDirectory } from './put.ts';

/** Runs something about a path; what the file system refuses becomes an expected failure. */
async function attempt<T>(doing: string, path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw fileFailure(doing, path, error);
  }
}

/** undefined for what is not there. */
async function ifThere<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

async function readEntry(path: string, owners: boolean): Promise<Entry> {
  const info = await lstat(path);
  const mode = info.mode & 0o7777;
  const owned = owners ? { owner: await userName(info.uid), group: await groupName(info.gid) } : {};
  if (info.isSymbolicLink()) return { kind: 'link', target: await readlink(path) };
  if (info.isDirectory()) return { kind: 'directory', mode, ...owned };
  // Reading a pipe or a device could wait for ever.
  if (!info.isFile()) throw new SetupError('failed', message`Cannot read ${path}: it is neither a file nor a directory nor a link`);
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    return { kind: 'file', content: await handle.readFile(), mode, ...owned };
  } finally {
    await handle.close();
  }
}

const appending = constants.O_WRONLY | constants.O_APPEND | constants.O_NOFOLLOW;

async function openToAppend(path: string): Promise<FileHandle> {
  const there = await ifThere(() => open(path, appending));
  if (there !== undefined) return there;
  await makeDirectories(dirname(path));
  const handle = await open(path, appending | constants.O_CREAT, 0o600);
  await handle.chmod(0o600);
  await syncDirectory(dirname(path));
  return handle;
}

async function appendLine(path: string, line: string): Promise<void> {
  const handle = await openToAppend(path);
  try {
    const { size } = await handle.stat();
    const bytes = Buffer.from(`${line}\n`);
    const { bytesWritten } = await handle.write(bytes);
    if (bytesWritten < bytes.length) {
      // The disk took a part: half a line would spoil the next one.
      await handle.truncate(size);
      throw Object.assign(new Error('short write'), { code: 'ENOSPC' });
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function freeBelow(path: string): Promise<number> {
  const found = await ifThere(() => statfs(path));
  if (found === undefined) return freeBelow(dirname(path));
  return found.bavail * found.bsize;
}

/**
 * Files below a prefix ('' on a real host). With `owners` user and group of entries are reported and set, which needs root;
 * without, as in a sandbox, they are neither reported nor set.
 */
export function filesBelow(prefix: string, { owners }: { readonly owners: boolean }): Host['files'] {
  const { real, locate, follow } = places(prefix);
  /** Below a prefix all folders are ours; on the host itself others own some of them. */
  const at = async <T>(path: string, work: (path: string) => Promise<T>, make = false): Promise<T> =>
    prefix === '' ? anchored(await locate(path), work, make) : work(await locate(path));
  const notRoot = (path: string): void => {
    if (real(path) === real('/')) throw new SetupError('refused', message`${real(path)} itself cannot be removed, moved or replaced`);
  };
  return {
    real,
    read: async (path) => attempt('read', real(path), () => ifThere(() => at(path, (found) => readEntry(found, owners)))),
    list: async (path) => attempt('list', real(path), async () => ((await ifThere(async () => readdir(await follow(path)))) ?? []).sort()),
    free: async (path) => attempt('find the free space of', real(path), async () => freeBelow(await follow(path))),
    write: async (path, entry) =>
      attempt('write', real(path), async () => {
        if (entry.kind !== 'directory') notRoot(path);
        await at(path, (found) => put(found, entry, owners), true);
      }),
    append: async (path, line) => attempt('append to', real(path), () => at(path, (found) => appendLine(found, line), true)),
    remove: async (path) =>
      attempt('remove', real(path), async () => {
        notRoot(path);
        await ifThere(() =>
          at(path, async (target) => {
            await ifThere(() => rm(target, { recursive: true, force: true }));
            await ifThere(() => syncDirectory(dirname(target)));
          }),
        );
      }),
    rename: async (from, to) =>
      attempt('rename', `${real(from)} to ${real(to)}`, async () => {
        notRoot(from);
        notRoot(to);
        await at(from, (source) =>
          at(
            to,
            async (target) => {
              await makeDirectories(dirname(target));
              await rename(source, target);
              for (const directory of new Set([dirname(target), dirname(source)])) await syncDirectory(directory);
            },
            true,
          ),
        );
      }),
  };
}
