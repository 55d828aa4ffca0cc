import { type HostReader, type SshFailure, type SshLogin, type Text, message, readText } from '#kit';
import { type SshServer, confirmedKeys, timeoutMs } from './host-key.ts';

const folder = '/root/.ssh';

/** The private keys of root. */
async function ownKeys(host: HostReader): Promise<readonly string[]> {
  const names = (await host.files.list(folder)).filter((name) => /^id_[^.]+$/.test(name));
  return (await Promise.all(names.map((name) => readText(host, `${folder}/${name}`)))).filter((text) => text !== undefined);
}

/** How root logs in at a confirmed host: with the password, or with keys where there is none. */
export const loginAt = async (
  at: SshServer,
  by: { readonly hostKey: string | undefined; readonly password: string },
  host: HostReader,
): Promise<SshLogin> => ({
  ...at,
  timeoutMs,
  hostKeys: await confirmedKeys(at, by.hostKey, host),
  password: by.password,
  keys: by.password === '' ? await ownKeys(host) : [],
});

/** What is wrong with a login, and what to do. */
export function failureText(why: SshFailure, { host, port, password }: SshLogin): Text {
  const where = `${host}:${port}`;
  switch (why) {
    case 'unreachable':
      return message`The SSH server at ${where} does not answer any more, or has ended the connection`;
    case 'another-key':
      return message`The SSH server at ${where} does not show the host key that was confirmed, so nothing was sent to it`;
    case 'no-passwords':
      return message`The SSH server at ${where} takes no passwords. Leave it empty, and root logs in with the keys in ${folder}`;
    case 'no-keys':
      return message`Without a password, root logs in with a key; but ${folder} has none without a passphrase, or ${where} takes none. Give the password`;
    case 'not-root':
      return message`The login at ${where} works, but leads to no shell of root: see PermitRootLogin there, and authorized_keys of root`;
    case 'denied':
      return password === ''
        ? message`root does not get in at ${where} with any of the keys in ${folder}. Add one to authorized_keys of root there, or give the password`
        : message`root does not get in at ${where}: the password is wrong, or root may not log in with one (PermitRootLogin in sshd_config there)`;
  }
}
