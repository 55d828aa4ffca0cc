import { createPrivateKey } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { crypto } from '../../../../src/setup/host/crypto.ts';
import { readPkcs12 } from '../../../../src/setup/pki/pkcs12.ts';
import { type Contents, makeStore, storeHolds } from '../../../../src/setup/pki/store.ts';
import { type ForeignAuthority, foreignAuthority } from '../../../support/foreign-authority.ts';

const password = `Truhe "4714" $x`;
const keytool = (process.env['PATH'] ?? '').split(':').some((directory) => existsSync(join(directory, 'keytool')));

let authority: ForeignAuthority;
let root: string;
beforeAll(() => {
  authority = foreignAuthority();
  authority.issue('ec');
  authority.issue('rsa', { key: 'rsa:2048' });
  root = authority.read('root.pem');
  writeFileSync(authority.path('password'), password, { mode: 0o600 });
});
afterAll(() => authority.remove());

const pair = (id: string) => ({ certificate: authority.read(`${id}.pem`), key: authority.read(`${id}.key`) });
const trusted = (trustedAs = 'cacert'): Contents => ({ certificate: root, trustedAs });
const holds = (bytes: Uint8Array, contents: Contents, word = password) => storeHolds(bytes, contents, word, crypto);
const made = (contents: Contents, word = password) => makeStore(contents, word, crypto);

/** What openssl makes of a store of ours, opened with the password. */
function read(bytes: Uint8Array, ...more: readonly string[]): string {
  writeFileSync(authority.path('made.p12'), bytes);
  return authority.openssl('pkcs12', '-in', 'made.p12', '-passin', 'file:password', ...more);
}
const exported = (id: string, ...more: readonly string[]): Buffer => {
  const words = ['-in', `${id}.pem`, '-inkey', `${id}.key`, '-passout', 'file:password', ...more, '-out', 'exported.p12'];
  authority.openssl('pkcs12', '-export', ...words);
  return readFileSync(authority.path('exported.p12'));
};
const publicKey = (pem: string) => createPrivateKey(pem).export({ type: 'pkcs8', format: 'pem' });

describe.each(['rsa', 'ec'])('a store with a certificate and its key: %s', (id) => {
  test('is opened by openssl, with nothing but these in it, and by the library that reads those of others', async () => {
    const bytes = await made(pair(id));
    expect(publicKey(read(bytes, '-nocerts', '-noenc'))).toBe(publicKey(pair(id).key));
    const certificates = read(bytes, '-nokeys').match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n/g);
    expect(certificates).toEqual([pair(id).certificate.slice(pair(id).certificate.indexOf('-----BEGIN'))]);
    const ids = [...read(bytes, '-noenc').matchAll(/localKeyID: (.+)/g)].map(([, found]) => found);
    expect([ids.length, new Set(ids).size]).toEqual([2, 1]);
    expect(readPkcs12(bytes, password)).toMatchObject({ certificates: { length: 1 }, keys: [publicKey(pair(id).key)] });
  });

  test('is known again by what is in it, also where openssl has made it', async () => {
    for (const bytes of [await made(pair(id)), exported(id), exported(id, '-name', 'mine')]) {
      expect(await holds(bytes, pair(id))).toBe(true);
      expect(await holds(bytes, pair(id), `${password}.`)).toBe(false);
      expect(await holds(bytes, pair(id === 'ec' ? 'rsa' : 'ec'))).toBe(false);
      expect(await holds(bytes, { ...pair(id), key: pair(id === 'ec' ? 'rsa' : 'ec').key })).toBe(false);
      expect(await holds(bytes, { certificate: pair(id).certificate, trustedAs: 'cacert' })).toBe(false);
    }
    // More certificates than that one, and forms of other times, which programs of today no longer open.
    expect(await holds(exported(id, '-certfile', 'chain.pem'), pair(id))).toBe(false);
    const old = ['-certpbe', 'PBE-SHA1-3DES', '-keypbe', 'PBE-SHA1-3DES', '-macalg', 'sha1'];
    expect(await holds(exported(id, ...old), pair(id))).toBe(false);
  });

  test('does not show the key, nor the certificate, and never looks the same twice', async () => {
    const [one, other] = [await made(pair(id)), await made(pair(id))];
    expect(one.equals(other)).toBe(false);
    const raw = createPrivateKey(pair(id).key).export({ type: 'pkcs8', format: 'der' });
    expect(one.includes(raw.subarray(-32))).toBe(false);
    expect(one.includes(id)).toBe(false);
  });
});

