import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  bodyOf,
  der,
  inside,
  integer,
  mustBe,
  octets,
  oid,
  partsOf,
  sequence,
  set,
  tags,
  valuesIn,
} from '../../../../src/setup/pki/der.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

describe('DER', () => {
  test.each([
    [integer(0), '020100'],
    [integer(127), '02017f'],
    [integer(128), '02020080'],
    [integer(2048), '02020800'],
    [integer(100_000), '02030186a0'],
    [oid('1.2.840.113549.1.7.1'), '06092a864886f70d010701'],
    [oid('2.16.840.1.113894.746875.1.1'), '060c6086480186f966adca7b0101'],
    [oid('2.5.29.37.0'), '0604551d2500'],
    [octets(Buffer.alloc(0)), '0400'],
    [sequence(integer(1), inside(octets(Buffer.from([7])))), '3008020101a003040107'],
    // What has no order is sorted.
    [set(integer(2), integer(1)), '3106020101020102'],
  ])('is what the standard says: %#', (found, wanted) => {
    expect(hex(found)).toBe(wanted);
  });

  test('of any length is read as it was written', () => {
    const lengths = fc.oneof(fc.constantFrom(0, 127, 128, 255, 256, 65_535, 65_536), fc.nat({ max: 70_000 }));
    fc.assert(
      fc.property(fc.array(lengths, { maxLength: 4 }), (all) => {
        const written = Buffer.concat(all.map((length) => octets(Buffer.alloc(length, length))));
        const found = valuesIn(written);
        expect(found.map((value) => bodyOf(value, tags.octets).length)).toEqual(all);
        expect(Buffer.concat(found.map(({ whole }) => whole)).equals(written)).toBe(true);
      }),
      { numRuns: 50 },
    );
  });

  test('that is cut off, goes on too long, or is of another kind is refused', () => {
    const whole = sequence(integer(1), octets(Buffer.alloc(200)));
    for (let to = 1; to < whole.length; to += 1) expect(() => valuesIn(whole.subarray(0, to)), String(to)).toThrow();
    // A length that comes at the end, one of five bytes, and a tag of several bytes.
    for (const odd of ['30800000', '3085000000000100', '1f810100']) expect(() => valuesIn(Buffer.from(odd, 'hex')), odd).toThrow();
    const [value] = valuesIn(whole);
    expect(() => partsOf(value, tags.set)).toThrow();
    expect(() => bodyOf(undefined, tags.octets)).toThrow();
    expect(() => mustBe(valuesIn(oid('1.2.3'))[0], oid('1.2.4'))).toThrow('another kind');
    expect(partsOf(value).map(({ tag }) => tag)).toEqual([tags.integer, tags.octets]);
    expect(der(tags.nothing)).toEqual(Buffer.from([5, 0]));
  });
});
