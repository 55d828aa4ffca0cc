import { describe, expect, test } from 'vitest';
import { findUnfinished } from '../../src/setup/core/journal.ts';
import { afterPowerCut, memoryHost, watchedHost } from '../../src/setup/host/memory/index.ts';
import { diskOf, install, machineFor, samples, walked } from '../support/installation.ts';
import { again, between, expectSameEnd, oneOf, uninterrupted, walksAll } from './again.ts';

describe.each(walked)('an installation with $path', (sample) => {
  const files = [sample];

  test('has the old state back when any effect fails', async () => {
    const { effects } = await uninterrupted(files);
    for (const [index, effect] of effects.entries()) {
      if (!oneOf(2, index)) continue;
      const at = index + 1;
      // Lines of the journal are written alike, and say nothing of the answers: every fifth, and with the first file alone.
      if (effect.startsWith('append ') && (sample !== samples[0] || !oneOf(5, at))) continue;
      const machine = machineFor(files);
      const before = diskOf(machine);
      const { outcome, screen } = await install({ machine, files, accidents: [{ at, how: 'fail' }] });
      const ended = (await findUnfinished(memoryHost(machine))) === undefined;
      // After the journal's end there is nothing to go back to: what fails there is only reported.
      if (outcome.failure === undefined || (ended && machine.running.size > 0)) continue;
      expect(outcome.leftOver, screen).toEqual([]);
      expect(diskOf(machine), `after failing at effect ${at}, ${effect}`).toEqual(before);
      expect([...machine.running.keys()]).toEqual([]);
    }
  });

  test('goes on to the same end when the power is cut while it rolls back', async () => {
    const { machine: wanted, effects } = await uninterrupted(files);
    for (let at = 10; at <= effects.length; at += walksAll ? 9 : 17) {
      const machine = machineFor(files);
      const { host, moments } = watchedHost(machine, { at, how: 'fail' });
      const { outcome } = await install({ machine, files, host });
      // Behind the end of the work nothing is rolled back.
      if (outcome.failure === undefined) continue;
      const back = between(moments()).filter((moment) => [1, 4, 9].includes(moment.at - at));
      expect(back.length).toBeGreaterThan(0);
      for (const moment of back) await expectSameEnd(await again(afterPowerCut(moment.machine), files), wanted);
    }
  });

  test('does nothing the second time', async () => {
    const { machine } = await uninterrupted(files);
    const { outcome, host } = await install({ machine, files });
    expect(outcome.failure).toBeUndefined();
    expect(host.effects.filter((effect) => !effect.includes('/setup/answers/'))).toEqual([]);
  });
});
