import { posix } from 'node:path';
import { type Entry, type Host, SetupError, type Text, textOf, textOfError } from '#kit';
import type { AnswerFile } from '../answers/sources.ts';
import { unusable } from './answer-files.ts';

const main = '/etc/ovirt-engine-setup.conf';
const directory = `${main}.d`;

type Files = Host['files'];

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
 * What cannot be read says why.
 */
export async function keptFiles({ files }: Pick<Host, 'files'>): Promise<readonly AnswerFile[]> {
  const found: AnswerFile[] = [];
  const add = (path: string, why: Text): void => {
    const real = files.real(path);
    found.push({ path: real, text: '', kept: true, unread: unusable(real, why) });
  };
  let names: readonly string[] = [];
  try {
    names = (await files.list(directory)).filter((name) => name.endsWith('.conf'));
  } catch (error) {
    add(directory, textOfError(error));
  }
  for (const path of [main, ...names.map((name) => `${directory}/${name}`)]) {
    try {
      const entry = await readFollowing(files, path);
      if (entry?.kind === 'file') found.push({ path: files.real(path), text: textOf(entry), kept: true });
      else if (entry !== undefined) throw new SetupError('refused', 'it is a directory');
    } catch (error) {
      add(path, textOfError(error));
    }
  }
  return found;
}
