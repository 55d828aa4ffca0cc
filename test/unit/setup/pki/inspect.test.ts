import { execFileSync } from 'node:child_process';
import { X509Certificate, randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { privateKey } from '../../../../src/setup/host/memory/private-keys.ts';
import {
  belongsTo,
  fingerprints,
  isDue,
  isPrivateKey,
  parseCertificate,
  sameKey,
  sshFingerprint,
  partOf,
} from '../../../../src/setup/pki/inspect.ts';
import { issueAuthority } from '../../../../src/setup/pki/issue.ts';
import { foreignAuthority } from '../../../support/foreign-authority.ts';

const key = privateKey(2048);
const now = new Date('2026-01-01T00:00:00Z');
const day = 24 * 60 * 60 * 1000;
const pem = issueAuthority({
  subject: { country: 'US', organization: 'X', commonName: 'x' },
  key,
  serial: randomBytes(16),
  now,
  days: 300,
});

describe('a certificate is read', () => {
  test('also behind other text, and only its first one', () => {
    expect(parseCertificate(pem)?.subject).toBe('C=US\nO=X\nCN=x');
    expect(parseCertificate(`Certificate:\n  Data: ...\n${pem}`)?.subject).toBe('C=US\nO=X\nCN=x');
    expect(parseCertificate(`${pem}${pem}`)?.raw).toEqual(parseCertificate(pem)?.raw);
  });

  test.each([undefined, '', 'junk', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n', pem.slice(0, 200), key])(
    'not from %j',
    (text) => {
      expect(parseCertificate(text)).toBeUndefined();
    },
  );
});

test('a private key is told from everything else', () => {
  expect(isPrivateKey(key)).toBe(true);
  for (const text of [undefined, '', 'junk', pem, key.slice(0, 300)]) expect(isPrivateKey(text)).toBe(false);
});

test('a certificate belongs to its key alone', () => {
  const certificate = parseCertificate(pem)!;
  expect(belongsTo(certificate, key)).toBe(true);
  expect(belongsTo(certificate, privateKey(3072))).toBe(false);
  expect(belongsTo(certificate, undefined)).toBe(false);
  expect(belongsTo(certificate, 'junk')).toBe(false);
});

test('renewal is due in the last third of the life, and after it', () => {
  const certificate = parseCertificate(pem)!;
  // It was backdated by one day: it lives 301 days.
  const boundary = now.getTime() - day + (301 * day * 2) / 3;
  expect(isDue(certificate, now)).toBe(false);
  expect(isDue(certificate, new Date(boundary - 1000))).toBe(false);
  expect(isDue(certificate, new Date(boundary + 1000))).toBe(true);
  expect(isDue(certificate, new Date(now.getTime() + 1000 * day))).toBe(true);
});

test('fingerprints are upper-case pairs, over the DER form', () => {
  const { sha1, sha256 } = fingerprints(parseCertificate(pem)!);
  expect(sha1).toMatch(/^(?:[0-9A-F]{2}:){19}[0-9A-F]{2}$/);
  expect(sha256).toMatch(/^(?:[0-9A-F]{2}:){31}[0-9A-F]{2}$/);
});

const hasKeygen = (() => {
  try {
    execFileSync('ssh-keygen', ['-?'], { stdio: 'pipe' });
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ENOENT';
  }
})();

describe('the SSH fingerprint', () => {
  test('has the form that OpenSSH prints', () => {
    expect(sshFingerprint(key)).toMatch(/^SHA256:[A-Za-z0-9+/]{43}$/);
    expect(sshFingerprint(privateKey(3072))).not.toBe(sshFingerprint(key));
  });

  test.skipIf(!hasKeygen).each([2048, 3072])('of a key of %i bits is the one that ssh-keygen prints', (bits) => {
    const directory = mkdtempSync(join(tmpdir(), 'ssh-'));
    try {
      const path = join(directory, 'key');
      writeFileSync(path, privateKey(bits));
      chmodSync(path, 0o600);
      const publicKey = execFileSync('ssh-keygen', ['-y', '-f', path], { encoding: 'utf8' });
      writeFileSync(`${path}.pub`, publicKey);
      const printed = execFileSync('ssh-keygen', ['-lf', `${path}.pub`], { encoding: 'utf8' });
      expect(printed.split(' ')[1]).toBe(sshFingerprint(privateKey(bits)));
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});

test('a part of a subject is read with its escapes undone, the first of its name', () => {
  const subject = 'C=US\nO=Example\\, Inc. \\"A\\"\nCN=one\nCN=two';
  expect(['C', 'O', 'CN', 'OU'].map((name) => partOf(subject, name))).toEqual(['US', 'Example, Inc. "A"', 'one', undefined]);
});

test('two certificates with one key are told from those with two, and a key that is read after that is no worse for it', () => {
  const authority = foreignAuthority();
  try {
    authority.issue('ec');
    const [ec, ours] = [new X509Certificate(authority.read('ec.pem')), new X509Certificate(pem)];
    const renewed = issueAuthority({
      subject: { country: 'DE', organization: 'Y', commonName: 'y' },
      key,
      serial: randomBytes(16),
      now,
      days: 9,
    });
    expect([sameKey(ours, new X509Certificate(renewed)), sameKey(ec, ec), sameKey(ec, ours)]).toEqual([true, true, false]);
    expect(isPrivateKey(authority.read('ec.key'))).toBe(true);
  } finally {
    authority.remove();
  }
});
