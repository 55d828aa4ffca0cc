import { describe, expect, test } from 'vitest';
import { memoryHost, newMachine } from '../../../../src/setup/host/memory/index.ts';
import { textOf } from '../../../../src/setup/kit/host.ts';
import { type WantedUnit, unitFile, unitPath } from '../../../../src/setup/steps/unit-file.ts';

const wanted = { unit: 'ovirt-engine', command: ['/bin/node', 'a b'], environment: ['A=b c'], logFile: '/var/log/x' };

async function written(more: Partial<WantedUnit>): Promise<readonly string[]> {
  const host = memoryHost(newMachine());
  const step = unitFile({ id: 'x', chapter: 'units', title: 'X' }, { ...wanted, ...more });
  expect((await step.check(host)).kind).toBe('create');
  await step.apply(host, () => undefined);
  expect(await step.check(host)).toEqual({ kind: 'none' });
  const entry = host.machine.disk.get('/etc/systemd/system/ovirt-engine.service');
  expect(entry).toMatchObject({ mode: 0o644 });
  return textOf(entry).split('\n');
}

describe('the unit of a service', () => {
  test('lies where systemd looks for it', () => {
    expect(unitPath('ovirt-engine')).toBe('/etc/systemd/system/ovirt-engine.service');
  });

  test('runs as whoever starts it, and may write where it is said', async () => {
    const lines = await written({ writable: ['/a', '/b c'] });
    expect(lines).toEqual(expect.arrayContaining(['ExecStart=/bin/node "a b"', 'Environment="A=b c"', 'ReadWritePaths=/a "/b c"']));
    expect(lines).toContain('StandardError=append:/var/log/x');
    expect(lines).toEqual(expect.arrayContaining(['CapabilityBoundingSet=', 'AmbientCapabilities=']));
    expect(lines.join('\n')).not.toMatch(/^(User|Group|RuntimeDirectory|CacheDirectory)=/m);
  });

  test('runs as an account, whose folders systemd makes', async () => {
    const lines = await written({ account: 'ovirt' });
    expect(lines).toEqual(
      expect.arrayContaining([
        'User=ovirt',
        'Group=ovirt',
        'RuntimeDirectory=ovirt-engine/ovirt-engine',
        'RuntimeDirectoryMode=0750',
        'CacheDirectory=ovirt-engine/ovirt-engine',
        'CacheDirectoryMode=0700',
        'StandardOutput=append:/var/log/x',
        'StandardError=journal',
      ]),
    );
    expect(lines.join('\n')).not.toMatch(/^ReadWritePaths=/m);
  });
});
