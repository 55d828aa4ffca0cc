import { createHash, createPrivateKey } from 'node:crypto';
import type { Readable } from 'node:stream';
import type { AnyAuthMethod, Client, ClientChannel, ServerHostKeyAlgorithm } from 'ssh2';
import { DeployFailure } from './failure.ts';

/** Algorithms of host keys by their kinds, the best first. Signatures with SHA-1 are not taken. */
const kinds: readonly (readonly ServerHostKeyAlgorithm[])[] = [
  ['ssh-ed25519'],
  ['ecdsa-sha2-nistp256', 'ecdsa-sha2-nistp384', 'ecdsa-sha2-nistp521'],
  ['rsa-sha2-512', 'rsa-sha2-256'],
];

/** As long as the host may be silent. It is asked every few seconds whether it is still there: work may take longer than that. */
const silentMs = 300_000;
const askEveryMs = 15_000;
/** For the connection and the login together. */
const loginMs = 60_000;
/** More is kept of nothing that a host says. */
const mostKept = 1024 * 1024;
/** And so much it may say to one command in all: whoever goes on is not being set up. */
const mostSaid = 16 * 2 ** 20;

export interface SshAddress {
  readonly host: string;
  readonly port: number;
}

export interface SshLogin extends SshAddress {
  readonly user: string;
  /** A password, or a private key in PEM. */
  readonly with: { readonly password: string } | { readonly key: string };
  /** The host key that is expected, as `SHA256:...`; nothing is sent to a host that shows another one. undefined: any, which is told. */
  readonly fingerprint: string | undefined;
  readonly signal: AbortSignal;
}

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Session {
  readonly fingerprint: string;
  /**
   * Runs words for the shell of the account.
   * @param on.input goes to standard input, which is empty otherwise; a stream is opened when the host reads
   * @param on.line is told each line of standard output
   * @throws DeployFailure when the connection is lost
   */
  run(words: string, on?: { readonly input?: (() => Readable) | string; readonly line?: (line: string) => void }): Promise<Ended>;
  close(): void;
}

