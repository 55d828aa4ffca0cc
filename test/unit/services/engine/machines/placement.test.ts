import { describe, expect, it, test } from 'vitest';
import { type Candidate, place, type Wanted } from '../../../../../src/services/engine/machines/placement.ts';

const wanted: Wanted = { guaranteedMb: 1_000, cpus: 2, pinned: [], networks: ['ovirtmgmt'], displays: ['vnc', 'spice'] };
const host = (name: string, changes: Partial<Candidate> = {}): Candidate => ({
  ...{ id: `id of ${name}`, name, status: 'up', physicalMb: 8_000, reservedMb: 300, overheadMb: 65, committedMb: 0, overcommit: 100 },
  ...{ cpus: 8, cpusInUse: 0, machines: 0, load: 0, networks: ['ovirtmgmt', 'blue'], displays: ['spice', 'vnc'] },
  ...changes,
});

describe('a machine is started', () => {
  test.each<[string, Partial<Candidate>, Partial<Candidate>]>([
    ['has more memory left', { committedMb: 4_000 }, { committedMb: 1_000 }],
    ['has fewer processors in use', { cpusInUse: 6 }, { cpusInUse: 5 }],
    ['has less to do', { load: 90 }, { load: 10 }],
    ['has fewer machines', { machines: 2 }, { machines: 1 }],
    ['is first by its name', {}, { name: 'a' }],
    ['is larger', { committedMb: 1_000 }, { committedMb: 1_000, physicalMb: 16_000 }],
  ])('on the host that %s', (_why, one, other) => {
    const better = host('b', other);
    expect(place(wanted, [host('c', one), better])).toEqual({ host: better.id, name: better.name });
  });

  it('on all hosts evenly, when there are many of them', () => {
    const counts = new Map<string, number>();
    for (let machine = 0; machine < 12; machine++) {
      const hosts = ['a', 'b', 'c'].map((name) => {
        const machines = counts.get(name) ?? 0;
        return host(name, { machines, committedMb: machines * 1_065, cpusInUse: machines * 2 });
      });
      const found = place(wanted, hosts);
      if (!('name' in found)) throw new Error(found.why.join(' '));
      counts.set(found.name, (counts.get(found.name) ?? 0) + 1);
    }
    expect([...counts.values()]).toEqual([4, 4, 4]);
  });

  it('on memory that is promised more than once where the cluster allows it', () => {
    const full = { physicalMb: 2_000, committedMb: 1_500 };
    expect(place(wanted, [host('a', full)])).toHaveProperty('why');
    expect(place(wanted, [host('a', { ...full, overcommit: 150 })])).toHaveProperty('host');
  });
});

describe('nothing fits', () => {
  test.each<[string, Partial<Candidate>, Partial<Wanted>]>([
    ['its status is non responsive', { status: 'non_responsive' }, {}],
    ['the machine may not run there', {}, { pinned: ['id of another'] }],
    ['it has not told yet how much memory it has', { physicalMb: null }, {}],
    ['it has 1 processors, and the machine needs 2', { cpus: 1 }, {}],
    ['it has 200 MB of memory left to promise, and the machine needs 1065 MB', { committedMb: 7_500 }, {}],
    ['it has no bridge for the network red', {}, { networks: ['blue', 'red'] }],
    ['it has no bridge for the networks red, green', {}, { networks: ['green', 'red'].toReversed() }],
    ['it cannot show displays of the kind SPICE', { displays: ['vnc'] }, {}],
  ])('where %s', (why, changes, more) => {
    expect(place({ ...wanted, ...more }, [host('a', changes)])).toEqual({ why: [`Host a: ${why}.`] });
  });

  it('though not where a host does not say which displays it can show', () => {
    expect(place(wanted, [host('a', { displays: null })])).toHaveProperty('host');
  });

  it('where there is no host', () => {
    expect(place(wanted, [])).toEqual({ why: ['Its cluster has no hosts.'] });
  });

  it('and each host is told of, once', () => {
    const hosts = [host('a', { status: 'maintenance' }), host('b', { cpus: 1, status: 'up' })];
    expect(place(wanted, hosts)).toEqual({
      why: ['Host a: its status is maintenance.', 'Host b: it has 1 processors, and the machine needs 2.'],
    });
  });

  it('on a host that is not among those it may run on, though another would be free', () => {
    expect(place({ ...wanted, pinned: ['id of a'] }, [host('a', { status: 'down' }), host('b')])).toEqual({
      why: ['Host a: its status is down.', 'Host b: the machine may not run there.'],
    });
  });
});
