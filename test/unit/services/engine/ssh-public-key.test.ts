import { describe, expect, test } from 'vitest';
import { BadSshKey, parseSshPublicKey } from '../../../../src/services/engine/pki/ssh-public-key.ts';
import { newSshKey } from '../../../support/vmconsole.ts';

const string = (bytes: Buffer | string): Buffer => {
  const body = Buffer.from(bytes as string);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(body.length);
  return Buffer.concat([length, body]);
};
const key = (type: string, ...parts: readonly (Buffer | string)[]): string =>
  `${type} ${Buffer.concat([string(type), ...parts.map(string)]).toString('base64')}`;
const point = (length: number, form = 4): Buffer => Buffer.concat([Buffer.of(form), Buffer.alloc(length - 1, 1)]);
const modulus = (bits: number): Buffer => Buffer.concat([Buffer.of(0), Buffer.alloc(bits / 8, 0xff)]);

describe('a public key of SSH', () => {
  test.each(['ed25519', 'rsa', 'ecdsa'] as const)('of the kind %s is taken, with its comment', (kind) => {
    const text = newSshKey(kind, 2048, 'me & my <key>');
    expect(parseSshPublicKey(text)).toMatchObject({ base64: text.split(' ')[1], comment: 'me & my <key>' });
    expect(parseSshPublicKey(text.split(' ', 2).join(' ')).comment).toBe('');
  });

  test.each([
    key('ecdsa-sha2-nistp384', 'nistp384', point(97)),
    key('ecdsa-sha2-nistp521', 'nistp521', point(133)),
    key('sk-ssh-ed25519@openssh.com', Buffer.alloc(32), 'ssh:'),
    key('sk-ecdsa-sha2-nistp256@openssh.com', 'nistp256', point(65), 'ssh:'),
    key('ssh-rsa', Buffer.of(1, 0, 1), modulus(16_384)),
  ])('is taken: %.60s', (text) => expect(parseSshPublicKey(text).comment).toBe(''));

  test.each([
    ['a short one of RSA', key('ssh-rsa', Buffer.of(1, 0, 1), modulus(2040)), '2048 to 16384 bits; this one has 2040'],
    ['an endless one of RSA', key('ssh-rsa', Buffer.of(1, 0, 1), modulus(16_392)), '2048 to 16384'],
    ['DSA', key('ssh-dss', Buffer.alloc(20)), 'Keys of this type are not taken'],
    ['a certificate', key('ssh-rsa-cert-v01@openssh.com', Buffer.alloc(20)), 'Keys of this type are not taken'],
  ])('is refused with a reason: %s', (_, text, reason) => expect(() => parseSshPublicKey(text)).toThrow(reason));

  test.each([
    ['nothing', ''],
    ['words', 'ssh-ed25519 key'],
    ['two lines', `${newSshKey()}\nssh-ed25519 ${'A'.repeat(68)}`],
    ['options', `command="id" ${newSshKey()}`],
    ['a private key', '-----BEGIN OPENSSH PRIVATE KEY-----'],
    ['another type in it', newSshKey().replace('ssh-ed25519', 'ssh-rsa')],
    ['too few bytes', key('ssh-ed25519', Buffer.alloc(31))],
    ['too many parts', key('ssh-ed25519', Buffer.alloc(32), 'x')],
    ['a negative modulus', key('ssh-rsa', Buffer.of(1, 0, 1), Buffer.alloc(256, 0xff))],
    ['no modulus', key('ssh-rsa', Buffer.of(1, 0, 1))],
    ['another curve', key('ecdsa-sha2-nistp256', 'nistp384', point(65))],
    ['a compressed point', key('ecdsa-sha2-nistp256', 'nistp256', point(65, 2))],
    ['no application of a token', key('sk-ssh-ed25519@openssh.com', Buffer.alloc(32))],
    [
      'a length that leads out of it',
      `ssh-ed25519 ${Buffer.concat([string('ssh-ed25519'), Buffer.of(0x7f, 255, 255, 255, 1)]).toString('base64')}`,
    ],
    [
      'bits behind the end',
      newSshKey()
        .replace(/^(\S+ \S{67})\S/, '$1B')
        .replace(/^(\S+) (\S+)/, '$1 $2='),
    ],
  ])('is none: %s', (_, text) => expect(() => parseSshPublicKey(text)).toThrow(BadSshKey));
});
