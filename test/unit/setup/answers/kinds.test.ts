import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decision, integer, port, text, yesNo } from '../../../../src/setup/kit/kinds.ts';

describe('a text', () => {
  test.each(['', 'a', 'a b', '100% "x" \\ $', 'Müller & Söhne', '\u{1f422}', 'a\u00a0b'])('may be %j', (value) => {
    expect(text.parse(value)).toBe(value);
  });
  test.each([
    1,
    true,
    null,
    undefined,
    {},
    ['a'],
    'a\nb',
    'a\rb',
    'a\tb',
    '\0',
    'a\u007f',
    'a\u0085b',
    'a\u2028b',
    'a\u2029b',
    'a\ud800',
    '\udc00',
    '\ufffd',
    ' a',
    'a ',
    'a\u00a0',
    '\ufeffa',
  ])('may not be %j', (value) => {
    expect(() => text.parse(value)).toThrow(/^text /);
  });
  test('is printed as it is', () => {
    fc.assert(fc.property(fc.string(), (value) => text.format(value) === value));
  });
});

describe('a whole number', () => {
  test('is read from text and from numbers, within its bounds', () => {
    expect([integer(1, 10).parse('1'), integer(1, 10).parse(' 10 '), integer(0, 10).parse(0), port.parse('65535')]).toEqual([
      1, 10, 0, 65535,
    ]);
  });
  test.each(['0', '11', '', ' ', 'x', '1.5', '1e1', '0x1', '-1', NaN, Infinity, 1.5, 11, true, null, undefined, [5], '5 5', '٥'])(
    'is not %j',
    (value) => {
      expect(() => integer(1, 10).parse(value)).toThrow('a whole number from 1 to 10 is expected');
    },
  );
  test('is printed so that it is read again', () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 65535 }), (value) => port.parse(port.format(value)) === value));
  });
});

describe('a decision', () => {
  const kind = decision('Automatic', 'Manual');
  test.each([true, 'true', 'TRUE', 'yes', '1', 1, 'automatic', ' Automatic '])('is positive with %j', (value) =>
    expect(kind.parse(value)).toBe(true),
  );
  test.each([false, 'False', 'no', '0', 0, 'MANUAL'])('is negative with %j', (value) => expect(kind.parse(value)).toBe(false));
  test.each(['', 'y', 'maybe', 'ok', 2, null, undefined, {}])('is not %j', (value) => {
    expect(() => kind.parse(value)).toThrow('Automatic or Manual is expected');
  });
  test('is printed with its words, which are its choices', () => {
    expect([kind.format(true), kind.format(false)]).toEqual(kind.choices);
    expect(yesNo.choices).toEqual(['Yes', 'No']);
  });
});
