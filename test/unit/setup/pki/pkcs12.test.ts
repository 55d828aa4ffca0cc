import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { belongsTo } from '../../../../src/setup/pki/inspect.ts';
import { readPkcs12 } from '../../../../src/setup/pki/pkcs12.ts';
import { type ForeignAuthority, foreignAuthority } from '../../../support/foreign-authority.ts';

let authority: ForeignAuthority;
beforeAll(() => {
  authority = foreignAuthority();
  authority.issue('ec');
  authority.issue('rsa', { key: 'rsa:2048' });
});
afterAll(() => authority.remove());

const store = (id: string, password: string, ...more: readonly string[]): Buffer => {
  const chain = ['-certfile', 'chain.pem', '-passout', `pass:${password}`];
  authority.openssl('pkcs12', '-export', '-in', `${id}.pem`, '-inkey', `${id}.key`, ...chain, ...more, '-out', `${id}.p12`);
  return readFileSync(authority.path(`${id}.p12`));
};

test.each(['ec', 'rsa'])('a PKCS#12 file that openssl has written is read: %s', (id) => {
  const { certificates, keys } = readPkcs12(store(id, 'pass word'), 'pass word');
  const read = certificates.map((pem) => new X509Certificate(pem).subject);
  expect(read.toSorted()).toEqual(['Foreign Middle', 'Foreign Root', id].map((name) => `O=Foreign\nCN=${name}`).toSorted());
  const own = certificates.map((pem) => new X509Certificate(pem)).find(({ subject }) => subject.endsWith(id));
  expect(keys.map((key) => belongsTo(own!, key))).toEqual([true]);
});

test('also one in the old form, and one without a password', () => {
  const old = ['-certpbe', 'PBE-SHA1-3DES', '-keypbe', 'PBE-SHA1-3DES', '-macalg', 'sha1'];
  expect(readPkcs12(store('rsa', 'old', ...old), 'old').keys).toHaveLength(1);
  expect(readPkcs12(store('rsa', ''), '').keys).toHaveLength(1);
});

test('another password opens nothing, and junk is none', () => {
  const bytes = store('ec', 'right');
  expect(() => readPkcs12(bytes, 'wrong')).toThrow();
  expect(() => readPkcs12(bytes, '')).toThrow();
  expect(() => readPkcs12(bytes.subarray(0, 200), 'right')).toThrow();
  expect(() => readPkcs12(Buffer.from('junk'), '')).toThrow();
});
