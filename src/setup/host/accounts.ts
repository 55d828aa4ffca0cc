import { readFile } from 'node:fs/promises';
import { SetupError } from '../kit/errors.ts';
import { message } from '../kit/text.ts';

/** An account of this host. */
export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** The accounts of services are local by nature, so the files are read, not a directory service. */
const lines = async (path: string): Promise<readonly (readonly string[])[]> =>
  (await readFile(path, 'utf8')).split('\n').map((line) => line.split(':'));

const nameIn = async (path: string, id: number): Promise<string> =>
  (await lines(path)).find((fields) => fields[2] === String(id))?.[0] ?? String(id);

async function idIn(path: string, what: string, name: string): Promise<number> {
  const id = (await lines(path)).find((fields) => fields[0] === name)?.[2] ?? name;
  if (!/^\d{1,10}$/.test(id)) {
    throw new SetupError('failed', message`There is no ${what} ${name} on this host`, {
      remedy: message`Install the package that makes the ${what}, or create it.`,
    });
  }
  return Number(id);
}

/** Name of a user; its number where there is no name. */
export const userName = (uid: number): Promise<string> => nameIn('/etc/passwd', uid);
/** Name of a group; its number where there is no name. */
export const groupName = (gid: number): Promise<string> => nameIn('/etc/group', gid);
/** Number of a user. */
export const userId = (name: string): Promise<number> => idIn('/etc/passwd', 'user', name);
/** Number of a group. */
export const groupId = (name: string): Promise<number> => idIn('/etc/group', 'group', name);

/** The first of these accounts that the host has. */
export async function findAccount(names: readonly string[]): Promise<Account | undefined> {
  const all = await lines('/etc/passwd');
  for (const name of names) {
    const fields = all.find((one) => one[0] === name);
    if (fields !== undefined) return { name, uid: Number(fields[2]), gid: Number(fields[3]) };
  }
  return undefined;
}
