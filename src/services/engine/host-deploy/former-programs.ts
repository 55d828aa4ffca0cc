import { basename, dirname } from 'node:path';
import { quoted } from './program.ts';
import type { Session } from './ssh.ts';

/** A version as it is copied to hosts, and what is left of a copy that was broken off. */
const versionForm = /^\d[\w.~-]*(\+[0-9a-f]{12})?(\.new)?$/;

/**
 * Which copies of the program a host does not need any more: all but the one it runs from now on, the one before, and those of which
 * something still runs.
 * @param names what lies beside the copies as well, those that were made last first
 */
export function superfluous(names: readonly string[], current: string, running: readonly string[]): readonly string[] {
  const others = names.filter((name) => versionForm.test(name) && name !== current);
  const before = others.find((name) => !name.endsWith('.new'));
  return others.filter((name) => name !== before && !running.includes(name));
}

/**
 * Removes former copies of the program from a host, once a new one has been set up there.
 * @param home the folder that the host's services run from now
 * @param told hears what is done
 */
export async function removeFormerPrograms(session: Pick<Session, 'run'>, home: string, told: (text: string) => void): Promise<void> {
  const folder = dirname(home);
  const { stdout: listed } = await session.run(`find ${quoted(folder)} -mindepth 1 -maxdepth 1 -type d -printf '%T@ %f\\n' | sort -rn`);
  const names = listed.split('\n').map((line) => line.slice(line.indexOf(' ') + 1));
  const { stdout: programs } = await session.run('readlink /proc/[0-9]*/exe; true');
  const running = programs
    .split('\n')
    .filter((path) => path.startsWith(`${folder}/`))
    .map((path) => path.slice(folder.length + 1).split('/')[0] ?? '');
  for (const name of superfluous(names, basename(home), running)) {
    const path = quoted(`${folder}/${name}`);
    // What a package has brought goes with that package. A copy that goes away half is none that anybody would use.
    const { code } = await session.run(`! dpkg -S ${path} >/dev/null 2>&1 && rm -rf ${path}`);
    if (code === 0) told(`Removed the former program ${name}`);
  }
}
