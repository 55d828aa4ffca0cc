import { posix } from 'node:path';
import { type Entry, type Host, type Problem, SetupError, textOf, textOfError } from '#kit';
import type { AnswerFile } from '../answers/sources.ts';
import { refuse, unusable } from './answer-files.ts';

const main = '/etc/ovirt-engine-setup.conf';
const directory = `${main}.d`;

type Files = Host['files'];

/** Names of the parts of the configuration. */
async function parts(files: Files): Promise<readonly string[]> {
  try {
    return (await files.list(directory)).filter((name) => name.endsWith('.conf'));
  } catch (error) {
    throw new SetupError('refused', unusable(files.real(directory), textOfError(error)).message);
  }
}

/** What a path leads to, links followed within the host; undefined if nothing is there. */
async function readFollowing(files: Files, path: string, links = 8): Promise<Entry | undefined> {
  const entry = await files.read(path);
  if (entry?.kind !== 'link') return entry;
  const found = links === 0 ? undefined : await readFollowing(files, posix.resolve(posix.dirname(path), entry.target), links - 1);
  if (found === undefined) throw new SetupError('refused', 'it is a link that leads nowhere');
  return found;
}

/**
 * Reads the configuration of the installation itself: the answers that earlier runs have kept, and what packages bring.
 * Throws SetupError `refused` with all that cannot be read.
 */
export async function keptFiles({ files }: Pick<Host, 'files'>): Promise<readonly AnswerFile[]> {
  const found: AnswerFile[] = [];
  const problems: Problem[] = [];
  for (const path of [main, ...(await parts(files)).map((name) => `${directory}/${name}`)]) {
    try {
      const entry = await readFollowing(files, path);
      if (entry?.kind === 'file') found.push({ path: files.real(path), text: textOf(entry), kept: true });
      else if (entry !== undefined) throw new SetupError('refused', 'it is a directory');
    } catch (error) {
      problems.push(unusable(files.real(path), textOfError(error)));
    }
  }
  refuse(problems);
  return found;
}
