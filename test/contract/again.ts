import { expect } from 'vitest';
import { findUnfinished } from '../../src/setup/core/journal.ts';
import {
  type Accident,
  type Machine,
  type Moment,
  afterPowerCut,
  configurationOf,
  copyOf,
  memoryHost,
  watchedHost,
} from '../../src/setup/host/memory/index.ts';
import { diskOf, install, machineFor } from '../support/installation.ts';

/** Runs until an accident, then again without one. */
export async function again(
  first: Machine,
  files: Parameters<typeof install>[0]['files'],
  ...accidents: readonly Accident[]
): Promise<Machine> {
  let machine = first;
  for (const accident of accidents) {
    await install({ machine, files, accidents: [accident] });
    machine = afterPowerCut(machine);
  }
  const { outcome, screen } = await install({ machine, files });
  expect(outcome.failure, screen).toBeUndefined();
  return machine;
}

export const stale = (machine: Machine): readonly string[] =>
  [...machine.running].filter(([unit, started]) => started !== configurationOf(machine, unit)).map(([unit]) => unit);

/** An installation without an accident: how it ends, by which effects, and what the machine was like at every moment of it. */
export const uninterrupted = async (files: Parameters<typeof install>[0]['files']) => {
  const machine = machineFor(files);
  const { host, moments } = watchedHost(machine);
  const { outcome, screen } = await install({ machine, files, host });
  expect(outcome.failure, screen).toBeUndefined();
  return { machine, effects: host.effects, moments: moments() };
};

/** The moments between two effects, and the end. */
export const between = (moments: readonly Moment[]): readonly Moment[] => moments.filter(({ how }) => how !== 'cut-within');

const isJournal = ({ effect }: Moment): boolean => effect.startsWith('append ');

/** `npm run all` walks through every moment. By themselves the contract tests are to be quick: of moments that are much alike they take some. */
export const walksAll = process.env['EVERY_MOMENT'] === 'yes';

/** Whether a place is taken: one of so many, or every one where all are walked through. */
export const oneOf = (many: number, place: number): boolean => walksAll || place % many === 0;

/** Of the moments at lines of the journal, which are all written alike and are most of the effects, every fifth. */
export const thinned = (moments: readonly Moment[]): readonly Moment[] =>
  moments.filter((moment) => !isJournal(moment) || oneOf(5, moment.at));

/** What is left of the machine of a moment: after a power cut, and, for most moments, after a kill of setup alone. */
export const leftBy = (moment: Moment): readonly Machine[] => [
  afterPowerCut(copyOf(moment.machine)),
  ...(thinned([moment]).length > 0 ? [copyOf(moment.machine)] : []),
];

/** For messages: where in a run a moment is. */
export const placeOf = ({ how, at, effect }: Moment): string => `${how} effect ${at}, ${effect}`;

/** Disk, units and journal are as they would be without the accident. */
export async function expectSameEnd(machine: Machine, wanted: Machine): Promise<void> {
  expect(diskOf(machine)).toEqual(diskOf(wanted));
  expect([...machine.running.keys()].sort()).toEqual([...wanted.running.keys()].sort());
  expect(stale(machine), 'units that run with an old configuration').toEqual([]);
  expect(await findUnfinished(memoryHost(machine))).toBeUndefined();
  expect([...machine.disk.keys()].filter((path) => path.includes('/stash/'))).toEqual([]);
}
