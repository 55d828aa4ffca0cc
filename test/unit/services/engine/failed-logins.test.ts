import { describe, expect, it } from 'vitest';
import { createFailedLogins } from '../../../../src/services/engine/failed-logins.ts';

describe('failed logins', () => {
  it('are counted by name and source, for a minute', () => {
    let time = 0;
    const tallyOf = createFailedLogins(() => time);
    const first = tallyOf('admin', 'here');
    expect(tallyOf('admin', 'here')).toBe(first);
    expect(first.count).toBe(2);
    expect(tallyOf('other', 'here').count).toBe(1);
    expect(tallyOf('admin', 'elsewhere').count).toBe(1);
    time = 60_000;
    expect(tallyOf('admin', 'here').count).toBe(1);
  });

  it('of many names share one tally beyond the first ten', () => {
    const tallyOf = createFailedLogins(() => 0);
    const tallies = Array.from({ length: 500 }, (_, at) => tallyOf(`name ${at}`, 'here'));
    expect(new Set(tallies).size).toBe(11);
    expect(tallies.at(-1)).toMatchObject({ userName: null, count: 490 });
  });
});
