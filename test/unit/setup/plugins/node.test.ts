import { expect, test } from 'vitest';
import { file } from '#kit';
import { diskOf, install, machineFor } from '../../../support/installation.ts';
import { enrolledNode } from '../../../support/node.ts';

const path = '/etc/sanlock/sanlock.conf';
const files = [enrolledNode];

test('a host has a name for sanlock that it keeps, and what an administrator says there stays', async () => {
  const nameOn = async (id: string): Promise<string | undefined> => {
    const machine = machineFor(files);
    machine.disk.set('/etc/machine-id', file(`${id}\n`, 0o444));
    machine.disk.set('/etc/sanlock', { kind: 'directory', mode: 0o755 });
    machine.disk.set(path, file('use_watchdog = 1\n', 0o640));
    const { outcome, screen } = await install({ machine, files });
    expect(outcome.failure, screen).toBeUndefined();
    const written = diskOf(machine)[path] ?? '';
    expect(written).toContain('use_watchdog = 1\n');
    return /^our_host_name = ([0-9a-f]{32})$/m.exec(written)?.[1];
  };
  const name = await nameOn('one');
  expect(name).toBeDefined();
  expect(await nameOn('one')).toBe(name);
  // Another machine that takes its place is not it.
  expect(await nameOn('other')).not.toBe(name);
});

test('services of a host are started again however often they have failed', async () => {
  const machine = machineFor(files);
  await install({ machine, files });
  const units = ['ovirt-host-agent', 'ovirt-host-helper', 'ovirt-imageio-daemon'];
  for (const unit of units)
    expect(diskOf(machine)[`/etc/systemd/system/${unit}.service`]).toMatch(/\[Unit\]\n[^[]*^StartLimitIntervalSec=0$[^]*^Restart=always$/m);
});
