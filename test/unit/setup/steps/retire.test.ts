import { describe, expect, test } from 'vitest';
import { file } from '#kit';
import { memoryHost, newMachine } from '../../../../src/setup/host/memory/index.ts';
import { absent, retired } from '../../../../src/setup/steps/retire.ts';

const heading = { id: 'x', chapter: 'units', title: 'X' } as const;
const silent = (): undefined => undefined;

describe('a unit that is retired', () => {
  test.each([
    ['ran and was enabled', true, true],
    ['was only enabled', false, true],
    ['only ran', true, false],
  ])('and %s neither runs nor is enabled, and is brought back like that', async (_, active, enabled) => {
    const machine = newMachine();
    machine.disk.set('/etc/systemd/system/u.service', file('', 0o644));
    const host = memoryHost(machine);
    if (enabled) await host.services.enable('u', true);
    if (active) await host.services.start('u');
    const step = retired(heading, 'u');
    const kept = await step.prepare!(host);
    await step.apply(host, silent);
    expect([await host.services.isActive('u'), await host.services.isEnabled('u')]).toEqual([false, false]);
    expect(await step.check(host)).toEqual({ kind: 'none' });
    await (step.undo as { run(on: typeof host, kept: unknown): Promise<void> }).run(host, kept);
    expect([await host.services.isActive('u'), await host.services.isEnabled('u')]).toEqual([active, enabled]);
  });

  test('was never there: there is nothing to do', async () => {
    expect(await retired(heading, 'u').check(memoryHost(newMachine()))).toEqual({ kind: 'none' });
  });
});

test('files that must not be there are removed, and those alone', async () => {
  const machine = newMachine();
  for (const path of ['/etc/a', '/etc/b']) machine.disk.set(path, file(path, 0o644));
  const host = memoryHost(machine);
  const step = absent(heading, ['/etc/a', '/etc/c']);
  expect(await step.check(host)).toEqual({ kind: 'remove', note: '/etc/a', touches: ['/etc/a'] });
  await step.apply(host, silent);
  expect(await step.check(host)).toEqual({ kind: 'none' });
  expect(machine.disk.has('/etc/b')).toBe(true);
});
