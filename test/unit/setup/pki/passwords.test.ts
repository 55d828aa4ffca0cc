import { randomBytes, scryptSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { HostReader } from '#kit';
import { defaultCost, hashPassword, matchesHash } from '../../../../src/setup/pki/password-hash.ts';
import { minimumLength } from '../../../../src/setup/pki/password-limits.ts';
import { weakness } from '../../../../src/setup/pki/password-strength.ts';

/** Real hashes, and an account of what they were to cost. */
function counting(): HostReader['crypto'] & { readonly costs: readonly object[] } {
  const costs: object[] = [];
  return {
    costs,
    random: (bytes) => randomBytes(bytes),
    newPrivateKey: () => Promise.reject(new Error('not here')),
    pbkdf2: () => Promise.reject(new Error('not here')),
    seal: () => '',
    unseal: () => undefined,
    async scrypt(password, salt, cost) {
      costs.push(cost);
      return scryptSync(password, salt, 32, { N: 2 ** cost.ln, r: cost.r, p: cost.p, maxmem: 512 * 1024 * 1024 });
    },
  };
}

describe('a hashed password', () => {
  test('is recognized, and nothing else is', async () => {
    const crypto = counting();
    const stored = await hashPassword('korrekt Pferd', crypto);
    expect(stored).toMatch(/^\$scrypt\$ln=15,r=8,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
    expect(crypto.costs).toEqual([defaultCost]);
    expect(await matchesHash(stored, 'korrekt Pferd', crypto)).toBe(true);
    expect(await matchesHash(stored, 'korrekt pferd', crypto)).toBe(false);
    expect(await hashPassword('korrekt Pferd', crypto)).not.toBe(stored);
  });

  const hash = 'A'.repeat(43);
  test.each([
    undefined,
    null,
    '',
    'korrekt Pferd',
    `$scrypt$ln=9,r=8,p=1$AAAAAAAAAA$${hash}`,
    `$scrypt$ln=18,r=8,p=1$AAAAAAAAAA$${hash}`,
    `$scrypt$ln=99,r=8,p=1$AAAAAAAAAA$${hash}`,
    `$scrypt$ln=15,r=0,p=1$AAAAAAAAAA$${hash}`,
    `$scrypt$ln=15,r=17,p=1$AAAAAAAAAA$${hash}`,
    `$scrypt$ln=15,r=8,p=0$AAAAAAAAAA$${hash}`,
    `$scrypt$ln=15,r=8,p=5$AAAAAAAAAA$${hash}`,
    `$scrypt$ln=15,r=8,p=1$AAAA$${hash}`,
    `$scrypt$ln=15,r=8,p=1$AAAAAAAAAA$${hash}A`,
    `$scrypt$ln=15,r=8,p=1$AAAAAAAAAA$AAAA`,
    `$argon2id$v=19$m=65536,t=3,p=4$AAAAAAAAAA$${hash}`,
  ])('that reads %j is none, and costs nothing to refuse', async (stored) => {
    const crypto = counting();
    expect(await matchesHash(stored, 'korrekt Pferd', crypto)).toBe(false);
    expect(crypto.costs).toEqual([]);
  });
});

describe('the strength of a password', () => {
  test.each([
    ['123456', 'it is one of the ten most used passwords'],
    ['password1', 'it is a very common password'],
    ['aaaaaaaa', 'it repeats a character'],
    ['abcabcabc', 'it repeats a group of characters'],
    ['abcdefg', 'it is a sequence of characters'],
  ])('%s is weak: %s', (password, reason) => {
    expect(weakness(password, [])).toBe(reason);
  });

  test('takes the names of the installation for guesses', () => {
    expect(weakness('zorbalax', ['zorbalax'])).toBe('it contains a word that belongs to this installation');
    expect(weakness('zorbalax', [])).not.toBe('it contains a word that belongs to this installation');
  });

  test.each(['korrekt-Pferd-Batterie', 'xK9#mQ2$vL', 'canary-Wort-77', randomBytes(15).toString('base64url')])(
    '%s is good enough',
    (password) => {
      expect(weakness(password, ['admin', 'internal'])).toBeUndefined();
    },
  );

  test('always has a reason in words, and never the password in it', () => {
    for (const password of ['qwertz', '1qaz2wsx', '20.07.1969', 'July2024', 'michael', 'smith', 'letmein', 'zzzzzz', '111222', 'asdfgh']) {
      const reason = weakness(password, []);
      expect(reason, password).toMatch(/^it /);
      expect(reason).not.toContain(password);
    }
  });

  test('of a very long password is judged by its beginning', () => {
    expect(weakness('xK9#mQ2$vL'.repeat(20_000), [])).toBeUndefined();
  });
});

test('a password that is long enough to be accepted is long enough to be masked', () => {
  expect(minimumLength).toBeGreaterThanOrEqual(4);
});
