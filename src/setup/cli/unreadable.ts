import { type Text, inEnglish, message, messageOf } from '#kit';
import { codeOf } from '../host/errno.ts';

/** Something that was named cannot be read: why, in words that follow its name, and what to do about it. */
export class Unreadable extends Error {
  readonly why: Text;
  readonly remedy: Text | undefined;
  constructor(why: Text, remedy?: Text) {
    super(inEnglish(why));
    this.name = 'Unreadable';
    this.why = why;
    this.remedy = remedy;
  }
}

/** What the system's codes mean for something that somebody named. */
const known: Readonly<Record<string, readonly [why: Text, remedy: Text]>> = {
  ENOENT: ['it is not there', 'Correct its name.'],
  ENOTDIR: ['a part of its path is not a directory', 'Correct its name.'],
  EACCES: ['permission denied', 'Run as root or as its owner, or correct its permissions.'],
  EBADF: ['it is not open', 'Open it where this program is started: 3<FILE, say.'],
  ELOOP: ['its links lead in a circle', 'Correct its name.'],
};

/** An error of the file system in such words. */
export function unreadable(error: unknown): Unreadable {
  if (error instanceof Unreadable) return error;
  const [why, remedy] = known[codeOf(error) ?? ''] ?? [messageOf(error)];
  return new Unreadable(why, remedy);
}

const mebibyte = 1024 * 1024;

/** Something has more than this many bytes. */
export const tooLarge = (bytes: number): Unreadable =>
  new Unreadable(bytes < mebibyte ? message`it is larger than ${bytes / 1024} KiB` : message`it is larger than ${bytes / mebibyte} MiB`);
