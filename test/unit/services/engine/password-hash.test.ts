import { describe, expect, it } from 'vitest';
import { dummyHash, matchesHash } from '../../../../src/services/engine/sso/password-hash.ts';
import { hash } from '../../../support/engine.ts';

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

  it('may use the most work that is allowed', async () => {
    expect(await matchesHash(`$scrypt$ln=10,r=16,p=4$${salt}$${key}`, 'x')).toBe(false);
  });
});
