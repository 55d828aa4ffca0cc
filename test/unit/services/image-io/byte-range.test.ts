import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readContentLength, readContentRange, readRange, within } from '../../../../src/services/image-io/byte-range.ts';

const statusOf = (work: () => unknown): number => {
  try {
    work();
  } catch (error) {
    return (error as { status: number }).status;
  }
  return 200;
};

describe('a range of bytes', () => {
  test.each([
    [undefined, 0, 100],
    ['bytes=0-99', 0, 100],
    ['bytes=10-', 10, 90],
    ['bytes=99-99', 99, 1],
  ])('%s of 100 begins at %i and has %i', (header, start, length) => {
    expect(readRange(header, 100)).toEqual({ start, length });
  });

  test('of an image without bytes is all of it or none', () => {
    expect(readRange(undefined, 0)).toEqual({ start: 0, length: 0 });
    expect(statusOf(() => readRange('bytes=0-0', 0))).toBe(416);
  });

  test('is never cut short and never lies outside, whatever was asked for', () => {
    fc.assert(
      fc.property(fc.nat(1000), fc.nat(1000), fc.nat(1000), (first, last, size) => {
        const header = `bytes=${first}-${last}`;
        if (statusOf(() => readRange(header, size)) !== 200) expect(first > last || last >= size).toBe(true);
        else expect(readRange(header, size)).toEqual({ start: first, length: last - first + 1 });
      }),
    );
    expect(statusOf(() => within({ start: Number.MAX_SAFE_INTEGER, length: 10 }, 100))).toBe(416);
  });

  test.each([
    '',
    'bytes=',
    'bytes=-5',
    'bytes=1-2,4-5',
    'bytes=1-2 ,',
    'bytes 1-2',
    'bytes=0x1-2',
    'bytes=1.0-2',
    `bytes=${'9'.repeat(16)}-`,
  ])('is not "%s"', (header) => {
    expect(statusOf(() => readRange(header, 100))).toBe(416);
  });
});

test.each([
  [undefined, 0],
  ['bytes 5-9/*', 5],
  ['bytes 5-9/100', 5],
  ['bytes 5-*/*', 5],
])('an upload with the range %s begins at %i', (header, start) => {
  expect(readContentRange(header)).toBe(start);
});

test.each(['bytes */100', 'bytes=5-9/*', '5-9/*', 'bytes 5-9', `bytes ${'9'.repeat(16)}-0/*`])(
  'an upload with the range "%s" is refused',
  (header) => {
    expect(statusOf(() => readContentRange(header))).toBe(400);
  },
);

test.each([undefined, '', '-1', '1e3', '9'.repeat(16)])('an upload with the length "%s" is refused', (header) => {
  expect(statusOf(() => readContentLength(header))).toBe(400);
});
