import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { Transform } from 'node:stream';
import { misuse, Problem } from '../tool.ts';

/** A file that is to be uploaded. */
export interface Source {
  readonly path: string;
  readonly name: string;
  readonly size: number;
}

/** Looks at a file. Throws a Problem. */
export async function lookAt(path: string): Promise<Source> {
  const name = basename(path);
  // Names stand in lists of files, in definitions of machines and in commands of shells.
  if (name.startsWith('.') || Buffer.byteLength(name) > 250 || !/^[\p{L}\p{N} ._+()@=,~-]+$/u.test(name))
    throw misuse(`${name} cannot be the name of an ISO file: letters, digits, blanks and . _ + ( ) @ = , ~ - alone, and no dot in front.`);
  const found = await stat(path).catch((error: unknown) => {
    throw new Problem(`${path} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown error'}).`);
  });
  if (!found.isFile()) throw new Problem(`${path} is not a file.`);
  if (found.size === 0) throw new Problem(`${path} is empty.`);
  return { path, name, size: found.size };
}

/** Lets bytes pass, and tells how many there were so far. */
export function counting(passed: (bytes: number) => void): Transform {
  let bytes = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      passed(bytes);
      done(null, chunk);
    },
  });
}
