import { X509Certificate, createPrivateKey } from 'node:crypto';
import { appendFileSync, existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Trial, filesHolding, manifest, newTrial, run } from '../support/trial.ts';

/* The PKCS#12 files of a real trial, as programs read them that are not ours. */

const has = (program: string): boolean => (process.env['PATH'] ?? '').split(':').some((directory) => existsSync(join(directory, program)));
const password = 'canary-Truhe%4714';
const names = ['engine', 'apache', 'websocket-proxy'];

let trial: Trial;
let passwordFile: string;
beforeAll(async () => {
  trial = await newTrial();
  appendFileSync(trial.answers, `OVESETUP_PKI/storePassword=str:${password}\n`);
  passwordFile = join(trial.directory, 'store-password');
  writeFileSync(passwordFile, password, { mode: 0o600 });
  const { code, stdout } = await run(trial.unattended);
  expect(code, stdout).toBe(0);
}, 120_000);
afterAll(() => trial.remove());

const pki = (file: string): string => join(trial.root, 'etc/pki/ovirt-engine', file);
const store = (name: string): string => pki(`keys/${name}.p12`);
const openssl = async (path: string, ...words: readonly string[]): Promise<string> =>
  (await execa('openssl', ['pkcs12', '-in', path, '-passin', `file:${passwordFile}`, ...words])).stdout;
const certificatesIn = (text: string): readonly string[] =>
  (text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []).map((pem) => new X509Certificate(pem).fingerprint256);
const fingerprint = (file: string): string => new X509Certificate(readFileSync(pki(file))).fingerprint256;
const keyIn = (text: string) => createPrivateKey(text).export({ type: 'pkcs8', format: 'pem' });
const changed = (before: Readonly<Record<string, string>>): readonly string[] => {
  const after = manifest(pki(''));
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].filter((path) => before[path] !== after[path]).toSorted();
};
const pids = async () => (await trial.status()).services.map(({ name, pid }) => [name, pid]);

describe('the stores of a trial', () => {
  test.each(names)('%s.p12 holds the key and the certificate of the files in PEM, and nothing else', async (name) => {
    expect(await openssl(store(name), '-info', '-noout')).toBe('');
    expect(certificatesIn(await openssl(store(name), '-nokeys'))).toEqual([fingerprint(`certs/${name}.cer`)]);
    expect(keyIn(await openssl(store(name), '-nocerts', '-noenc'))).toBe(keyIn(readFileSync(pki(`keys/${name}.key.nopass`), 'utf8')));
    expect(statSync(store(name)).mode & 0o7777).toBe(0o600);
  });

  test('the truststore holds the CA, for everybody to read', async () => {
    expect(certificatesIn(await openssl(pki('.truststore')))).toEqual([fingerprint('ca.pem')]);
    expect(statSync(pki('.truststore')).mode & 0o7777).toBe(0o644);
  });

  test.skipIf(!has('certtool'))('GnuTLS reads them, too', async () => {
    for (const path of [...names.map(store), pki('.truststore')]) {
      const { stdout } = await execa('certtool', ['--p12-info', '--inder', '--infile', path, '--password', password]);
      expect(stdout).toContain('-----BEGIN CERTIFICATE-----');
    }
  });

  test.skipIf(!has('keytool'))('Java finds the key under the alias that the configuration names, and trusts the CA', async () => {
    const list = async (path: string): Promise<string> =>
      (await execa('keytool', ['-list', '-keystore', path, '-storepass:file', passwordFile])).stdout;
    expect(await list(store('engine'))).toMatch(/^1, .*PrivateKeyEntry/m);
    expect(await list(pki('.truststore'))).toMatch(/^cacert, .*trustedCertEntry/m);
    expect(readFileSync(join(trial.root, 'etc/ovirt-engine/engine.conf.d/10-setup-pki.conf'), 'utf8')).toContain('STORE_ALIAS="1"');
  });

  test('are opened by a password that only the configuration of the engine and the answer file know', () => {
    const configuration = '/etc/ovirt-engine/engine.conf.d/10-setup-pki.conf';
    expect(filesHolding(trial.root, password).filter((path) => path !== configuration)).toEqual([]);
    expect(statSync(trial.root + configuration).mode & 0o007).toBe(0);
  });

  test('stay as they are when there is nothing to do, also when nobody says the password again', async () => {
    const before = [manifest(join(trial.root, 'etc')), names.map((name) => statSync(store(name)).mtimeMs), await pids()];
    writeFileSync(trial.answers, readFileSync(trial.answers, 'utf8').replace(/^OVESETUP_PKI\/storePassword=.*\n/m, ''));
    const { code, stdout } = await run(trial.unattended);
    expect(code, stdout).toBe(0);
    expect([manifest(join(trial.root, 'etc')), names.map((name) => statSync(store(name)).mtimeMs), await pids()]).toEqual(before);
  });

  test('are mended where they are damaged or gone, without a restart', async () => {
    const [before, running] = [manifest(pki('')), await pids()];
    writeFileSync(store('engine'), 'no store');
    rmSync(pki('.truststore'));
    expect((await run(trial.unattended)).code).toBe(0);
    expect(changed(before)).toEqual(['/.truststore', '/keys/engine.p12']);
    expect(keyIn(await openssl(store('engine'), '-nocerts', '-noenc'))).toBe(keyIn(readFileSync(pki('keys/engine.key.nopass'), 'utf8')));
    expect(certificatesIn(await openssl(pki('.truststore')))).toEqual([fingerprint('ca.pem')]);
    expect(await pids()).toEqual(running);
  });

  test('follow a certificate that is issued anew', async () => {
    const before = manifest(pki(''));
    rmSync(pki('certs/apache.cer'));
    expect((await run(trial.unattended)).code).toBe(0);
    expect(changed(before)).toEqual(['/certs/apache.cer', '/keys/apache.p12']);
    expect(certificatesIn(await openssl(store('apache'), '-nokeys'))).toEqual([fingerprint('certs/apache.cer')]);
  });
});
