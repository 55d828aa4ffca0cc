import { describe, expect, test } from 'vitest';
import { install } from '../support/installation.ts';
import { machines } from '../support/machines.ts';
import { comparable, differences, seedAnswers, seedPassword, seedScreen, without } from '../support/seed-screen.ts';

/*
 * The classic transcript, line for line: the same machine and the same typed answers give the same screen, byte for byte, but for the
 * differences that docs/seed-differences.md gives reasons for.
 */

describe('the classic transcript', async () => {
  const { screen, log, outcome } = await install({ machine: machines.seed(), files: [], typed: seedAnswers });
  const lines = screen.trimEnd().split('\n');
  const { left, added } = differences;

  test('is the same from the first line to the last', () => {
    expect(without(lines, ...added).map(comparable)).toEqual(without(seedScreen, ...left).map(comparable));
    expect(outcome.failure).toBeUndefined();
  });

  test.each(left)('has a line %s, which is left out', (pattern) => {
    expect(seedScreen).toContainEqual(expect.stringMatching(pattern));
    expect(lines).not.toContainEqual(expect.stringMatching(pattern));
  });

  test.each(added)('has no line %s, which is added', (pattern) => {
    expect(lines).toContainEqual(expect.stringMatching(pattern));
    expect(seedScreen).not.toContainEqual(expect.stringMatching(pattern));
  });

  test('is kept as a whole', async () => {
    await expect(lines.map(comparable).join('\n') + '\n').toMatchFileSnapshot('seed.transcript');
    expect(screen).not.toContain(seedPassword);
    expect(log).not.toContain(seedPassword);
  });
});
