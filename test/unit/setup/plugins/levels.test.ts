import { expect, test } from 'vitest';
import { supportedLevels } from '../../../../plugins/engine/levels.ts';
import { levels } from '../../../../src/services/engine/api/collections/constants.ts';
import { type Machine, newMachine } from '../../../../src/setup/host/memory/index.ts';
import { english } from '../../../support/fakes.ts';
import { conf, diskOf, install, samples } from '../../../support/installation.ts';

const files = samples.slice(0, 1);

/** An installation whose clusters and data centers somebody has given other levels. */
async function levelled(...found: Machine['levels']): Promise<Machine> {
  const machine = newMachine();
  const { outcome, screen } = await install({ machine, files });
  expect(outcome.failure, screen).toBeUndefined();
  return { ...machine, levels: found };
}

const old = { kind: 'cluster', name: 'old', level: '3.6' };
const older = { kind: 'data center', name: 'dc1', level: '3.5' };
const current = { kind: 'cluster', name: 'Default', level: '4.8' };

test('the levels that setup takes are those that the engine knows', () => {
  expect(supportedLevels.initial).toEqual(levels);
});

test('clusters and data centers of unknown levels are all told, and nothing is changed', async () => {
  const machine = await levelled(old, current, older);
  const before = diskOf(machine);
  const { outcome } = await install({ machine, files });
  expect(english(outcome.failure)).toMatchObject({
    code: 'refused',
    problems: [
      {
        id: 'compatibility-levels',
        message:
          'There are levels of compatibility that this version of the engine does not work with:\ncluster old: 3.6\ndata center dc1: 3.5',
        remedy: expect.stringContaining('bring them to one of 4.2, 4.3,'),
      },
    ],
  });
  expect(diskOf(machine)).toEqual(before);
});

test('an answer says which levels are taken', async () => {
  const run = async (value: string) =>
    install({ machine: await levelled(old, current), files: [...files, conf({ [supportedLevels.key]: `str:${value}` })] });
  expect((await run('3.6,4.8')).outcome.failure).toBeUndefined();
  expect(english((await run('3.6,4.7')).outcome.failure)).toMatchObject({
    problems: [{ message: expect.stringContaining('cluster Default: 4.8') }],
  });
});

test('known levels are not spoken of', async () => {
  const { outcome, screen } = await install({ machine: await levelled(current), files });
  expect(outcome.failure, screen).toBeUndefined();
  expect(screen).not.toContain('compatibility');
});
