import { lstatSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type Problem, SetupError, type Text, message, term } from '#kit';
import type { AnswerFile } from '../answers/sources.ts';
import { writePrivateFile } from '../host/put.ts';
import type { Arguments } from './args.ts';
import { type Read, readNamed } from './read-input.ts';
import { unreadable } from './unreadable.ts';

const largest = 16 * 1024 * 1024;

/** Writes a file that only its owner can read, whole or not at all, in place of what lies there. Throws SetupError `failed`. */
export const writePrivately = (path: string, text: string): void => writePrivateFile(path, text);

/** An answer file that somebody names, with its permissions. */
export type NamedFile = AnswerFile & Pick<Read, 'mode'>;

/** The finding that an answer file cannot be read. */
export const unusable = (path: string, why: Text, remedy?: Text): Problem => ({
  id: 'answer-file',
  level: 'error',
  message: message`The answer file ${path} cannot be read: ${term(why)}`,
  ...(remedy === undefined ? {} : { remedy }),
});

/** Throws SetupError `refused` if there is a problem: a single one is the very message, several are listed. */
export function refuse(problems: readonly Problem[], title: Text = 'Answer files cannot be read'): void {
  const [first, second] = problems;
  if (first === undefined) return;
  if (second !== undefined) throw new SetupError('refused', title, { problems });
  throw new SetupError('refused', first.message, first.remedy === undefined ? {} : { remedy: first.remedy });
}

/**
 * What `--config=FILE` means: the file, and all `FILE.d/*.conf` by name, as with the configuration that it stands for.
 * One of both has to be there: whoever names it wants it to be read.
 */
function configured(path: string): readonly string[] {
  const directory = `${path}.d`;
  const names = statSync(directory, { throwIfNoEntry: false })?.isDirectory() === true ? readdirSync(directory).sort() : [];
  const parts = names.filter((name) => name.endsWith('.conf')).map((name) => join(directory, name));
  return parts.length > 0 && lstatSync(path, { throwIfNoEntry: false }) === undefined ? parts : [path, ...parts];
}

/** Which file a path leads to; undefined for what is none, and for what will be complained of when it is opened. */
function identityOf(path: string): string | undefined {
  try {
    const stat = statSync(path);
    return stat.isFile() ? `${stat.dev}:${stat.ino}` : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Throws SetupError `usage` where the answers of the run are to be written over a file that they come from: passwords and comments
 * in it would be lost.
 */
export function keepInput({ generateAnswer, setFile }: Arguments, files: readonly Pick<NamedFile, 'path'>[]): void {
  const target = generateAnswer === undefined ? undefined : identityOf(generateAnswer);
  if (generateAnswer === undefined || target === undefined) return;
  const inputs = [...files.map(({ path }) => path), ...setFile.map(({ value }) => value)];
  if (inputs.map(identityOf).includes(target))
    throw new SetupError('usage', message`--generate-answer=${generateAnswer} would write over a file that answers are read from`, {
      remedy: 'Name another file.',
    });
}

/**
 * Reads the files and pipes that the command line names, in the order they count; those that cannot be read say why.
 * Throws SetupError `cancelled` when a signal comes.
 */
export async function findFiles({ config, configAppend }: Arguments, signal: AbortSignal): Promise<readonly NamedFile[]> {
  const files: NamedFile[] = [];
  const take = async (named: string, pathsOf: (named: string) => readonly string[]): Promise<void> => {
    let path = named;
    try {
      for (path of pathsOf(named)) files.push({ path, kept: false, ...(await readNamed(path, { bytes: largest, signal })) });
    } catch (error) {
      if (error instanceof SetupError) throw error;
      const { why, remedy } = unreadable(error);
      files.push({ path, text: '', kept: false, unread: unusable(path, why, remedy) });
    }
  };
  for (const path of config) await take(path, configured);
  for (const path of configAppend) await take(path, (named) => [named]);
  return files;
}

/** The same for whoever needs all of them. Throws SetupError `refused` with all that cannot be read. */
export async function namedFiles(args: Arguments, signal: AbortSignal): Promise<readonly NamedFile[]> {
  const files = await findFiles(args, signal);
  refuse(files.flatMap(({ unread }) => unread ?? []));
  return files;
}
