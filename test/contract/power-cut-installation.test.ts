import { describe, expect, test } from 'vitest';
import { newMachine } from '../../src/setup/host/memory/index.ts';
import { install, samples } from '../support/installation.ts';
import { again, expectSameEnd, uninterrupted } from './again.ts';

describe.each(samples)('an installation with $path', (sample) => {
  const files = [sample];

  test('ends the same when the power is cut at any effect and it is run again', async () => {
    const { machine: wanted, effects } = await uninterrupted(files);
    expect(effects.length).toBeGreaterThan(50);
    for (let at = 1; at <= effects.length; at++) {
      for (const how of ['cut-before', 'cut-within', 'cut-after'] as const) {
        // Between two neighbours nothing happens: after one is before the next.
        if (how === 'cut-after' && at < effects.length) continue;
        await expectSameEnd(await again(newMachine(), files, { at, how }), wanted).catch((error: unknown) => {
          throw new Error(`${how} effect ${at}, ${effects[at - 1] ?? ''}`, { cause: error });
        });
      }
    }
  });

  test('ends the same when setup alone is killed at any effect, and everything else runs on', async () => {
    const { machine: wanted, effects } = await uninterrupted(files);
    for (let at = 1; at <= effects.length; at++) {
      const machine = newMachine();
      await install({ machine, files, accidents: [{ at, how: 'cut-before' }] });
      const { outcome, screen } = await install({ machine, files });
      expect(outcome.failure, `killed before effect ${at}, ${effects[at - 1] ?? ''}\n${screen}`).toBeUndefined();
      await expectSameEnd(machine, wanted);
    }
  });

  test('ends the same when the power is cut twice', async () => {
    const { machine: wanted, effects } = await uninterrupted(files);
    for (let at = 3; at <= effects.length; at += 7) {
      await expectSameEnd(await again(newMachine(), files, { at, how: 'cut-before' }, { at: 1 + (at % 23), how: 'cut-within' }), wanted);
    }
  });
});
