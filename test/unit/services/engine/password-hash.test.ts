import { pbkdf2Sync, scrypt } from 'node:crypto';
import { describe, expect, it, vi } from 'vitest';
import { dummyHash, matchesHash } from '../../../../src/services/engine/sso/password-hash.ts';
import { hash } from '../../../support/engine.ts';

// The real functions, whose calls can be counted.
vi.mock('node:crypto', { spy: true });

describe('stored passwords', () => {
  it('fit the password they were made from and no other', async () => {
    const stored = hash('Correct horse é');
    expect(await matchesHash(stored, 'Correct horse é')).toBe(true);
    expect(await matchesHash(stored, 'Correct horse e')).toBe(false);
    expect(await matchesHash(stored, '')).toBe(false);
  });

  it('have a stand-in for users that do not exist, which costs the same and fits nothing', async () => {
    expect(dummyHash).toMatch(/^\$scrypt\$ln=15,r=8,p=1\$/);
    expect(await matchesHash(dummyHash, 'anything')).toBe(false);
  });

  const [salt, key] = ['A'.repeat(22), 'A'.repeat(43)];
  it.each([
    `$scrypt$ln=9,r=8,p=1$${salt}$${key}`,
    `$scrypt$ln=18,r=8,p=1$${salt}$${key}`,
    `$scrypt$ln=15,r=17,p=1$${salt}$${key}`,
    `$scrypt$ln=15,r=0,p=1$${salt}$${key}`,
    `$scrypt$ln=15,r=8,p=5$${salt}$${key}`,
    `$scrypt$ln=15,r=8,p=0$${salt}$${key}`,
    `$scrypt$ln=15,r=8,p=1$$${key}`,
    `$scrypt$ln=15,r=8,p=1$${salt}$${key.slice(1)}`,
    `$scrypt$ln=15,r=8,p=1$${salt}$${key}=`,
    `$argon2id$v=19$m=65536,t=3,p=4$${salt}$${key}`,
    `$scrypt$ln=1e1,r=8,p=1$${salt}$${key}`,
    'password',
    '',
  ])('are refused as %j', async (stored) => {
    await expect(matchesHash(stored, 'password')).rejects.toThrow(RangeError);
  });

  it('of upstream, whose envelopes are quick, take the work of ours as well', async () => {
    const salt = Buffer.from('salt of 16 bytes');
    const envelope = {
      ...{ artifact: 'EnvelopePBE', version: '1', algorithm: 'PBKDF2WithHmacSHA1', iterations: 2000 },
      salt: salt.toString('base64'),
      secret: pbkdf2Sync('Old password', salt, 2000, 32, 'sha1').toString('base64'),
    };
    const stored = Buffer.from(JSON.stringify(envelope)).toString('base64');
    const before = vi.mocked(scrypt).mock.calls.length;
    expect(await matchesHash(stored, 'Old password')).toBe(true);
    expect(await matchesHash(stored, 'Old passwort')).toBe(false);
    const work = vi
      .mocked(scrypt)
      .mock.calls.slice(before)
      .map((call) => (call as unknown as [unknown, unknown, unknown, { N: number }])[3].N);
    expect(work).toEqual([2 ** 15, 2 ** 15]);
  });

  it('may use the most work that is allowed', async () => {
    expect(await matchesHash(`$scrypt$ln=10,r=16,p=4$${salt}$${key}`, 'x')).toBe(false);
  });
});
