import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { choice, decision, integer, list, port, text, yesNo } from '../../../../src/setup/kit/kinds.ts';

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
  test.each(['', 'y', 'maybe', 'ok', 2, null, undefined, {}, ['yes']])('is not %j', (value) => {
    expect(() => kind.parse(value)).toThrow('Automatic or Manual is expected');
  });
  test('is printed with its words, which are its choices', () => {
    expect([kind.format(true), kind.format(false)]).toEqual(kind.choices);
    expect(yesNo.choices).toEqual(['Yes', 'No']);
  });
});

describe('a choice', () => {
  const kind = choice('Virt', 'Gluster', 'Both');
  test.each(['both', 'BOTH', ' Both '])('is read from %j', (value) => expect(kind.parse(value)).toBe('both'));
  test.each(['', 'bo', 'none', 1, null, undefined, ['both'], 'constructor'])('is not %j', (value) => {
    expect(() => kind.parse(value)).toThrow('Virt, Gluster or Both is expected');
  });
  test('is printed as it was declared', () => {
    expect(['virt', 'gluster', 'both'].map((value) => kind.format(kind.parse(value)))).toEqual(kind.choices);
  });
  test('may be a number, as a file writes it', () => {
    expect([choice('1', '2').parse(2), choice('1', '2').parse('1')]).toEqual(['2', '1']);
  });
});

describe('a list', () => {
  test('is read from a list of a file, and from one line', () => {
    expect([list.parse(['a b', 'c']), list.parse('a b, c'), list.parse([]), list.parse(' ')]).toEqual([['a b', 'c'], ['a b', 'c'], [], []]);
  });
  test.each([1, true, null, undefined, {}, ['a', 1], [['a']], [''], 'a,,b', ['a,b'], ['#a'], [';a'], [' a'], ['a\nb']])(
    'is not %j',
    (value) => {
      expect(() => list.parse(value)).toThrow(/ expected/);
    },
  );
  test('is printed so that it is read again', () => {
    expect(list.parse(list.format(['a b', 'c']))).toEqual(['a b', 'c']);
  });
});
