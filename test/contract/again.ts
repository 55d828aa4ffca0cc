import { expect } from 'vitest';
import { type Accident, type Machine, afterPowerCut, configurationOf } from '../../src/setup/host/memory/index.ts';
import { install } from '../support/installation.ts';

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
