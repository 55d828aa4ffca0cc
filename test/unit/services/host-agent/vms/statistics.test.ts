import { describe, expect, test } from 'vitest';
import type { Domain } from '../../../../../src/services/host-agent/libvirt/domain.ts';
import type { Libvirt, Values } from '../../../../../src/services/host-agent/libvirt/libvirt.ts';
import { newMachine } from '../../../../../src/services/host-agent/vms/machine.ts';
import { createMachineStatistics } from '../../../../../src/services/host-agent/vms/statistics.ts';

const domain: Domain = { name: 'one', uuid: '6f1b3c1e-0000-4000-8000-000000000001', id: 1 };
const now = Date.parse('2026-01-15T12:00:00Z');

/** What is told of a machine of which libvirt says this. */
async function told(values: Values): Promise<Record<string, unknown>> {
  const libvirt = { stats: () => Promise.resolve([{ domain, values }]) } as unknown as Libvirt;
  const statistics = createMachineStatistics({ libvirt: () => libvirt, clock: () => 10_000, now: () => now });
  const [machine] = await statistics.of([{ ...newMachine(domain.uuid, domain.name, now), status: 'Up', domain }]);
  return machine as Record<string, unknown>;
}

describe('the memory of a machine', () => {
  const guest = {
    ...{ 'balloon.current': 262_144, 'balloon.maximum': 262_144, 'balloon.available': 200_000, 'balloon.unused': 20_000 },
    ...{
      'balloon.usable': 150_000,
      'balloon.disk_caches': 130_000,
      'balloon.swap_in': 0,
      'balloon.major_fault': 3,
      'balloon.minor_fault': 4,
    },
    'balloon.last-update': now / 1_000 - 4,
  };

  test('is told as its guest tells it, where what holds files counts as free', async () => {
    expect(await told(guest)).toMatchObject({
      memUsage: '25',
      memoryStats: { mem_total: '200000', mem_unused: '20000', mem_free: '150000', mem_cached: '130000', swap_in: '0', pageflt: '7' },
    });
  });

  test('is told by what is not used at all, where an older guest says no more', async () => {
    const { 'balloon.usable': _usable, ...older } = guest;
    expect(await told(older)).toMatchObject({ memUsage: '90', memoryStats: { mem_free: '20000' } });
  });

  test.each<[string, Values]>([
    ['has told nothing', { 'balloon.current': 262_144, 'balloon.last-update': 0 }],
    ['has told nothing for minutes', { ...guest, 'balloon.last-update': now / 1_000 - 120 }],
    ['is asked by nobody', { 'balloon.current': 262_144, 'balloon.available': 200_000, 'balloon.unused': 20_000 }],
  ])('is not known where the guest %s', async (_what, values) => {
    const machine = await told(values);
    expect(machine).not.toHaveProperty('memUsage');
    expect(machine['memoryStats']).toEqual({ mem_total: '262144' });
  });
});

test('of a machine tell of its clock, whether it runs or has ended, and of nothing that is not known', async () => {
  const libvirt = { stats: () => Promise.resolve([]) } as unknown as Libvirt;
  const statistics = createMachineStatistics({ libvirt: () => libvirt, clock: () => 10_000, now: () => now });
  const machine = { ...newMachine(domain.uuid, domain.name, now), timeOffset: 3_600 };
  const [runs, ended] = await statistics.of([
    { ...machine, status: 'Up', domain },
    { ...machine, status: 'Down', exit: { code: 0, reason: 7, message: 'x' } },
  ]);
  expect(runs).toMatchObject({ timeOffset: '3600', acpiEnable: 'false' });
  expect(runs).not.toHaveProperty('pid');
  expect(ended).toMatchObject({ status: 'Down', timeOffset: '3600' });
});
