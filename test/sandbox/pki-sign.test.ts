import { lookup } from 'node:dns/promises';
import { readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { httpsGet } from '../../src/setup/host/https-get.ts';
import { privateKey } from '../../src/setup/host/memory/private-keys.ts';
import { certificatesIn } from '../../src/setup/pki/chain.ts';
import { belongsTo, covers } from '../../src/setup/pki/inspect.ts';
import { makeRequest } from '../../src/setup/pki/request.ts';
import { engineOverSsh } from '../support/engine-over-ssh.ts';
import { freePort } from '../support/free-port.ts';
import { type Trial, filesHolding, manifest, newTrial, run } from '../support/trial.ts';

/* The authority of an engine, and a WebSocket proxy elsewhere that it signs for. */

let trial: Trial;
const key = privateKey(2048);
const request = makeRequest({ key, names: ['proxy.example.net'] });
const sign = (words: readonly string[], input?: string) =>
  run(['pki', 'sign', `--root=${trial.root}`, ...words], input === undefined ? {} : { input });

beforeAll(async () => {
  trial = await newTrial();
  const { code, stdout } = await run(trial.unattended);
  expect(code, stdout).toBe(0);
}, 120_000);
afterAll(() => trial.remove());

describe('pki sign', () => {
  test('prints a certificate for the request in a file, or on standard input, and changes nothing', async () => {
    const path = join(trial.directory, 'proxy.csr');
    writeFileSync(path, request);
    const before = manifest(join(trial.root, 'etc'));
    for (const ended of [await sign([path, '--name=proxy.example.net']), await sign(['-', '--name=proxy.example.net'], request)]) {
      expect(ended.code, ended.stderr).toBe(0);
      const [own, engine, authority] = certificatesIn(ended.stdout);
      expect(belongsTo(own!, key) && own!.verify(authority!.publicKey) && engine!.verify(authority!.publicKey)).toBe(true);
      expect([covers(own!, 'proxy.example.net'), covers(engine!, 'localhost')]).toEqual([true, true]);
    }
    expect(manifest(join(trial.root, 'etc'))).toEqual(before);
  });

  test('refuses what it does not sign, and prints nothing', async () => {
    const own = await sign(['-', '--name=localhost'], makeRequest({ key, names: ['localhost'] }));
    expect([own.code, own.stdout]).toEqual([4, '']);
    expect(own.stderr).toContain('names the engine itself');
    expect((await sign(['/none', '--name=proxy.example.net'])).stderr).toContain('/none cannot be read: it is not there');
    expect((await sign(['-', '--name=proxy.example.net'], 'x'.repeat(100_000))).stderr).toContain('larger than 64 KiB');
  });

  test('wants a file, a name, and an engine', async () => {
    expect([(await sign([])).code, (await sign(['-'])).code, (await sign(['-', 'x', '--name=a'])).code]).toEqual([2, 2, 2]);
    const elsewhere = await run(['pki', 'sign', '-', '--name=a', `--root=${join(trial.directory, 'empty')}`], { input: request });
    expect(elsewhere.code).toBe(4);
    expect(elsewhere.stderr).toContain('no engine here');
  });
});

// Below a root the name of a host has to be on loopback, and the engine of the trial has localhost for itself.
const ownName = hostname();
const isLoopback = await lookup(ownName, { all: true }).then(
  (found) => ownName !== 'localhost' && found.every(({ address }) => address.startsWith('127.') || address === '::1'),
  () => false,
);

describe.skipIf(!isLoopback)(`a WebSocket proxy below a root of its own${isLoopback ? '' : ' (needs a host name on loopback)'}`, () => {
  const commands: string[] = [];
  let engine: Awaited<ReturnType<typeof engineOverSsh>>;
  beforeAll(async () => {
    engine = await engineOverSsh(trial.root, 'canary-Wort-77', commands);
  });
  afterAll(() => engine.close());

  /** Answers of a proxy for the engine of the trial. */
  const answersOf = async (name: string, more: readonly string[]) => {
    const root = join(trial.directory, name);
    const port = await freePort();
    const lines = [
      '[environment:default]',
      `OVESETUP_CONFIG/fqdn=str:${ownName}`,
      'OVESETUP_ENGINE_CORE/enable=bool:False',
      'OVESETUP_DWH_CORE/enable=bool:False',
      'OVESETUP_CONFIG/websocketProxyConfig=bool:True',
      `OVESETUP_CONFIG/websocketProxyPort=int:${port}`,
      'OVESETUP_ENGINE_CONFIG/fqdn=str:localhost',
      'OVESETUP_DIALOG/confirmSettings=bool:True',
      ...more,
    ];
    const path = join(trial.directory, `${name}.conf`);
    writeFileSync(path, `${lines.join('\n')}\n`, { mode: 0o600 });
    const pki = (file: string): string => readFileSync(join(root, 'etc/pki/ovirt-engine', file), 'utf8');
    return { root, port, pki, setup: (...words: readonly string[]) => run([`--root=${root}`, `--config-append=${path}`, ...words]) };
  };
  /** What the proxy answers to whoever comes without a WebSocket, and trusts the engine's authority alone. */
  const answered = async (port: number) => {
    const ca = readFileSync(join(trial.root, 'etc/pki/ovirt-engine/ca.pem'), 'utf8');
    return (await httpsGet({ url: `https://${ownName}:${port}/`, ca, timeoutMs: 10_000 })).status;
  };

  test('runs with a certificate that was signed over ssh', async () => {
    const proxy = await answersOf('over-ssh', [
      `OVESETUP_CONFIG/remoteEngineHostSshPort=int:${engine.port}`,
      `OVESETUP_CONFIG/remoteEngineHostKey=str:${engine.fingerprint}`,
      'OVESETUP_CONFIG/remoteEngineHostRootPassword=str:canary-Wort-77',
    ]);
    try {
      const { code, stdout } = await proxy.setup();
      expect(code, stdout).toBe(0);
      expect(commands).toEqual(['id -u', `engine-setup pki sign - --name=${ownName}`]);
      expect(await answered(proxy.port)).toBe(426);
      expect(proxy.pki('certs/engine.cer')).toBe(readFileSync(join(trial.root, 'etc/pki/ovirt-engine/certs/engine.cer'), 'utf8'));
      expect(filesHolding(proxy.root, 'canary-Wort-77')).toEqual([]);
    } finally {
      await run(['sandbox', 'reset', `--root=${proxy.root}`]);
    }
  });

  test('runs with one that was carried over by hand', async () => {
    const signed = join(trial.directory, 'by-hand', 'signed.pem');
    const proxy = await answersOf('by-hand', ['OVESETUP_CONFIG/remoteEngineSetupStyle=str:manual_files']);
    try {
      const first = await proxy.setup();
      expect(first.code, first.stdout).toBe(0);
      expect(first.stdout).toContain(`Copy ${proxy.root}/etc/pki/ovirt-engine/requests/websocket-proxy.csr to localhost`);
      writeFileSync(signed, (await sign(['-', `--name=${ownName}`], proxy.pki('requests/websocket-proxy.csr'))).stdout);
      const second = await proxy.setup(`--set=OVESETUP_CONFIG/websocketProxySignedCertificate=${signed}`);
      expect(second.code, second.stdout).toBe(0);
      expect(await answered(proxy.port)).toBe(426);
    } finally {
      await run(['sandbox', 'reset', `--root=${proxy.root}`]);
    }
  });
});
