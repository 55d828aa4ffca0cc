import type { KnownUser, ShownKey } from '../engine-door.ts';

/** What is run for whoever is let in: a program, by absolute paths. */
export type ShellCommand = readonly string[];

/** A word in single quotes, for a shell. Throws Error for what cannot stand there, or not in a line of sshd's. */
function quoted(word: string): string {
  if (!/^[^'"\\\p{Cc}]*$/u.test(word)) throw new Error('a word cannot be quoted');
  return `'${word}'`;
}

/** A name as it may stand in a command: whatever else a directory allows in it becomes an underscore. */
const plainName = (name: string): string => name.replace(/[^\p{L}\p{N}@.+_-]/gu, '_').slice(0, 255);

/**
 * The line that lets a user in with a key (sshd(8), AUTHORIZED_KEYS FILE FORMAT): nothing but our shell, which is told who it is, and a
 * terminal. Throws Error for an id that is none.
 */
export function authorizedKey({ type, base64 }: ShownKey, user: KnownUser, shell: ShellCommand): string {
  if (!/^[0-9a-f-]{36}$/.test(user.id)) throw new Error('the id of a user is no id');
  const words = [...shell, 'accept', `--entityid=${user.id}`, `--entity=${plainName(user.name)}`];
  return `restrict,pty,command="exec ${words.map(quoted).join(' ')}" ${type} ${base64}\n`;
}
