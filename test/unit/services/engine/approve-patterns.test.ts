import { describe, expect, it } from 'vitest';
import { arePatterns, isAutoApproved } from '../../../../src/services/engine/registration/approve-patterns.ts';
import { createQuota } from '../../../../src/services/engine/registration/quota.ts';

describe('patterns of machines that nobody has to approve', () => {
  it('fit the beginning of a name or of a UUID', () => {
    expect(isAutoApproved('rack[0-9]+-,abc', ['rack12-a', 'ffff'])).toBe(true);
    expect(isAutoApproved('rack[0-9]+-, abc', ['node', 'abcdef'])).toBe(true);
    expect(isAutoApproved('rack', ['a-rack', 'ffff'])).toBe(false);
  });

  it('fit nothing where there are none', () => {
    for (const option of ['', ' ', ',', ' , ']) expect(isAutoApproved(option, ['anything', ''])).toBe(false);
  });

  it('are few and quick', () => {
    for (const option of ['(a+)+$', 'a|b', 'a{1,9}', 'a*b*c*', '[a', 'a\nb', '+', 'a'.repeat(101)]) {
      expect(arePatterns(option), option).toBe(false);
      expect(isAutoApproved(option, ['aaaa', 'bbbb', 'a\nb']), option).toBe(false);
    }
    expect(arePatterns('node-, ^[a-f0-9]+\\.example\\.com$')).toBe(true);
  });
});

describe('a quota', () => {
  it('gives each network its share, and all of them no more than that together, in each minute', () => {
    let now = 0;
    const quota = createQuota({ windowMs: 60_000, ofNetwork: 2, ofAll: 3 }, () => now);
    expect(['a', 'a', 'a', 'b', 'b', 'c'].map((network) => quota.take(network))).toEqual([true, true, false, true, false, false]);
    now = 60_000;
    expect(quota.take('a')).toBe(true);
  });
});
