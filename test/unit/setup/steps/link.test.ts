import { describe, expect, test } from 'vitest';
import { file } from '#kit';
import { execute } from '../../../../src/setup/core/execute.ts';
import { rollBack } from '../../../../src/setup/core/rollback.ts';
import { memoryHost, newMachine } from '../../../../src/setup/host/memory/index.ts';
import { link } from '../../../../src/setup/steps/link.ts';
import { newJournal, silentObserver } from '../../../support/fakes.ts';

const step = link({ id: 'x', chapter: 'system', title: 'X' }, [
  { path: '/usr/lib/x/current', target: '1.2' },
  { path: '/usr/local/bin/x', target: '/usr/lib/x/current/bin/x' },
]);
const wanted = { kind: 'link', target: '1.2' } as const;

/** Applies the step as a run does. */
async function run(machine = newMachine()) {
  const host = memoryHost(machine);
  const on = { host, journal: await newJournal(host), observer: silentObserver, signal: new AbortController().signal };
  await execute([step], on);
  return { host, machine, takeBack: () => rollBack([step], on) };
}

describe('links', () => {
  test('are made, and then there is nothing to do; a rollback removes them', async () => {
    const { host, machine, takeBack } = await run();
    expect(machine.disk.get('/usr/lib/x/current')).toEqual(wanted);
    expect(machine.disk.get('/usr/local/bin/x')).toEqual({ kind: 'link', target: '/usr/lib/x/current/bin/x' });
    expect(await step.check(host)).toEqual({ kind: 'none' });
    expect(await takeBack()).toEqual([]);
    expect([machine.disk.has('/usr/lib/x/current'), machine.disk.has('/usr/local/bin/x')]).toEqual([false, false]);
  });

  test.each([
    ['a link elsewhere', { kind: 'link', target: '1.1' } as const],
    ['a file', file('mine', 0o755)],
  ])('replace %s, which a rollback brings back', async (_, former) => {
    const machine = newMachine();
    machine.disk.set('/usr/lib/x/current', former);
    machine.disk.set('/usr/local/bin/x', { kind: 'link', target: '/usr/lib/x/current/bin/x' });
    expect(await step.check(memoryHost(machine))).toMatchObject({ note: '/usr/lib/x/current', touches: ['/usr/lib/x/current'] });
    const { takeBack } = await run(machine);
    expect(machine.disk.get('/usr/lib/x/current')).toEqual(wanted);
    expect(await takeBack()).toEqual([]);
    expect(machine.disk.get('/usr/lib/x/current')).toEqual(former);
  });
});
