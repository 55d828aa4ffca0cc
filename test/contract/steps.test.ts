import { describe, expect, test } from 'vitest';
import { type Step, inEnglish } from '#kit';
import { execute } from '../../src/setup/core/execute.ts';
import { openJournal } from '../../src/setup/core/journal.ts';
import { rollBack } from '../../src/setup/core/rollback.ts';
import { type Machine, copyOf, memoryHost } from '../../src/setup/host/memory/index.ts';
import { english, silentObserver } from '../support/fakes.ts';
import { diskOf, emptyMachineFor, machineFor, prepared, samples, walked } from '../support/installation.ts';

/** Applies steps to a machine as a run of its own; returns a way to take that run back. */
async function apply(steps: readonly Step[], machine: Machine, run: string) {
  const host = memoryHost(machine);
  const journal = await openJournal(host, undefined, run);
  await execute(steps, { host, journal, observer: silentObserver, signal: new AbortController().signal });
  return () => rollBack(steps, { host, journal, observer: silentObserver });
}

describe.each(walked)('with $path', (sample) => {
  test('every step can be checked on an empty host', async () => {
    const { steps } = await prepared(machineFor([sample]), [sample]);
    for (const step of steps) {
      const change = await step.check(memoryHost(emptyMachineFor([sample])));
      expect(change.kind, step.id).not.toBe('none');
    }
  });

  test('every step leaves nothing to do, changes nothing when applied again, and can be undone to the very bytes', async () => {
    const machine = machineFor([sample]);
    const { steps } = await prepared(machine, [sample]);
    for (const step of steps) {
      const before = copyOf(machine);
      const trial = copyOf(machine);
      const takeBack = await apply([step], trial, 'trial');
      expect(await step.check(memoryHost(trial)), step.id).toEqual({ kind: 'none' });
      const leftOver = english(await takeBack());
      // Undo puts the files back; a unit that was stopped for it may have been told so.
      if (typeof step.undo === 'object' && 'never' in step.undo)
        expect(leftOver, step.id).toEqual([`${step.id}: ${inEnglish(step.undo.never)}`]);
      else {
        expect(leftOver, step.id).toEqual([]);
        expect(diskOf(trial), step.id).toEqual(diskOf(before));
        expect([...trial.running.keys()], step.id).toEqual([...before.running.keys()]);
      }
      await apply([step], machine, step.id.replaceAll('/', '-'));
      const effects = memoryHost(machine);
      await execute([step], {
        host: effects,
        journal: { run: '', directory: '/j', append: () => Promise.resolve(), entries: () => [] },
        observer: silentObserver,
        signal: new AbortController().signal,
      });
      expect(effects.effects, `${step.id}, applied again`).toEqual([]);
    }
  });

  test('no difference shown in a plan holds a secret', async () => {
    const machine = machineFor([sample]);
    const { answers, steps } = await prepared(machine, [sample]);
    const secrets = [...answers.all]
      .filter(([setting]) => setting.secret === true)
      .map(([, { value }]) => String(value))
      .filter((secret) => secret !== '');
    // A data warehouse alone has the passwords of two databases, and a compute node is told no secret at all.
    if (samples.includes(sample)) expect(secrets.length).toBeGreaterThan(sample.path === 'answers/warehouse-host.conf' ? 1 : 2);
    else expect(secrets).toEqual([]);
    for (const step of steps) {
      const text = JSON.stringify(await step.check(memoryHost(machine)));
      for (const secret of secrets) expect(text, step.id).not.toContain(secret);
      await apply([step], machine, step.id.replaceAll('/', '-'));
    }
  });
});

test('the titles of steps and their ids are unique', async () => {
  const { steps } = await prepared(machineFor(samples), samples.slice(0, 1));
  expect(new Set(steps.map(({ id }) => id)).size).toBe(steps.length);
  // The classic screen says this for either database.
  const titles = steps.map(({ title }) => english(title)).filter((title) => title !== 'Configuring PostgreSQL');
  expect(new Set(titles).size).toBe(titles.length);
});
