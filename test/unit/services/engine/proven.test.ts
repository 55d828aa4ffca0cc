import { expect, it } from 'vitest';
import { createProven } from '../../../../src/services/engine/sso/proven.ts';

it('credentials count as proven for an hour, and only the very same', () => {
  let time = 0;
  const proven = createProven(() => time);
  proven.add({ user: 'a', password: 'b:c' });
  time = 3_599_999;
  expect(proven.has({ user: 'a', password: 'b:c' })).toBe(true);
  expect(proven.has({ user: 'a:b', password: 'c' })).toBe(false);
  time = 3_600_000;
  expect(proven.has({ user: 'a', password: 'b:c' })).toBe(false);
});

it('a thousand credentials are remembered, the latest ones', () => {
  const proven = createProven(() => 0);
  for (let user = 0; user <= 1_000; user++) proven.add({ user: String(user), password: 'x' });
  expect(proven.has({ user: '0', password: 'x' })).toBe(false);
  expect(proven.has({ user: '1', password: 'x' })).toBe(true);
});
