import { expect, test } from 'vitest';
import { file } from '#kit';
import { diskOf, install, machineFor } from '../../../support/installation.ts';
import { enrolledNode, nodeAddress } from '../../../support/node.ts';

const path = '/etc/sanlock/sanlock.conf';
const files = [enrolledNode];

test('a host has a name for sanlock that it keeps, and what an administrator says there stays', async () => {
  const machine = machineFor(files);
  machine.disk.set('/etc/sanlock', { kind: 'directory', mode: 0o755 });
  machine.disk.set(path, file('use_watchdog = 1\n', 0o640));
  const { outcome, screen } = await install({ machine, files });
  expect(outcome.failure, screen).toBeUndefined();
  const written = diskOf(machine)[path];
  expect(written).toContain('use_watchdog = 1\n');
  expect(written).toContain(`\nour_host_name = ${nodeAddress}\n`);
});

test('services of a host are started again however often they have failed', async () => {
  const machine = machineFor(files);
  await install({ machine, files });
  const units = ['ovirt-host-agent', 'ovirt-host-helper', 'ovirt-imageio-daemon'];
  for (const unit of units)
    expect(diskOf(machine)[`/etc/systemd/system/${unit}.service`]).toMatch(/\[Unit\]\n[^[]*^StartLimitIntervalSec=0$[^]*^Restart=always$/m);
});
