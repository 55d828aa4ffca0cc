import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { PostgresPrograms } from '../kit/host.ts';
import { message } from '../kit/text.ts';
import { findAccount } from './accounts.ts';
import { cleanEnvironment } from './environment.ts';

/** Whether a command runs to its end with success. */
export type Probe = (argv: readonly string[]) => Promise<boolean>;

const runs: Probe = ([program = '', ...args]) =>
  new Promise((resolve) => {
    execFile(program, args, { env: cleanEnvironment(), cwd: '/', timeout: 10_000 }, (error) => resolve(error === null));
  });

/** A unit file names programs by their whole path. */
const program = (name: string): string =>
  ['/usr/bin', '/bin', '/usr/local/bin'].map((directory) => `${directory}/${name}`).find(existsSync) ?? `/usr/bin/${name}`;

const existing = (path: string): string => (existsSync(path) ? path : existing(dirname(path)));

/** In a user namespace of its own root is somebody else, and yet the owner of its files. */
const namespace = (): readonly string[] => [program('unshare'), '--user', '--map-user=65534', '--'];

type Launcher = Omit<PostgresPrograms, 'directory'>;

/**
 * How to run PostgreSQL's programs, which refuse root. With an `owner` in the answer they run as that account, and the directory of the
 * cluster must belong to it: made by `install -d -m 700 -o OWNER DIRECTORY` before initdb is run.
 */
export async function postgresLauncher(
  { programs, home }: { readonly programs: string; readonly home: string },
  { isRoot = process.getuid?.() === 0, probe = runs }: { readonly isRoot?: boolean; readonly probe?: Probe } = {},
): Promise<Launcher> {
  const server = `${programs}/postgres`;
  if (!existsSync(server)) {
    const remedy = 'Install the packages of this program again (npm ci); on processors other than x64 and arm64 there is none.';
    return { launcher: [], problem: { message: message`PostgreSQL's programs are not in ${programs}`, remedy } };
  }

  const checked = async (launcher: readonly string[], owner?: string): Promise<Launcher> => {
    const found = { launcher, ...(owner === undefined ? {} : { owner }) };
    const who = owner === undefined ? '' : ` by the account ${owner}`;
    if (!(await probe([...launcher, server, '--version']))) {
      const remedy = message`Make all directories above it accessible to everybody (chmod a+x); run ${server} --version to see whether a library is missing.`;
      return { ...found, problem: { message: message`${server} cannot be run${who}`, remedy } };
    }
    if (owner !== undefined && !(await probe([...launcher, 'test', '-x', existing(home)]))) {
      const remedy = message`Choose another directory, or make all directories above ${home} accessible to everybody (chmod a+x).`;
      return { ...found, problem: { message: message`${home} cannot be reached${who}, which PostgreSQL has to run as`, remedy } };
    }
    return found;
  };

  if (!isRoot) return checked([]);
  if (await probe([...namespace(), 'true'])) return checked(namespace());
  const account = await findAccount(['postgres', 'nobody']);
  // A change of the account would take back that the program ends with us (see `commands.ts`). An old setpriv cannot keep that.
  for (const keep of [['--pdeathsig=keep'], []]) {
    if (account === undefined) break;
    const change = [program('setpriv'), `--reuid=${account.uid}`, `--regid=${account.gid}`, '--clear-groups', ...keep, '--'];
    if (await probe([...change, 'true'])) return checked(change, account.name);
  }
  const remedy =
    'Run as an ordinary user, or allow user namespaces (sysctl user.max_user_namespaces), or create an account named postgres.';
  return { launcher: [], problem: { message: 'PostgreSQL refuses to run as root, and there is no way here to be somebody else', remedy } };
}
