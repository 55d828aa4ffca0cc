import { describe, expect, it } from 'vitest';
import { hostStatuses, type HostStatus, statusNumber } from '../../../../src/services/engine/hosts/host-status.ts';
import { type Deed, deedFor, graceOf, isAtRest, isWatched } from '../../../../src/services/engine/monitoring/host-watch.ts';

const patience = { graceMs: 60_000, graceForMachineMs: 500 };
const since = 1_000_000;
const host = (status: HostStatus, more = {}) => ({
  ...{ status: statusNumber(status), statusSince: new Date(since), virtualMachines: 0, locked: false },
  ...more,
});
const seen = (reachable: boolean | undefined, more = {}) => ({ reachable, statisticsAt: since, examinationAt: since, ...more });
const deeds = (reachable: boolean | undefined, now: number, more = {}): Partial<Record<HostStatus, Deed>> =>
  Object.fromEntries(
    hostStatuses
      .map((status) => [status, deedFor(host(status, more), seen(reachable), patience, now)] as const)
      .filter(([, deed]) => deed !== 'nothing'),
  );

describe('what is done about a host', () => {
  it('that can be reached', () => {
    expect(deeds(true, since)).toEqual({
      up: 'statistics',
      preparing_for_maintenance: 'statistics',
      unassigned: 'examine',
      non_responsive: 'examine',
      reboot: 'examine',
      non_operational: 'examine',
      initializing: 'examine',
      connecting: 'examine',
      kdumping: 'examine',
    });
    expect(deeds(true, since - 1)).toEqual({});
  });

  it('that can be reached and is not operational, between two looks: its machines are watched', () => {
    const examinationAt = since + 60_000;
    expect(deedFor(host('non_operational'), seen(true, { examinationAt }), patience, since - 1)).toBe('nothing');
    expect(deedFor(host('non_operational'), seen(true, { examinationAt }), patience, since)).toBe('statistics');
    expect(deedFor(host('non_responsive'), seen(true, { examinationAt }), patience, since)).toBe('nothing');
    expect(deedFor(host('non_operational'), seen(true, { examinationAt }), patience, examinationAt)).toBe('examine');
  });

  it('that cannot', () => {
    const lost = { up: 'lost', non_operational: 'lost', unassigned: 'lost', initializing: 'lost' };
    expect(deeds(false, since + 60_000)).toEqual(lost);
    expect(deeds(false, since + 60_001)).toEqual({ ...lost, connecting: 'given up', reboot: 'given up' });
  });

  it('that runs machines is waited for longer', () => {
    expect(graceOf(host('connecting', { virtualMachines: 100 }), patience)).toBe(110_000);
    expect(deedFor(host('connecting', { virtualMachines: 100 }), seen(false), patience, since + 110_000)).toBe('nothing');
    expect(deedFor(host('connecting', { virtualMachines: 100 }), seen(false), patience, since + 110_001)).toBe('given up');
  });

  it('that nobody has tried to reach yet is nothing', () => {
    expect(deeds(undefined, since + 1e9)).toEqual({});
  });

  it('that a command works on is left to that, but for what is told of it', () => {
    const watched = { up: 'statistics', non_operational: 'statistics', preparing_for_maintenance: 'statistics' };
    expect(deeds(true, since, { locked: true })).toEqual(watched);
    expect(deeds(false, since + 60_001, { locked: true })).toEqual({ connecting: 'given up', reboot: 'given up' });
  });

  it('is connecting to it, unless it is at rest', () => {
    const resting = ['down', 'maintenance', 'installing', 'install_failed', 'pending_approval', 'installing_os'];
    expect(hostStatuses.filter((status) => !isWatched(statusNumber(status)))).toEqual(resting);
    expect(hostStatuses.filter((status) => isAtRest(statusNumber(status)))).toEqual(resting.filter((status) => status !== 'installing'));
  });
});
