import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createCoverage } from '../../../../src/services/image-io/tickets/coverage.ts';

test('each byte counts once, in whatever pieces and order it comes', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(200), fc.nat(50)), { maxLength: 40 }), (ranges) => {
      const coverage = createCoverage();
      const bytes = new Set<number>();
      for (const [start, length] of ranges) {
        coverage.add(start, length);
        for (let at = start; at < start + length; at++) bytes.add(at);
        expect(coverage.bytes).toBe(bytes.size);
      }
    }),
  );
});

test('a flood of single bytes is bounded, and pieces that meet are still joined', () => {
  const coverage = createCoverage();
  for (let at = 0; at < 30_000; at++) coverage.add(2 * at, 1);
  expect(coverage.bytes).toBe(10_000);
  coverage.add(0, 60_000);
  expect(coverage.bytes).toBe(60_000);
});
