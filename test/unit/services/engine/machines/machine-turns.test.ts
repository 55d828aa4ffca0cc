import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { createMachineTurns } from '../../../../../src/services/engine/machines/machine-turns.ts';

describe('what is heard and done', () => {
  it('is overtaken by what comes later, of the same machine', () => {
    const turns = createMachineTurns();
    const asked = turns.now();
    expect(turns.isOvertaken('a', asked)).toBe(false);
    turns.overtake('a');
    expect(turns.isOvertaken('a', asked)).toBe(true);
    expect(turns.isOvertaken('b', asked)).toBe(false);
    expect(turns.isOvertaken('a', turns.now())).toBe(false);
  });

  it('is overtaken by what was heard at a moment, and never the other way round', () => {
    const turns = createMachineTurns();
    const [early, middle, late] = [turns.now(), turns.now(), turns.now()];
    turns.overtake('a', middle);
    expect([early, middle, late].map((moment) => turns.isOvertaken('a', moment))).toEqual([true, false, false]);
    turns.overtake('a', early);
    expect(turns.isOvertaken('a', early)).toBe(true);
  });

  it('is done one after the other for a machine, also where something fails, and beside that for another', async () => {
    const turns = createMachineTurns();
    const done: string[] = [];
    const first = turns.within('a', async () => {
      await sleep(20);
      done.push('a1');
      throw new Error('no');
    });
    const second = turns.within('a', async () => void done.push('a2'));
    const other = turns.within('b', async () => void done.push('b'));
    await Promise.allSettled([first, second, other]);
    await expect(first).rejects.toThrow('no');
    expect(done).toEqual(['b', 'a1', 'a2']);
  });

  it('is forgotten once nothing was heard or done for long', () => {
    const turns = createMachineTurns();
    const asked = turns.now();
    turns.overtake('a');
    turns.publish('a');
    turns.age();
    expect(turns.isOvertaken('a', asked)).toBe(true);
    expect(turns.news('a')).toBeGreaterThan(asked);
    turns.overtake('b');
    turns.age();
    expect(turns.isOvertaken('a', asked)).toBe(false);
    expect(turns.news('a')).toBe(0);
    expect(turns.isOvertaken('b', asked)).toBe(true);
  });

  it('wakes whoever waits for news, and nobody misses what came before they waited', async () => {
    const turns = createMachineTurns();
    const seen = turns.news('a');
    turns.publish('a');
    await turns.moreNews('a', seen, 60_000);
    const waiting = turns.moreNews('a', turns.news('a'), 60_000);
    turns.publish('b');
    turns.publish('a');
    await waiting;
    await turns.moreNews('a', turns.news('a'), 1);
  });
});
