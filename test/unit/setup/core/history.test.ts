import { describe, expect, test } from 'vitest';
import { file } from '#kit';
import { timesOfEarlierRuns } from '../../../../src/setup/core/history.ts';
import { runsDirectory } from '../../../../src/setup/core/journal.ts';
import { memoryHost, newMachine } from '../../../../src/setup/host/memory/index.ts';

/** A host with the journals of runs, by their names. */
async function remembering(runs: Readonly<Record<string, readonly object[]>>) {
  const host = memoryHost(newMachine());
  for (const [run, entries] of Object.entries(runs))
    await host.files.write(`${runsDirectory}/${run}/journal`, file(entries.map((entry) => `${JSON.stringify(entry)}\n`).join(''), 0o600));
  return host;
}
const times = async (runs: Parameters<typeof remembering>[0]) => Object.fromEntries(await timesOfEarlierRuns(await remembering(runs)));
const done = (step: string, ms: number) => ({ t: 'done', step, ms });
const end = { t: 'end', result: 'ok' };

describe('the times of earlier runs', () => {
  test('are those of the latest run that did the step', async () => {
    expect(await times({ '2': [done('a', 20), end], '1': [done('a', 10), done('b', 5), end] })).toEqual({ a: 20, b: 5 });
  });

  test('are those of steps that were done, not of steps that were right already or failed', async () => {
    const entries = [
      { t: 'already', step: 'a', ms: 1 },
      { t: 'begin', step: 'b', kept: null, files: {}, parents: [] },
      { t: 'failed', step: 'b' },
    ];
    expect(await times({ '1': [...entries, { t: 'end', result: 'rolled-back' }] })).toEqual({});
  });

  test('are unknown on a new host, and not taken from a run that has not ended', async () => {
    expect(await times({})).toEqual({});
    expect(await times({ '1': [done('a', 10)] })).toEqual({});
  });
});
