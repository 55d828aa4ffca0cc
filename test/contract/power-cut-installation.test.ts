import { describe, expect, test } from 'vitest';
import { findUnfinished } from '../../src/setup/core/journal.ts';
import { type Machine, afterPowerCut, memoryHost, newMachine } from '../../src/setup/host/memory/index.ts';
import { diskOf, install, samples } from '../support/installation.ts';
import { again, stale } from './again.ts';

describe.each(samples)('an installation with $path', (sample) => {
  const files = [sample];

  const uninterrupted = async () => {
    const machine = newMachine();
    const { outcome, host, screen } = await install({ machine, files });
    expect(outcome.failure, screen).toBeUndefined();
    return { machine, effects: host.effects };
  };

  async function expectSameEnd(machine: Machine, wanted: Machine): Promise<void> {
    expect(diskOf(machine)).toEqual(diskOf(wanted));
    expect([...machine.running.keys()].sort()).toEqual([...wanted.running.keys()].sort());
    expect(stale(machine), 'units that run with an old configuration').toEqual([]);
    expect(await findUnfinished(memoryHost(machine))).toBeUndefined();
    expect([...machine.disk.keys()].filter((path) => path.includes('/stash/'))).toEqual([]);
  }

  test('ends the same when the power is cut at any effect and it is run again', async () => {
    const { machine: wanted, effects } = await uninterrupted();
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
    const { machine: wanted, effects } = await uninterrupted();
    for (let at = 1; at <= effects.length; at++) {
      const machine = newMachine();
      await install({ machine, files, accidents: [{ at, how: 'cut-before' }] });
      const { outcome, screen } = await install({ machine, files });
      expect(outcome.failure, `killed before effect ${at}, ${effects[at - 1] ?? ''}\n${screen}`).toBeUndefined();
      await expectSameEnd(machine, wanted);
    }
  });

  test('ends the same when the power is cut twice', async () => {
    const { machine: wanted, effects } = await uninterrupted();
    for (let at = 3; at <= effects.length; at += 7) {
      await expectSameEnd(await again(newMachine(), files, { at, how: 'cut-before' }, { at: 1 + (at % 23), how: 'cut-within' }), wanted);
    }
  });

  test('has the old state back when any effect fails', async () => {
    const { effects } = await uninterrupted();
    for (let at = 1; at <= effects.length; at++) {
      const machine = newMachine();
      const before = diskOf(machine);
      const { outcome, screen } = await install({ machine, files, accidents: [{ at, how: 'fail' }] });
      const ended = (await findUnfinished(memoryHost(machine))) === undefined;
      // After the journal's end there is nothing to go back to: what fails there is only reported.
      if (outcome.failure === undefined || (ended && machine.running.size > 0)) continue;
      expect(outcome.leftOver, screen).toEqual([]);
      expect(diskOf(machine), `after failing at effect ${at}, ${effects[at - 1] ?? ''}`).toEqual(before);
      expect([...machine.running.keys()]).toEqual([]);
    }
  });

  test('goes on to the same end when the power is cut while it rolls back', async () => {
    const { machine: wanted, effects } = await uninterrupted();
    for (let at = 10; at <= effects.length; at += 9) {
      for (const later of [1, 4, 9]) {
        const machine = newMachine();
        await install({
          machine,
          files,
          accidents: [
            { at, how: 'fail' },
            { at: at + later, how: 'cut-before' },
          ],
        });
        await expectSameEnd(await again(afterPowerCut(machine), files), wanted);
      }
    }
  });

  test('does nothing the second time', async () => {
    const { machine } = await uninterrupted();
    const { outcome, host } = await install({ machine, files });
    expect(outcome.failure).toBeUndefined();
    expect(host.effects.filter((effect) => !effect.includes('/setup/answers/'))).toEqual([]);
  });
});
