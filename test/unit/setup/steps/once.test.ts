import { describe, expect, test } from 'vitest';
import { execute } from '../../../../src/setup/core/execute.ts';
import { rollBack } from '../../../../src/setup/core/rollback.ts';
import { memoryHost, newMachine } from '../../../../src/setup/host/memory/index.ts';
import { once } from '../../../../src/setup/steps/once.ts';
import { newJournal, notingObserver } from '../../../support/fakes.ts';

const heading = { id: 'x/vacuum', chapter: 'engine.schema', title: 'Vacuum' } as const;

async function workshop() {
  const host = memoryHost(newMachine());
  return { host, journal: await newJournal(host), observer: notingObserver(), signal: new AbortController().signal };
}

describe('work that is done once', () => {
  test('is to be done whatever the host looks like, and then it is done', async () => {
    const on = await workshop();
    let runs = 0;
    const step = once(heading, { note: 'engine', run: async (_host, say) => (runs++, say('public.t')) });
    expect(await step.check(on.host)).toEqual({ kind: 'run', note: 'engine' });
    await execute([step, step], on);
    expect(runs).toBe(1);
    expect(on.observer.seen).toEqual(['x/vacuum started', 'x/vacuum said public.t', 'x/vacuum done', 'x/vacuum already']);
  });

  test('that fails is still to be done', async () => {
    const on = await workshop();
    const step = once(heading, { note: 'engine', run: () => Promise.reject(new Error('no room')) });
    await expect(execute([step], on)).rejects.toThrow('no room');
    expect((await step.check(on.host)).kind).toBe('run');
  });

  test('leaves nothing to take back', async () => {
    const on = await workshop();
    const step = once(heading, { note: 'engine', run: () => Promise.resolve() });
    await execute([step], on);
    expect(await rollBack([step], on)).toEqual([]);
  });

  test('is done again by a run that wants it again', async () => {
    const make = () => once(heading, { note: 'engine', run: () => Promise.resolve() });
    await execute([make()], await workshop());
    expect((await make().check(memoryHost(newMachine()))).kind).toBe('run');
  });
});
