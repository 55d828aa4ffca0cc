import { describe, expect, it } from 'vitest';
import { allowedUntil } from '../../../../src/services/engine/sso/login-hours.ts';

const at = (text: string): number => Date.parse(text);
/** A week in which only some half hours are allowed, counted from Sunday 00:00. */
const only = (...slots: number[]): string => Array.from({ length: 336 }, (_, slot) => (slots.includes(slot) ? '1' : '0')).join('');

describe('the hours of a week', () => {
  it('have no end where all are allowed', () => {
    expect(allowedUntil('1'.repeat(336), at('2030-01-01T12:00:00Z'))).toBe(Infinity);
  });

  it('begin on Sunday, in UTC', () => {
    // 2030-01-06 is a Sunday.
    expect(allowedUntil(only(0), at('2030-01-06T00:29:59Z'))).toBe(at('2030-01-06T00:30:00Z'));
    expect(allowedUntil(only(0), at('2030-01-06T00:30:00Z'))).toBeNull();
    expect(allowedUntil(only(0), at('2030-01-05T23:59:59Z'))).toBeNull();
  });

  it('go on into the next week', () => {
    expect(allowedUntil(only(335, 0, 1), at('2030-01-05T23:45:00Z'))).toBe(at('2030-01-06T01:00:00Z'));
  });

  it('end where a single half hour is barred', () => {
    const week = '1'.repeat(335) + '0';
    expect(allowedUntil(week, at('2030-01-06T00:00:00Z'))).toBe(at('2030-01-12T23:30:00Z'));
    expect(allowedUntil(week, at('2030-01-12T23:30:00Z'))).toBeNull();
  });
});
