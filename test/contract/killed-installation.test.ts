import { describe, expect, test } from 'vitest';
import { copyOf } from '../../src/setup/host/memory/index.ts';
import { install, samples } from '../support/installation.ts';
import { expectSameEnd, placeOf, uninterrupted } from './again.ts';

describe.each(samples)('an installation with $path', (sample) => {
  const files = [sample];

  test('ends the same when setup alone is killed at any effect, and everything else runs on', async () => {
    const { machine: wanted, moments } = await uninterrupted(files);
    for (const moment of moments.filter(({ how }) => how === 'cut-before')) {
      const machine = copyOf(moment.machine);
      const { outcome, screen } = await install({ machine, files });
      expect(outcome.failure, `killed: ${placeOf(moment)}\n${screen}`).toBeUndefined();
      await expectSameEnd(machine, wanted);
    }
  });
});
