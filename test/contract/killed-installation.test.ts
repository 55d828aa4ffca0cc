import { describe, expect, test } from 'vitest';
import { copyOf } from '../../src/setup/host/memory/index.ts';
import { install, samples } from '../support/installation.ts';
import { expectSameEnd, oneOf, placeOf, thinned, uninterrupted } from './again.ts';

describe.each(samples)('an installation with $path', (sample) => {
  const files = [sample];

  test('ends the same when setup alone is killed at any effect, and everything else runs on', async () => {
    const { machine: wanted, moments } = await uninterrupted(files);
    const walked = thinned(moments.filter(({ how }) => how === 'cut-before'));
    // Neighbours are much alike: every other one.
    for (const moment of walked.filter((_, index) => oneOf(2, index))) {
      const machine = copyOf(moment.machine);
      const { outcome, screen } = await install({ machine, files });
      expect(outcome.failure, `killed: ${placeOf(moment)}\n${screen}`).toBeUndefined();
      await expectSameEnd(machine, wanted);
    }
  });
});
