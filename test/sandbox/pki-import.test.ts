import { existsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ForeignAuthority, foreignAuthority, ofServers } from '../support/foreign-authority.ts';
import { type Trial, filesHolding, livePaths, manifest, newTrial, run } from '../support/trial.ts';
import { hasCurl } from '../support/trial-client.ts';

/* A certificate of somebody else's authority in a real trial, as clients that are not ours see it. */

let trial: Trial;
let authority: ForeignAuthority;
beforeAll(async () => {
  if (!hasCurl) return;
  authority = foreignAuthority();
  authority.issue('web', { extensions: ofServers('DNS:localhost,IP:127.0.0.1'), to: '20400101000000Z' });
  authority.issue('elsewhere', { extensions: ofServers('DNS:elsewhere.org') });
  writeFileSync(authority.path('password'), 'canary-of-the-key\n', { mode: 0o600 });
  const locked = ['-topk8', '-in', 'web.key', '-out', 'locked.key', '-passout', 'file:password'];
  authority.openssl('pkcs8', ...locked);
  trial = await newTrial();
  const { code, stdout } = await run(trial.unattended);
  expect(code, stdout).toBe(0);
}, 120_000);
afterAll(async () => {
  if (!hasCurl) return;
  authority.remove();
  await trial.remove();
});

const pki = (file: string): string => join(trial.root, 'etc/pki/ovirt-engine', file);
const importing = (...words: readonly string[]) => run(['pki', 'import', `--root=${trial.root}`, ...words]);
const files = (certificate: string, key: string): readonly string[] => [
  `--certificate=${authority.path(certificate)}`,
  `--key=${authority.path(key)}`,
  `--chain=${authority.path('chain.pem')}`,
  `--key-password-file=${authority.path('password')}`,
];

/** What curl gets from the engine when it trusts a CA alone: status and headers. */
const curl = (ca: string) =>
  execa('curl', ['-sSi', '--noproxy', '*', '--cacert', ca, `https://localhost:${trial.httpsPort}/ovirt-engine/services/health`], {
    reject: false,
  });
/** How openssl verifies who answers at a port. */
const verified = async (port: number, ca: string): Promise<string> => {
  const words = ['-connect', `localhost:${port}`, '-servername', 'localhost', '-verify_hostname', 'localhost', '-CAfile', ca, '-no-CApath'];
  const { stdout } = await execa('openssl', ['s_client', ...words], { input: '', reject: false });
  return /Verify return code: (.*)/.exec(stdout)?.[1] ?? stdout;
};
const pids = async () => (await trial.status()).services.map(({ name, pid }) => [name, pid]);

describe.skipIf(!hasCurl)(`pki import${hasCurl ? '' : ' (needs curl)'}`, () => {
  test('refuses what cannot be used, with all that is wrong, and changes nothing', async () => {
    const before = manifest(trial.root, livePaths);
    const { code, stdout } = await importing(...files('elsewhere.pem', 'locked.key'));
    expect(code).toBe(4);
    expect(stdout).toContain('does not belong to');
    expect(stdout).toContain('does not speak for localhost');
    const unreadable = await importing(
      `--certificate=${authority.path('web.pem')}`,
      `--key=${authority.path('locked.key')}`,
      '--chain=/none',
    );
    expect([unreadable.code, unreadable.stderr]).toEqual([
      4,
      expect.stringMatching(/--chain=\/none.*\n.*\n.*--key=.*password does not open it/),
    ]);
    expect(manifest(trial.root, livePaths)).toEqual(before);
    expect(await verified(trial.httpsPort, pki('ca.pem'))).toBe('0 (ok)');
  });

  test('puts the certificate wherever browsers come, and trust where it is verified', async () => {
    const { code, stdout, stderr } = await importing(...files('web.pem', 'locked.key'));
    expect(code, stdout + stderr).toBe(0);
    const fingerprint = authority.openssl('x509', '-in', 'web.pem', '-noout', '-fingerprint', '-sha256').trim().split('=')[1] ?? '';
    expect(stdout).toContain(`Imported certificate: SHA256: ${fingerprint}`);
    const root = authority.path('root.pem');
    expect(await verified(trial.httpsPort, root)).toBe('0 (ok)');
    expect(await verified(trial.websocketPort, root)).toBe('0 (ok)');
    expect(await verified(trial.imageioPort, root)).toBe('0 (ok)');
    expect((await curl(pki('ca.pem'))).exitCode).toBe(60);
    const seen = await curl(root);
    expect(seen.stdout).toMatch(/^HTTP\/1\.1 200 /);
    expect(seen.stdout).toMatch(/^strict-transport-security: max-age=31536000\r$/im);
    expect((await trial.status()).caFile).toBe(pki('apache-ca.pem'));
    expect((await curl(pki('apache-ca.pem'))).exitCode).toBe(0);
  });

  test('leaves the key where it belongs alone, and no word of it elsewhere', async () => {
    const keys = ['apache', 'imageio-proxy', 'websocket-proxy'].map((name) => `/etc/pki/ovirt-engine/keys/${name}.key.nopass`);
    expect(filesHolding(trial.root, authority.read('web.key').split('\n')[1] ?? '').toSorted()).toEqual(keys);
    for (const path of keys) expect(statSync(join(trial.root, path)).mode & 0o777).toBe(0o600);
    expect(filesHolding(trial.root, 'canary-of-the-key')).toEqual([]);
  });

  test('has nothing to do a second time, and later runs keep it', async () => {
    const before = [manifest(join(trial.root, 'etc')), await pids()];
    expect((await importing(...files('web.pem', 'locked.key'))).code).toBe(0);
    const { code, stdout } = await run(trial.unattended);
    expect(code, stdout).toBe(0);
    expect([manifest(join(trial.root, 'etc')), await pids()]).toEqual(before);
  });

  test('takes the same from a PKCS#12 file', async () => {
    const words = ['-in', 'web.pem', '-inkey', 'web.key', '-certfile', 'chain.pem', '-out', 'web.p12', '-passout', 'file:password'];
    authority.openssl('pkcs12', '-export', ...words);
    const before = [manifest(join(trial.root, 'etc')), await pids()];
    const store = [`--certificate=${authority.path('web.p12')}`, `--key-password-file=${authority.path('password')}`];
    const { code, stdout, stderr } = await importing(...store);
    expect(code, stdout + stderr).toBe(0);
    expect([manifest(join(trial.root, 'etc')), await pids()]).toEqual(before);
  });

  test('goes back to our own authority, with keys of its own', async () => {
    const { code, stdout } = await importing('--ours');
    expect(code, stdout).toBe(0);
    expect(stdout).toContain('[WARNING] Browsers that have seen the imported certificate');
    for (const port of [trial.httpsPort, trial.websocketPort, trial.imageioPort])
      expect(await verified(port, pki('ca.pem'))).toBe('0 (ok)');
    const seen = await curl(pki('ca.pem'));
    expect(seen.stdout).toMatch(/^HTTP\/1\.1 200 /);
    expect(seen.stdout).not.toMatch(/strict-transport-security/i);
    expect(existsSync(pki('apache-ca.pem'))).toBe(false);
    expect(filesHolding(trial.root, authority.read('web.key').split('\n')[1] ?? '')).toEqual([]);
    expect((await run(trial.unattended)).code).toBe(0);
  });
});
