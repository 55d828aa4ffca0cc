import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { flawsOf, parseClasses, type Policy } from '../../../../src/services/engine/sso/password-policy.ts';

const policy: Policy = {
  shortest: 8,
  classes: parseClasses('UPPERCASE:chars=ABC::min=1::NUMBERS:chars=0123456789::min=2::OTHER:chars=x::min=-1::'),
  history: 3,
  days: 180,
  expiredMayBeChanged: true,
};

describe('classes of characters', () => {
  it('are read with their escapes', () => {
    expect(parseClasses('A:chars=\\:\\\\x::min=3::B:chars=b::min=-1::')).toEqual([
      { name: 'A', characters: ':\\x', least: 3 },
      { name: 'B', characters: 'b', least: -1 },
    ]);
    expect(parseClasses('')).toEqual([]);
  });

  it.each(['A', 'A:chars=::min=1::', 'A:chars=a::min=x::', 'A:chars=a::min=1', 'A:chars=a::min=1::B', 'A:chars=a\\::min=1'])(
    'are refused as %j',
    (text) => {
      expect(() => parseClasses(text)).toThrow('PASSWORD_COMPLEXITY');
    },
  );

  it('come back as they were written, whatever their characters', () => {
    const characters = fc.string({ minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(fc.array(fc.tuple(characters, fc.integer({ min: -1, max: 99 })), { maxLength: 5 }), (classes) => {
        const text = classes.map(([each, least], at) => `N${at}:chars=${each.replace(/[\\:]/g, '\\$&')}::min=${least}::`).join('');
        expect(parseClasses(text)).toEqual(classes.map(([each, least], at) => ({ name: `N${at}`, characters: each, least })));
      }),
    );
  });
});

describe('a password', () => {
  it('is told everything that is wrong with it', () => {
    expect(flawsOf('abc', policy)).toEqual([
      'The password needs at least 8 characters.',
      'The password needs at least 1 of the characters UPPERCASE.',
      'The password needs at least 2 of the characters NUMBERS.',
    ]);
    expect(flawsOf('abcdeA12', policy)).toEqual([]);
  });

  it('is counted in characters, and has an upper limit', () => {
    expect(flawsOf('🐢'.repeat(7), { ...policy, classes: [] })).toHaveLength(1);
    expect(flawsOf('a'.repeat(1025), { ...policy, classes: [] })).toEqual(['The password is longer than 1024 characters.']);
  });

  it('is never empty, however lax the rules', () => {
    expect(flawsOf('', { ...policy, shortest: 0, classes: [] })).toHaveLength(1);
  });
});
