import { generateKeyPairSync } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import ssh2, { type AuthContext, type Connection } from 'ssh2';
import { afterEach, describe, expect, test } from 'vitest';
import { readOverSsh, sshHostKeys, sshLogin, sshRun } from '../../../../src/setup/host/ssh.ts';

const { Server, utils } = ssh2;
const ed25519 = utils.generateKeyPairSync('ed25519');
const rsa = utils.generateKeyPairSync('rsa', { bits: 2048 });
const own = utils.generateKeyPairSync('ed25519');
const password = 'canary-Wort-77';

const closing: (() => void)[] = [];
afterEach(() => closing.splice(0).forEach((close) => close()));

interface Behaviour {
  readonly hostKeys?: readonly string[];
  readonly methods?: readonly ('password' | 'publickey' | 'keyboard-interactive')[];
  readonly uid?: string;
}

/** A real SSH server on loopback, which notes every attempt to get in. */
async function serve({ hostKeys = [ed25519.private], methods = ['publickey', 'password'], uid = '0' }: Behaviour = {}) {
  const attempts: string[] = [];
  const clients = new Set<Connection>();
  const letIn = (context: AuthContext): void => {
    attempts.push(context.method === 'password' ? `password ${context.password}` : context.method);
    const offered = (methods as readonly string[]).includes(context.method);
    const key = utils.parseKey(own.public);
    if (offered && context.username === 'root') {
      if (context.method === 'password' && context.password === password) return context.accept();
      if (context.method === 'keyboard-interactive')
        return context.prompt([{ prompt: 'Password: ', echo: false }], ([answer]) =>
          answer === password ? context.accept() : context.reject([...methods]),
        );
      if (context.method === 'publickey' && !(key instanceof Error) && context.key.data.equals(key.getPublicSSH())) return context.accept();
    }
    context.reject([...methods]);
  };
  const server = new Server({ hostKeys: [...hostKeys] }, (client) => {
    clients.add(client);
    client.on('error', () => undefined);
    client.on('authentication', letIn);
    client.on('session', (accept) =>
      accept().on('exec', (accepted, _rejected, { command }) => {
        const channel = accepted();
        let input = '';
        channel.on('data', (chunk: Buffer) => (input += chunk.toString()));
        channel.on('end', () => {
          channel.write(command === 'id -u' ? `${uid}\n` : `${command}: ${input}`);
          channel.stderr.write('a warning');
          channel.exit(command === 'fail' ? 3 : 0);
          channel.end();
        });
      }),
    );
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  closing.push(() => {
    for (const client of clients) client.end();
    server.close();
  });
  const at = { host: '127.0.0.1', port: (server.address() as AddressInfo).port, timeoutMs: 10_000 };
  const keys = await sshHostKeys(at);
  return { at, keys, attempts, login: { ...at, hostKeys: keys.map(({ fingerprint }) => fingerprint), password, keys: [] } };
}

describe('the host keys of an SSH server', () => {
  test('are read without a word about who asks, the best kind first', async () => {
    const { keys, attempts } = await serve({ hostKeys: [rsa.private, ed25519.private] });
    expect(keys.map(({ type, base64 }) => `${type} ${base64}`)).toEqual([ed25519.public.trim(), rsa.public.trim()]);
    expect(keys[0]?.fingerprint).toMatch(/^SHA256:[A-Za-z0-9+/]{43}$/);
    expect(attempts).toEqual([]);
  });

  test('are none where nobody listens', async () => {
    expect(await sshHostKeys({ host: '127.0.0.1', port: 1, timeoutMs: 2000 })).toEqual([]);
  });
});

describe('the login of root', () => {
  test('works with the password, and runs a command with its input', async () => {
    const { login } = await serve();
    expect(await sshLogin(login)).toBeUndefined();
    expect(await sshRun(login, 'sign', 'the request')).toEqual({ code: 0, stdout: 'sign: the request', stderr: 'a warning' });
    expect(await sshRun(login, 'fail', '')).toMatchObject({ code: 3 });
  });

  test('reads a file, whatever its name is, as far as it gets in', async () => {
    const { login } = await serve();
    expect(await readOverSsh(login, '/etc/x')).toEqual({ text: "cat -- '/etc/x': " });
    expect(await readOverSsh(login, "/etc/it's $(here)")).toEqual({ text: "cat -- '/etc/it'\\''s $(here)': " });
    expect(await readOverSsh({ ...login, password: 'wrong' }, '/etc/x')).toBe('denied');
  });

  test('works where passwords are asked for as by a program (keyboard-interactive)', async () => {
    const { login } = await serve({ methods: ['keyboard-interactive'] });
    expect(await sshLogin(login)).toBeUndefined();
    expect(await sshLogin({ ...login, password: 'wrong' })).toBe('denied');
  });

  test('works with a key where there is no password, and passes over locked ones', async () => {
    const { login, attempts } = await serve();
    const locked = generateKeyPairSync('ed25519', {
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' },
    }).privateKey;
    expect(await sshLogin({ ...login, password: '', keys: [locked, own.private] })).toBeUndefined();
    expect(await sshLogin({ ...login, password: '', keys: [locked] })).toBe('no-keys');
    expect(await sshLogin({ ...login, password: '', keys: [ed25519.private] })).toBe('denied');
    expect(attempts.some((one) => one.startsWith('password'))).toBe(false);
  });

  test('sends nothing to a server that shows another key than the confirmed one', async () => {
    const { login, attempts } = await serve();
    const other = `SHA256:${'A'.repeat(43)}`;
    expect(await sshLogin({ ...login, hostKeys: [other] })).toBe('another-key');
    expect(await sshLogin({ ...login, hostKeys: [] })).toBe('another-key');
    expect(attempts).toEqual([]);
  });

  test('finds the confirmed key also where the server has one of a better kind', async () => {
    const { login, keys } = await serve({ hostKeys: [rsa.private, ed25519.private] });
    expect(await sshLogin({ ...login, hostKeys: [keys[1]?.fingerprint ?? ''] })).toBeUndefined();
  });

  test('says why it fails', async () => {
    const { login } = await serve();
    expect(await sshLogin({ ...login, password: 'wrong' })).toBe('denied');
    const noRoot = await serve({ uid: '1000' });
    expect(await sshLogin(noRoot.login)).toBe('not-root');
    const keysOnly = await serve({ methods: ['publickey'] });
    expect(await sshLogin(keysOnly.login)).toBe('no-passwords');
    expect(keysOnly.attempts.filter((one) => one.startsWith('password'))).toEqual([]);
    const passwordsOnly = await serve({ methods: ['password'] });
    expect(await sshLogin({ ...passwordsOnly.login, password: '', keys: [own.private] })).toBe('no-keys');
    expect(await sshLogin({ ...login, port: 1 })).toBe('unreachable');
  });
});