const fingerprintOf = (key: Buffer): string => `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;

const unreachable = ({ host, port }: SshAddress, why: string): DeployFailure =>
  new DeployFailure(
    `The host ${host} cannot be reached at port ${port} with ssh: ${why}. See whether it runs, and whether a firewall is in the way.`,
  );

// The library takes a moment to load, and is needed by nobody who adds no host.
const newClient = async (): Promise<Client> => new (await import('ssh2')).default.Client();

/** The key by which a host is known, the best kind that it has, as `ssh-keygen -l` prints it. Throws DeployFailure. */
export async function probeFingerprint(host: string, port: number): Promise<string> {
  let why = 'no answer';
  for (const kind of kinds) {
    const client = await newClient();
    const shown = await new Promise<string | undefined>((resolve) => {
      let seen: string | undefined;
      const end = (found?: string): void => {
        client.destroy();
        resolve(found);
      };
      // The host has proved to have the key by then, and nobody has been named to it.
      client.on('handshake', () => end(seen));
      client.on('error', (error) => {
        why = error.message;
        end();
      });
      client.on('close', () => end());
      client.connect({
        host,
        port,
        username: 'root',
        readyTimeout: 20_000,
        algorithms: { serverHostKey: [...kind] },
        hostVerifier: (key: Buffer) => {
          seen = fingerprintOf(key);
          return true;
        },
      });
    });
    if (shown !== undefined) return shown;
  }
  throw unreachable({ host, port }, why);
}

/** What is sent to get in, one after the other: the host says first what it takes. */
function* attempts({ user: username, with: credential }: SshLogin, left: () => readonly string[]): Generator<AnyAuthMethod, string> {
  yield { type: 'none', username };
  if ('key' in credential) {
    if (!left().includes('publickey')) return 'it takes no keys. Allow them in its sshd_config (PubkeyAuthentication)';
    // The library reads keys in this form alone.
    yield { type: 'publickey', username, key: createPrivateKey(credential.key).export({ type: 'pkcs1', format: 'pem' }) };
    return `the key of the engine is not among those of ${username}. Give the password once, or put the key into its authorized_keys`;
  }
  const { password } = credential;
  if (left().includes('password')) yield { type: 'password', username, password };
  else if (left().includes('keyboard-interactive')) {
    const prompt = (...[, , , prompts, answer]: [string, string, string, readonly { echo?: boolean }[], (all: string[]) => void]): void =>
      answer(prompts.map(({ echo }) => (echo === true ? '' : password)));
    yield { type: 'keyboard-interactive', username, prompt } as unknown as AnyAuthMethod;
  } else return `it takes no passwords of ${username}. Allow them in its sshd_config (PermitRootLogin), or use the key of the engine`;
  return `the password is wrong, or ${username} may not log in with one (PermitRootLogin in sshd_config)`;
}

type Attempt = { readonly session: Session } | 'another-key';

async function connectWith(kind: (typeof kinds)[number], login: SshLogin): Promise<Attempt> {
  const { host, port, user, fingerprint, signal } = login;
  const client = await newClient();
  return new Promise((resolve, reject) => {
    let shown = '';
    let isOpen = false;
    let left: readonly string[] = [];
    const lost = Promise.withResolvers<never>();
    lost.promise.catch(() => undefined);
    const fail = (error: DeployFailure): void => {
      client.destroy();
      if (isOpen) lost.reject(error);
      else reject(error);
    };
    const stop = (): void => fail(new DeployFailure('The installation of the host was stopped.'));
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    client.on('error', (error) => {
      const another = error.level === 'handshake' && !isOpen;
      if (!another)
        return fail(
          isOpen ? new DeployFailure(`The connection to ${host} was lost: ${error.message}.`) : unreachable(login, error.message),
        );
      client.destroy();
      resolve('another-key');
    });
    client.on('close', () => {
      signal.removeEventListener('abort', stop);
      fail(isOpen ? new DeployFailure(`The connection to ${host} was lost.`) : unreachable(login, 'it closed the connection'));
    });
    // Whoever is asked to choose a new password has given the right one, and may do nothing else with it.
    client.on('change password', () =>
      fail(new DeployFailure(`${user} has to choose a new password on ${host} first: log in there once.`)),
    );
    client.on('ready', () => {
      isOpen = true;
      const session: Session = {
        fingerprint: shown,
        run: (words, on) => Promise.race([execute(client, words, on), lost.promise]),
        close: () => {
          signal.removeEventListener('abort', stop);
          client.end();
        },
      };
      resolve({ session });
    });
    const attempt = attempts(login, () => left);
    client.connect({
      host,
      port,
      username: user,
      readyTimeout: loginMs,
      keepaliveInterval: askEveryMs,
      keepaliveCountMax: silentMs / askEveryMs,
      algorithms: { serverHostKey: [...kind] },
      hostVerifier: (key: Buffer) => {
        shown = fingerprintOf(key);
        return fingerprint === undefined || fingerprint === shown;
      },
      authHandler: (methods: readonly string[] | null, _partial, next) => {
        left = methods ?? [];
        const { value, done } = attempt.next();
        if (done !== true) return next(value);
        fail(new DeployFailure(`${host} does not let ${user} in: ${value}.`));
      },
    });
  });
}

/** Keeps the end of what a stream says, and tells its lines. */
function reader(line: (line: string) => void = () => undefined): { take(chunk: Buffer): void; text(): string } {
  let kept = '';
  let open = '';
  return {
    take(chunk) {
      const text = chunk.toString('utf8');
      kept = (kept + text).slice(-mostKept);
      const lines = (open + text).split('\n');
      open = (lines.pop() ?? '').slice(-mostKept);
      lines.forEach((one) => line(one));
    },
    text: () => kept,
  };
}

const execute = (client: Client, words: string, { input, line }: Parameters<Session['run']>[1] = {}): Promise<Ended> =>
  new Promise((resolve, reject) => {
    client.exec(words, (error: Error | undefined, channel: ClientChannel) => {
      if (error !== undefined) return reject(new DeployFailure(`The host runs no commands: ${error.message}.`, { cause: error }));
      const [stdout, stderr] = [reader(line), reader()];
      let code = -1;
      let said = 0;
      const hear = (who: ReturnType<typeof reader>, chunk: Buffer): void => {
        said += chunk.length;
        if (said <= mostSaid) return who.take(chunk);
        channel.close();
        reject(new DeployFailure(`The host says more than ${mostSaid / 2 ** 20} MB to one command.`));
      };
      channel.on('data', (chunk: Buffer) => hear(stdout, chunk));
      channel.stderr.on('data', (chunk: Buffer) => hear(stderr, chunk));
      channel.on('exit', (status: number | null) => (code = status ?? -1));
      channel.on('close', () => resolve({ code, stdout: stdout.text(), stderr: stderr.text() }));
      // Whoever ends early does not read the rest.
      channel.on('error', () => undefined);
      if (input === undefined || typeof input === 'string') channel.end(input ?? '');
      else {
        const source = input();
        source.on('error', reject).pipe(channel);
        // Where the host has heard enough, nobody reads the rest.
        channel.once('close', () => source.destroy());
      }
    });
  });

/** Logs in. Nothing is sent to a host that shows another key than the expected one. Throws DeployFailure. */
export async function connect(login: SshLogin): Promise<Session> {
  // A host shows one key of those that it is asked for, and it may be another kind that was confirmed.
  for (const kind of kinds) {
    const found = await connectWith(kind, login);
    if (found !== 'another-key') return found.session;
  }
  throw new DeployFailure(
    login.fingerprint === undefined
      ? `${login.host} has no host key that is safe to use (Ed25519, ECDSA, or RSA with SHA-2).`
      : `${login.host} shows another host key than ${login.fingerprint}, so nothing was sent to it. If its keys were made anew, confirm the new fingerprint.`,
  );
}
