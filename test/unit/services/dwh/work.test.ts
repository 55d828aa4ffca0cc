import fc from 'fast-check';
import { expect, test } from 'vitest';
import { nextBoundary } from '../../../../src/services/dwh/work.ts';

test('samples are taken at whole multiples of the interval, the next one always ahead and never further away than one interval', () => {
  expect(nextBoundary(Date.parse('2026-01-02T03:04:05Z'), 60_000)).toBe(Date.parse('2026-01-02T03:05:00Z'));
  expect(nextBoundary(Date.parse('2026-01-02T03:05:00Z'), 60_000)).toBe(Date.parse('2026-01-02T03:06:00Z'));
  fc.assert(
    fc.property(fc.nat({ max: 2 ** 45 }), fc.integer({ min: 1_000, max: 3_600_000 }), (now, interval) => {
      const next = nextBoundary(now, interval);
      expect(next).toBeGreaterThan(now);
      expect(next - now).toBeLessThanOrEqual(interval);
      expect(next % interval).toBe(0);
    }),
  );
});
