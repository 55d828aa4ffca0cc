import type { Output, SshAddress, SshFailure, SshHostKey, SshLogin } from '../../kit/host.ts';
import type { Machine } from './machine.ts';

/** What a server answers to a command of root. */
export async function runOn(machine: Machine, login: SshLogin, command: string, input: string): Promise<Output | SshFailure> {
  const failure = await sshOf(machine).sshLogin(login);
  if (failure !== undefined) return failure;
  const { run } = machine.sshServers.get(`${login.host}:${login.port}`) ?? {};
  return run?.(command, input) ?? { code: 127, stdout: '', stderr: `${command}: command not found` };
}

/** A file on a server. */
async function readOn(machine: Machine, login: SshLogin, path: string): Promise<{ readonly text: string | undefined } | SshFailure> {
  const outcome = await runOn(machine, login, `cat -- '${path}'`, '');
  return typeof outcome === 'string' ? outcome : { text: outcome.code === 0 ? outcome.stdout : undefined };
}

/** The SSH servers that a machine in memory can reach. */
export const sshOf = (machine: Machine) => ({
  readOverSsh: (login: SshLogin, path: string) => readOn(machine, login, path),
  answersSsh: async ({ host, port }: SshAddress): Promise<boolean> => machine.sshServers.has(`${host}:${port}`),
  sshHostKeys: async ({ host, port }: SshAddress): Promise<readonly SshHostKey[]> => machine.sshServers.get(`${host}:${port}`)?.keys ?? [],
  async sshLogin({ host, port, hostKeys, password, keys }: SshLogin): Promise<SshFailure | undefined> {
    const server = machine.sshServers.get(`${host}:${port}`);
    if (server === undefined) return 'unreachable';
    if (!server.keys.some(({ fingerprint }) => hostKeys.includes(fingerprint))) return 'another-key';
    if (password === '') return keys.length === 0 ? 'no-keys' : keys.some((key) => server.authorized?.includes(key)) ? undefined : 'denied';
    if (server.password === undefined) return 'no-passwords';
    return password === server.password ? undefined : 'denied';
  },
});
