import { realpath } from 'node:fs/promises';
import { dirname, posix } from 'node:path';
import { SetupError } from '../kit/errors.ts';
import { message } from '../kit/text.ts';
import { isAbsent } from './errno.ts';

/** Turns the paths that setup knows into paths on disk. Nothing outside of the prefix can be named. */
export interface Places {
  /** The path on disk, by its text alone. */
  real(path: string): string;
  /** The same, once it is sure that no link on the way leads out of the prefix. The last name itself is not followed. */
  locate(path: string): Promise<string>;
  /** Like `locate`, but the last name is followed too. */
  follow(path: string): Promise<string>;
}

function normal(path: string): string {
  if (!path.startsWith('/')) throw new SetupError('refused', message`A path must be absolute: ${JSON.stringify(path)}`);
  if (path.includes('\0')) throw new SetupError('refused', message`A path may not contain a zero byte: ${JSON.stringify(path)}`);
  if (path.split('/').includes('..')) throw new SetupError('refused', message`A path may not lead upwards: ${path}`);
  const tidy = posix.normalize(path);
  return tidy.length > 1 && tidy.endsWith('/') ? tidy.slice(0, -1) : tidy;
}

/** Where a path leads when links are followed; what is not there yet leads where its nearest existing parent does. */
async function destination(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    if (!isAbsent(error) || path === '/') throw error;
    return destination(dirname(path));
  }
}

const isWithin = (path: string, root: string): boolean => path === root || path.startsWith(`${root}/`);

/** Places below a prefix: '' on a real host, the root directory of a sandbox otherwise. */
export function places(prefix: string): Places {
  const root = prefix === '' ? '' : normal(prefix);
  const real = (path: string): string => (root === '' ? normal(path) : normal(path) === '/' ? root : `${root}${normal(path)}`);

  /** A link is kept as it was given, so an absolute one in a sandbox points to the real system: it must not be walked through. */
  async function contain(path: string): Promise<void> {
    if (root === '') return;
    const home = await realpath(root).catch((error: unknown) => {
      if (isAbsent(error)) return undefined;
      throw error;
    });
    // Nothing of the sandbox is there yet: then there is no link in it either.
    if (home === undefined) return;
    const leadsTo = await destination(path);
    if (isWithin(leadsTo, home)) return;
    throw new SetupError('refused', message`${path} leads through a link to ${leadsTo}, outside of ${root}`, {
      remedy: 'Remove the link, or give it a relative target inside of the sandbox.',
    });
  }

  return {
    real,
    async locate(path) {
      const found = real(path);
      if (found !== root) await contain(dirname(found));
      return found;
    },
    async follow(path) {
      const found = real(path);
      await contain(found);
      return found;
    },
  };
}
