import { type HostReader, type Text, fact, message } from '#kit';

/* Whether a trial can have an SSH server of its own. Without being root it lets people in as the account that it runs as, and nobody else. */

export const server = '/usr/sbin/sshd';

export interface TrialServer {
  /** Whoever has started the trial: the account that people come to. */
  readonly account: string;
  /** Why there can be none here. */
  readonly obstacle?: Text;
}

/** What sshd needs no quotes for in its configuration. */
const isPlain = (path: string): boolean => /^[\w/.+@,-]+$/.test(path);

async function isThere(host: HostReader): Promise<boolean> {
  try {
    // It tells its options, and that there is no such one.
    return (await host.query({ argv: [server, '-?'] })).code !== 127;
  } catch {
    return false;
  }
}

/** What people get in by is run by the shell of the account. */
async function hasShell(host: HostReader, account: string): Promise<boolean> {
  const { stdout } = await host.query({ argv: ['getent', 'passwd', account] });
  const shell = stdout.trim().split(':')[6] ?? '';
  return shell !== '' && !/\/(?:nologin|false|true|sync)$/.test(shell);
}

/** The SSH server that a trial can have; undefined on a host of its own, where setup brings one. */
export const trialServer = fact('vmconsole-trial-server', async (host): Promise<TrialServer | undefined> => {
  const root = host.files.real('/');
  if (root === '/') return undefined;
  const { name: account, root: isRoot } = await host.user();
  const no = (obstacle: Text): TrialServer => ({ account, obstacle });
  if (isRoot) return no('VM Console Proxy is left out of a trial of root: without an account of its own it would let people in as root');
  if (!(await isThere(host)))
    return no(message`VM Console Proxy is left out of this trial: ${server} is not here, which the package openssh-server brings`);
  if (!(await hasShell(host, account)))
    return no(message`VM Console Proxy is left out of this trial: its SSH server can let nobody in as ${account}, who has no shell`);
  const path = [root, (await host.program()).home].find((one) => !isPlain(one));
  return path === undefined
    ? { account }
    : no(message`VM Console Proxy is left out of this trial: its SSH server cannot be told the path ${path}, which has unusual characters`);
});
