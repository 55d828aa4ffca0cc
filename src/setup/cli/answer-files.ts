import { lstatSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { AnswerFile } from '../answers/sources.ts';
import { writePrivateFile } from '../host/put.ts';
import { SetupError, messageOf } from '../kit/errors.ts';

const largest = 16 * 1024 * 1024;

function read(path: string, kept: boolean): AnswerFile {
  const named = (message: string): SetupError =>
    new SetupError('refused', `The answer file ${path} cannot be read: ${message}`, { remedy: 'Correct its name or its permissions.' });
  let size: number;
  try {
    const stat = statSync(path);
    if (!stat.isFile()) throw new Error('it is not a file');
    ({ size } = stat);
  } catch (error) {
    throw named((error as NodeJS.ErrnoException).code === 'ENOENT' ? 'it is not there' : messageOf(error));
  }
  if (size > largest) throw named(`it is larger than ${largest / 1024 / 1024} MiB`);
  try {
    return { path, text: readFileSync(path, 'utf8'), kept };
  } catch (error) {
    throw named(messageOf(error));
  }
}

/** Writes a file that only its owner can read, whole or not at all, in place of what lies there. Throws SetupError `failed`. */
export const writePrivately = (path: string, text: string): void => writePrivateFile(path, text);

/** `PATH` if it is there, then `PATH.d/*.conf` by name. */
function configuration(path: string): readonly string[] {
  const names = (lstatSync(`${path}.d`, { throwIfNoEntry: false })?.isDirectory() ?? false) ? readdirSync(`${path}.d`).sort() : [];
  const main = lstatSync(path, { throwIfNoEntry: false }) === undefined ? [] : [path];
  return [...main, ...names.filter((name) => name.endsWith('.conf')).map((name) => join(`${path}.d`, name))];
}

/**
 * The answer files of a run in the order they count: the configuration of the installation, then those that the command line names.
 * Throws SetupError `refused` for one that cannot be read.
 */
export const answerFiles = (root: string, named: readonly string[]): readonly AnswerFile[] => [
  ...configuration(join(root, 'etc/ovirt-engine-setup.conf')).map((path) => read(path, true)),
  ...named.map((path) => read(path, false)),
];
