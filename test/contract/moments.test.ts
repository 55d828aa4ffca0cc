import { expect, test } from 'vitest';
import { install, machineFor, samples, wholeDiskOf } from '../support/installation.ts';
import { oneOf, placeOf, thinned, uninterrupted } from './again.ts';

/*
 * The contract of a power cut is tested on what the machine was like at each moment of one run that was watched.
 * That stands for a run that is really cut at each, as long as such a run leaves exactly the same.
 */
test('a run that is cut leaves the machine as it was at that moment', async () => {
  const files = samples.slice(0, 1);
  const { effects, moments } = await uninterrupted(files);
  const torn = moments.filter(({ how }) => how === 'cut-within');
  expect(torn.map(({ effect }) => effect)).toEqual(effects.filter((effect) => effect.startsWith('append ')));
  const walked = thinned(moments).filter((_, index) => oneOf(2, index));
  for (const moment of walked) {
    const machine = machineFor(files);
    const { host } = await install({ machine, files, accidents: [moment] });
    expect(host.effects, placeOf(moment)).toEqual(effects.slice(0, moment.at));
    expect(wholeDiskOf(machine), placeOf(moment)).toEqual(wholeDiskOf(moment.machine));
    expect([...machine.running], placeOf(moment)).toEqual([...moment.machine.running]);
  }
});
