import { dirname } from 'node:path';
import { SetupError } from '../kit/errors.ts';
import { message } from '../kit/text.ts';

/** The system's code of an error, 'ENOENT' for instance. */
export function codeOf(error: unknown): string | undefined {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : undefined;
}

/** What happened, and what to do about it, for the codes a user can do something about. */
const known: Readonly<Record<string, readonly [what: string, remedy: (path: string) => string]>> = {
  ENOSPC: [
    'no space is left on the device',
    (path) => `Free some space on the file system that holds ${path} (df ${dirname(path)}), then run again.`,
  ],
  EDQUOT: [
    'the disk quota is used up',
    (path) => `Free some space, or have the quota raised for the file system that holds ${path}, then run again.`,
  ],
  EACCES: ['permission denied', (path) => `Run as root, or as the owner of ${path}.`],
  EPERM: ['the operation is not permitted', (path) => `Run as root; if you do already, see whether ${path} is immutable (lsattr).`],
  EROFS: [
    'the file system is read-only',
    (path) => `Mount the file system that holds ${path} for writing; the kernel's log (dmesg) says if a disk error made it read-only.`,
  ],
  ENOTDIR: ['a part of the path is not a directory', (path) => `Move away what stands in the way of ${path}, then run again.`],
  EISDIR: ['there is a directory', (path) => `Move the directory ${path} away, then run again.`],
  ENOTEMPTY: ['there is a directory that is not empty', (path) => `Move the directory ${path} away, then run again.`],
  EXDEV: ['source and target are on different file systems', (path) => `Keep the directory of ${path} on a single file system.`],
};

/** An error of the file system as an expected failure that names the path. */
export function fileFailure(doing: string, path: string, error: unknown): SetupError {
  if (error instanceof SetupError) return error;
  const code = codeOf(error);
  const [what, remedy] = known[code ?? ''] ?? [code ?? String(error), undefined];
  return new SetupError('failed', message`Cannot ${doing} ${path}: ${what}`, {
    cause: error,
    ...(remedy === undefined ? {} : { remedy: remedy(path) }),
  });
}

/** Whether an error only says that nothing is there. */
export const isAbsent = (error: unknown): boolean => ['ENOENT', 'ENOTDIR'].includes(codeOf(error) ?? '');
