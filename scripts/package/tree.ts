import { chmodSync, copyFileSync, cpSync, lstatSync, lutimesSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { constants } from 'node:fs';
import { dirname, join } from 'node:path';

/*
 * Folders that become archives. The same input must give the same bytes, so nothing of the machine that builds may be seen in them:
 * no owner (the archivers set that), no umask, no time.
 */

/** Copies a folder or a file; `keep` sees each path below it. Links stay links. */
export function copyTree(from: string, to: string, keep: (path: string) => boolean = () => true): void {
  mkdirSync(dirname(to), { recursive: true });
  if (lstatSync(from).isFile()) copyFileSync(from, to, constants.COPYFILE_FICLONE);
  else cpSync(from, to, { recursive: true, verbatimSymlinks: true, mode: constants.COPYFILE_FICLONE, filter: (path) => keep(path) });
}

/** Writes a file, and the folders above it. */
export function put(path: string, content: string | Uint8Array, mode = 0o644): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
  chmodSync(path, mode);
}

/** Makes a link, and the folders above it. */
export function link(path: string, target: string): void {
  mkdirSync(dirname(path), { recursive: true });
  symlinkSync(target, path);
}

/** Everything below a folder by its path there, in a fixed order; what a folder holds comes after it. */
export const pathsBelow = (folder: string): readonly string[] => readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();

/** Gives everything the modes of a fresh checkout (755 where its owner may run it, else 644) and one time. */
export function normalize(folder: string, epoch: number): void {
  // Files before their folders, whose times would change again.
  for (const path of [...pathsBelow(folder)].reverse().concat('.')) {
    const whole = join(folder, path);
    const stat = lstatSync(whole);
    if (!stat.isSymbolicLink()) chmodSync(whole, stat.isDirectory() || (stat.mode & 0o100) !== 0 ? 0o755 : 0o644);
    lutimesSync(whole, epoch, epoch);
  }
}
