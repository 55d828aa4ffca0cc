import { type Stats, lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Problem, type Text, message } from '#kit';

const problem = (text: Text, remedy: Text): Problem => ({ id: 'plugins', level: 'error', message: text, remedy });

/** Why something cannot be trusted; undefined if only trusted users can have made it what it is. */
function flawOf(path: string, stat: Stats, owners: ReadonlySet<number>): Problem | undefined {
  if (stat.isSymbolicLink())
    return problem(message`${path} is a link, so it cannot be told who may change what it leads to`, 'Put what it leads to in its place.');
  if (!owners.has(stat.uid))
    return problem(
      message`${path} belongs to another user (${stat.uid})`,
      message`Look at what is in it, then: chown ${Math.max(...owners)} ${path}`,
    );
  if ((stat.mode & 0o022) !== 0)
    return problem(message`${path} can be written by other users`, message`Look at what is in it, then: chmod go-w ${path}`);
  return undefined;
}

/**
 * What would let somebody else put code into the program: all flaws of the directories from the root down to this one,
 * and of everything in it. Plugins run with all rights of the program, so only root may write there;
 * below a root directory of a user that user may, too.
 * @param below parts of the path of the directory, from the root on
 */
export function flawsOfTrust(root: string, below: readonly string[]): readonly Problem[] {
  const owners = new Set(root === '/' ? [0] : [0, process.geteuid?.() ?? 0]);
  const flaws: Problem[] = [];
  const look = (path: string): Stats => {
    const stat = lstatSync(path);
    const flaw = flawOf(path, stat, owners);
    if (flaw !== undefined) flaws.push(flaw);
    return stat;
  };
  const walk = (path: string): void => {
    if (!look(path).isDirectory()) return;
    for (const name of readdirSync(path)) walk(join(path, name));
  };
  for (const index of below.keys()) look(join(root, ...below.slice(0, index)));
  walk(join(root, ...below));
  return flaws;
}
