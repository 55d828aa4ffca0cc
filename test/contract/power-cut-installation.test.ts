import { describe, expect, test } from 'vitest';
import { afterPowerCut, copyOf } from '../../src/setup/host/memory/index.ts';
import { machineFor, samples, walked } from '../support/installation.ts';
import { again, between, expectSameEnd, oneOf, placeOf, thinned, uninterrupted, walksAll } from './again.ts';

describe.each(walked)('an installation with $path', (sample) => {
  const files = [sample];

  test('ends the same when the power is cut at any effect and it is run again', async () => {
    const { machine: wanted, effects, moments } = await uninterrupted(files);
    expect(effects.length).toBeGreaterThan(40);
    expect(moments.filter(({ how }) => how === 'cut-before').length).toBe(effects.length);
    // Torn lines of the journal are written alike: they are walked through with the first file, and every tenth of them.
    const walked = thinned(
      sample === samples[0] ? moments.filter(({ how, at }) => how !== 'cut-within' || oneOf(10, at)) : between(moments),
    );
    for (const moment of walked.filter((_, index) => oneOf(2, index))) {
      await expectSameEnd(await again(afterPowerCut(copyOf(moment.machine)), files), wanted).catch((error: unknown) => {
        throw new Error(placeOf(moment), { cause: error });
      });
    }
  });

  test('ends the same when the power is cut twice', async () => {
    const { machine: wanted, effects } = await uninterrupted(files);
    for (let at = 3; at <= effects.length; at += walksAll ? 7 : 17) {
      await expectSameEnd(
        await again(machineFor(files), files, { at, how: 'cut-before' }, { at: 1 + (at % 23), how: 'cut-within' }),
        wanted,
      );
    }
  });
});
