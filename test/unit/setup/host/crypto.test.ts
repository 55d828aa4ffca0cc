import { createPrivateKey, createPublicKey } from 'node:crypto';
import { expect, test } from 'vitest';
import { crypto } from '../../../../src/setup/host/crypto.ts';

test('scrypt agrees with the examples of RFC 7914', async () => {
  const key = await crypto.scrypt('pleaseletmein', Buffer.from('SodiumChloride'), { ln: 14, r: 8, p: 1 });
  expect(key.toString('hex')).toBe('7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2');
});

test('scrypt may use as much memory as its cost asks for', async () => {
  expect(await crypto.scrypt('password', Buffer.from('salt'), { ln: 16, r: 8, p: 1 })).toHaveLength(32);
});

test('a new private key is RSA of the wanted size, and never the same', async () => {
  const [a, b] = await Promise.all([crypto.newPrivateKey(2048), crypto.newPrivateKey(2048)]);
  expect(a).toMatch(/^-----BEGIN PRIVATE KEY-----\n/);
  expect(createPublicKey(createPrivateKey(a)).asymmetricKeyDetails).toMatchObject({ modulusLength: 2048 });
  expect(a).not.toBe(b);
  expect(crypto.random(16)).not.toEqual(crypto.random(16));
});