test('a store that is damaged anywhere holds nothing', async () => {
  const bytes = await made(pair('ec'));
  // Every byte of its head, and then one of several.
  for (let at = 0; at < bytes.length; at += at < 32 ? 1 : 7) {
    const damaged = Buffer.from(bytes);
    damaged[at] = (damaged[at] ?? 0) ^ 0x41;
    expect(await holds(damaged, pair('ec')), `byte ${at}`).toBe(false);
    expect(await holds(bytes.subarray(0, at), pair('ec')), `up to byte ${at}`).toBe(false);
  }
});

test('a store that wants more rounds than anybody has is not worked on', async () => {
  const bytes = await made(pair('ec'));
  // The last value is how often the password is hashed for the seal.
  const endless = Buffer.concat([bytes.subarray(0, -4), Buffer.from('02047fffffff', 'hex')]);
  const rounds: number[] = [];
  const watched = {
    ...crypto,
    pbkdf2: (word: string, salt: Uint8Array, count: number) => (rounds.push(count), crypto.pbkdf2(word, salt, count)),
  };
  expect(await storeHolds(endless, pair('ec'), password, watched)).toBe(false);
  expect(rounds).toEqual([]);
});

test('a file that is far too large for a store is not even looked into', async () => {
  const full = Buffer.alloc(65_537);
  const looked: number[] = [];
  const subarray = full.subarray.bind(full);
  full.subarray = (from, to) => (looked.push(from ?? 0), subarray(from, to));
  expect(await holds(full, pair('ec'))).toBe(false);
  expect(looked).toEqual([]);
});

describe('a truststore', () => {
  test('names the certificate, and says in the way of Java that it is trusted', async () => {
    const bytes = await made(trusted());
    const shown = read(bytes, '-info');
    expect(shown).toContain('friendlyName: cacert');
    expect(shown).toContain('2.16.840.1.113894.746875.1.1:');
    expect(read(bytes, '-nocerts', '-noenc')).toBe('');
    expect(await holds(bytes, trusted())).toBe(true);
    expect(await holds(bytes, trusted('other'))).toBe(false);
    expect(await holds(bytes, { ...trusted(), certificate: pair('ec').certificate })).toBe(false);
    // openssl knows no trust here: Java would find nothing in it.
    const bare = ['-in', 'root.pem', '-nokeys', '-caname', 'cacert', '-passout', 'file:password', '-out', 'exported.p12'];
    authority.openssl('pkcs12', '-export', ...bare);
    expect(await holds(readFileSync(authority.path('exported.p12')), trusted())).toBe(false);
  });

  test.skipIf(!keytool)('is read by keytool, as a store with a key is, and what keytool writes is known again', async () => {
    writeFileSync(authority.path('word'), 'mypass\n', { mode: 0o600 });
    const run = (...words: readonly string[]): string =>
      execFileSync('keytool', [...words, '-storepass:file', authority.path('word')], { encoding: 'utf8', stdio: 'pipe' });
    const listed = (bytes: Uint8Array): string => {
      writeFileSync(authority.path('listed.p12'), bytes);
      return run('-list', '-keystore', authority.path('listed.p12'));
    };
    expect(listed(await made(trusted(), 'mypass'))).toMatch(/cacert, .*, trustedCertEntry,/);
    // The alias that the configuration of the engine names.
    expect(listed(await made(pair('rsa'), 'mypass'))).toMatch(/^1, .*, PrivateKeyEntry,/m);
    const target = ['-keystore', authority.path('java.p12'), '-storetype', 'PKCS12'];
    run('-importcert', '-noprompt', '-alias', 'cacert', '-file', authority.path('root.pem'), ...target);
    expect(await holds(readFileSync(authority.path('java.p12')), trusted(), 'mypass')).toBe(true);
  });
});
