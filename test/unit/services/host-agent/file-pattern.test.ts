import fc from 'fast-check';
import { expect, test } from 'vitest';
import { matcher } from '../../../../src/services/host-agent/storage/file-pattern.ts';

test.each([
  ['*.iso', 'a.iso', true],
  ['*.iso', 'a.ISO', false],
  ['*.iso', '.iso', true],
  ['*.iso', 'a.iso.part', false],
  ['?.iso', 'ab.iso', false],
  ['[ab]*', 'beta', true],
  ['[!ab]*', 'beta', false],
  ['[', '[', true],
  ['*a*b*', 'xxaxxbxx', true],
  ['', '', true],
  ['.*', 'a', false],
])('%j and %j: %s', (pattern, name, result) => {
  expect(matcher(pattern, true)(name)).toBe(result);
});

test('letters may count as equal whatever their case', () => {
  expect(matcher('*.Iso', false)('DEBIAN.iSO')).toBe(true);
});

test('any name fits itself and a star', () => {
  fc.assert(
    fc.property(
      fc.string().filter((name) => !/[*?[]/.test(name)),
      (name) => matcher(name, true)(name) && matcher('*', true)(name) && matcher(`*${name}*`, true)(`x${name}y`),
    ),
  );
});

test('a hostile pattern takes no time', () => {
  expect(matcher('*a'.repeat(120), true)('a'.repeat(10_000).concat('b'))).toBe(false);
});
