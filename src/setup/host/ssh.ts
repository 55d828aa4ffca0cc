import { createHash } from 'node:crypto';
import type { AnyAuthMethod, Client, ClientChannel, ConnectConfig, ServerHostKeyAlgorithm } from 'ssh2';
import type { Output, SshAddress, SshFailure, SshHostKey, SshLogin } from '../kit/host.ts';

/** Algorithms of host keys by their kinds, the best first. Signatures with SHA-1 are not taken. */
const kinds: readonly (readonly ServerHostKeyAlgorithm[])[] = [
  ['ssh-ed25519'],
  ['ecdsa-sha2-nistp256', 'ecdsa-sha2-nistp384', 'ecdsa-sha2-nistp521'],
  ['rsa-sha2-512', 'rsa-sha2-256'],
];

/** A key as files have it: the first string in it is its type (RFC 4253, 6.6). */
const hostKey = (bytes: Buffer): SshHostKey => ({
  type: bytes.toString('latin1', 4, 4 + bytes.readUInt32BE(0)),
  base64: bytes.toString('base64'),
  fingerprint: `SHA256:${createHash('sha256').update(bytes).digest('base64').replace(/=+$/, '')}`,
});

const configuration = ({ host, port, timeoutMs }: SshAddress, kind: (typeof kinds)[number]): ConnectConfig => ({
  host,
  port,
  username: 'root',
  readyTimeout: timeoutMs,
  algorithms: { serverHostKey: [...kind] },
});

/** The library takes a moment to load, and few runs need it. */
const newClient = async (): Promise<Client> => new (await import('ssh2')).default.Client();

/** The key of one kind that a server proves to have; undefined if it has none, or does not answer. */
async function keyOfKind(at: SshAddress, kind: (typeof kinds)[number]): Promise<SshHostKey | undefined> {
  const client = await newClient();
  return new Promise((resolve) => {
    let shown: SshHostKey | undefined;
    const end = (key?: SshHostKey): void => {
      client.destroy();
      resolve(key);
    };
    // The server has signed by then, and nobody has been named to it.
    client.on('handshake', () => end(shown));
    client.on('error', () => end()).on('close', () => end());
    client.connect({
      ...configuration(at, kind),
      hostVerifier: (key: Buffer) => {
        shown = hostKey(key);
        return true;
      },
    });
  });
}

/** The keys of an SSH server, the best kind first; none where there is no server. Never throws. */
export async function sshHostKeys(at: SshAddress): Promise<readonly SshHostKey[]> {
  const found = await Promise.all(kinds.map((kind) => keyOfKind(at, kind)));
  return found.filter((key) => key !== undefined);
}

/** What is sent to get in, one after the other: the server says first what it takes. */
function* attempts({ password, keys }: SshLogin, left: () => readonly string[]): Generator<AnyAuthMethod, SshFailure> {
  const username = 'root';
  yield { type: 'none', username };
  if (password === '') {
    if (keys.length === 0 || !left().includes('publickey')) return 'no-keys';
    for (const key of keys) yield { type: 'publickey', username, key };
  } else if (left().includes('password')) yield { type: 'password', username, password };
  else if (left().includes('keyboard-interactive')) {
    const prompt = (...[, , , prompts, answer]: [string, string, string, readonly { echo?: boolean }[], (all: string[]) => void]): void =>
      answer(prompts.map(({ echo }) => (echo === true ? '' : password)));
    yield { type: 'keyboard-interactive', username, prompt } as unknown as AnyAuthMethod;
  } else return 'no-passwords';
  return 'denied';
}

/** Runs a command on an open connection. */
const execute = (client: Client, command: string, input: string): Promise<Output> =>
  new Promise((resolve, reject) => {
    client.exec(command, (error: Error | undefined, channel: ClientChannel) => {
      if (error !== undefined) return reject(error);
      const [stdout, stderr]: [Buffer[], Buffer[]] = [[], []];
      let code = -1;
      channel.on('data', (chunk: Buffer) => stdout.push(chunk));
      channel.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
      channel.on('exit', (status: number | null) => (code = status ?? -1));
      channel.on('close', () => resolve({ code, stdout: String(Buffer.concat(stdout)), stderr: String(Buffer.concat(stderr)) }));
      channel.end(input);
    });
  });

/** The same with the host key of one kind. */
async function runWith(kind: (typeof kinds)[number], login: SshLogin, command: string, input: string): Promise<Output | SshFailure> {
  const client = await newClient();
  return new Promise((resolve) => {
    let failure: SshFailure = 'unreachable';
    let left: readonly string[] = [];
    const attempt = attempts(login, () => left);
    const deadline = setTimeout(() => end(failure), login.timeoutMs);
    const end = (outcome: Output | SshFailure): void => {
      clearTimeout(deadline);
      client.destroy();
      resolve(outcome);
    };
    // It has no key of this kind, or has shown one that is not accepted.
    client.on('error', ({ level }) => end(level === 'handshake' ? 'another-key' : failure)).on('close', () => end(failure));
    // Whoever is asked to choose a new password has given the right one, and may do nothing else with it.
    client.on('change password', () => end('denied'));
    client.on('ready', () => {
      failure = 'not-root';
      execute(client, command, input).then(end, () => end(failure));
    });
    client.connect({
      ...configuration(login, kind),
      hostVerifier: (key: Buffer) => login.hostKeys.includes(hostKey(key).fingerprint),
      authHandler: (methods: readonly string[] | null, _partial, next) => {
        left = methods ?? [];
        const { value, done } = attempt.next();
        if (done !== true) return next(value);
        end(value);
      },
    });
  });
}

/**
 * Logs in as root and runs a command. Nothing is sent to a server that shows another key than the accepted ones.
 * @param command for the shell over there
 */
export async function sshRun(login: SshLogin, command: string, input: string): Promise<Output | SshFailure> {
  const { utils } = (await import('ssh2')).default;
  const keys = login.keys.filter((key) => !(utils.parseKey(key) instanceof Error));
  // A server shows one key of those that it is asked for, and it may be another kind that was confirmed.
  for (const kind of kinds) {
    const outcome = await runWith(kind, { ...login, keys }, command, input);
    if (outcome !== 'another-key') return outcome;
  }
  return 'another-key';
}

/** Why root does not get in; undefined if it does. Never throws. */
export async function sshLogin(login: SshLogin): Promise<SshFailure | undefined> {
  const outcome = await sshRun(login, 'id -u', '');
  if (typeof outcome === 'string') return outcome;
  // Systems with a locked root account answer with a sentence instead.
  return outcome.code === 0 && outcome.stdout.trim() === '0' ? undefined : 'not-root';
}

/** Reads a file as root on another host. Never throws. */
export async function readOverSsh(login: SshLogin, path: string): Promise<{ readonly text: string | undefined } | SshFailure> {
  const outcome = await sshRun(login, `cat -- '${path.replaceAll("'", "'\\''")}'`, '');
  if (typeof outcome === 'string') return outcome;
  return { text: outcome.code === 0 ? outcome.stdout : undefined };
}
