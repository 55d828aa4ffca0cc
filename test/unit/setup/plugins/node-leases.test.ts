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
