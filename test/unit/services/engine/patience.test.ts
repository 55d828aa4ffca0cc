import { describe, expect, it } from 'vitest';
import { createPatience } from '../../../../src/services/engine/sso/patience.ts';

describe('patience with failed logins', () => {
  it('ends with the fifth, then the answers come later each time, up to a limit', () => {
    const patience = createPatience(() => 0);
    const delays = Array.from({ length: 11 }, () => {
      patience.failed('here');
      return patience.delay('here');
    });
    expect(delays).toEqual([0, 0, 0, 0, 250, 500, 1_000, 2_000, 4_000, 4_000, 4_000]);
    expect(patience.delay('elsewhere')).toBe(0);
  });

  it('comes back after a minute', () => {
    let time = 0;
    const patience = createPatience(() => time);
    for (; time < 10_000; time += 1_000) patience.failed('here');
    expect(patience.delay('here')).toBe(4_000);
    time = 66_000;
    expect(patience.delay('here')).toBe(0);
  });

  it('remembers so many sources and no more', () => {
    const patience = createPatience(() => 0);
    for (let times = 0; times < 5; times++) patience.failed('first');
    for (let source = 0; source < 1_000; source++) patience.failed(`other ${source}`);
    expect(patience.delay('first')).toBe(0);
  });
});
