import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { newMask } from '../../../../src/setup/ui/mask.ts';

const filtered = '**FILTERED**';
const masked = (text: string, ...secrets: readonly string[]): string => {
  const mask = newMask({ words: true });
  for (const secret of secrets) mask.add(secret);
  return mask.apply(text);
};

describe('a secret is hidden', () => {
  const secret = 'gehe"im & 100% äß\\';

  test('as it is, wherever and however often it stands', () => {
    expect(masked(`${secret}, (${secret})${secret}`, secret)).toBe(`${filtered}, (${filtered})${filtered}`);
    expect(masked('nothing to hide', secret)).toBe('nothing to hide');
  });

  test.each([
    ['in a URL', encodeURIComponent(secret)],
    ['in a form', new URLSearchParams({ v: secret }).toString().slice(2)],
    ['in JSON', JSON.stringify({ password: secret }).slice(13, -2)],
    ['in base64', Buffer.from(secret).toString('base64')],
    ['in base64 without padding', Buffer.from(secret).toString('base64').replace(/=+$/, '')],
    ['in base64 for URLs', Buffer.from(secret).toString('base64url')],
  ])('%s', (_, form) => {
    expect(form).not.toBe(secret);
    const text = masked(`before ${form} after`, secret);
    expect(text.replace(/=+ after/, ' after')).toBe(`before ${filtered} after`);
  });

  test('also where it overlaps with another one, of which nothing may stay', () => {
    expect(masked('x abcdefghi y', 'abcdef', 'defghi')).toBe(`x ${filtered} y`);
    expect(masked('x abcdefghi y', 'defghi', 'abcdef')).toBe(`x ${filtered} y`);
    expect(masked('x abcdefghi y', 'abcdefghi', 'cdef')).toBe(`x ${filtered} y`);
    expect(masked('x abcdefghi y', 'cdef', 'abcdefghi')).toBe(`x ${filtered} y`);
    expect(masked('anananas', 'anan')).toBe(`${filtered}as`);
  });

  test('without the mark itself being taken for one', () => {
    expect(masked('a FILTERED b', 'FILTERED')).toBe(`a ${filtered} b`);
    expect(masked('secret1 FILTER', 'secret1', 'FILTER')).toBe(`${filtered} ${filtered}`);
  });

  test('with special characters of patterns and replacements', () => {
    expect(masked('a.*b $& $1', 'a.*b', '$& $1')).toBe(`${filtered} ${filtered}`);
  });

  test('also when it is no well-formed text', () => {
    expect(masked('x ab\ud800cd y', 'ab\ud800cd')).toBe(`x ${filtered} y`);
  });
});

test('nothing of what is longer than three characters is ever left in a masked text', () => {
  const alphabet = fc.constantFrom('a', 'b', 'c', '%', '"', '+', ' ', 'ä');
  const secrets = fc.array(fc.string({ unit: alphabet, minLength: 4, maxLength: 8 }), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(secrets, fc.string({ unit: alphabet, maxLength: 40 }), fc.nat(), (all, around, at) => {
      const text = `${around.slice(0, at % 40)}${all.join('')}${around.slice(at % 40)}`;
      const result = masked(text, ...all);
      for (const secret of all) expect(result).not.toContain(secret);
    }),
  );
});

test('texts of fewer than four characters are not hidden: they would hide the language with them', () => {
  expect(masked('abc and more', 'abc', '', 'a')).toBe('abc and more');
  expect(masked('abcd', 'abcd')).toBe(filtered);
});

test('small plain words are hidden in a log and not on a screen', () => {
  const [log, screen] = [newMask({ words: true }), newMask({ words: false })];
  for (const mask of [log, screen]) for (const secret of ['database', 'Database1', 'averylongword']) mask.add(secret);
  const text = 'the database, Database1, averylongword';
  expect(log.apply(text)).toBe(`the ${filtered}, ${filtered}, ${filtered}`);
  expect(screen.apply(text)).toBe(`the database, ${filtered}, ${filtered}`);
});
