import { describe, expect, it } from 'vitest';
import type { KdumpTables } from '../../../../src/services/fence-kdump-listener/kdump-tables.ts';
import { createSessions, type KdumpStatus } from '../../../../src/services/fence-kdump-listener/sessions.ts';
import { createRound } from '../../../../src/services/fence-kdump-listener/synchronizer.ts';
import type { Log } from '../../../../src/services/frame/log.ts';

/** A round on tables that note what is done to them, and fail where told to. */
function round({ unfinished = [] as Omit<KdumpStatus, 'status'>[], unreadable = 0 } = {}) {
  const clock = { now: 1_000_000 };
  const done: string[] = [];
  const logged: string[] = [];
  const failing = new Set<string>();
  const act = (name: string): void => {
    if (failing.has(name)) throw new Error(`${name} failed`);
    done.push(name);
  };
  const tables: KdumpTables = {
    unfinished: async () => (act('unfinished'), { dumps: unfinished, unreadable }),
    hosts: async () => (act('hosts'), new Map([['192.0.2.1', 'one']])),
    store: async (statuses) => act(`store ${statuses.map(({ hostId, status }) => `${hostId} ${status}`).join()}`),
    heartbeat: async () => act('heartbeat'),
  };
  const note = (message: string): void => void logged.push(message);
  const log: Log = { info: note, warning: note, error: note };
  const sessions = createSessions({ finishedMs: 30_000, strangersAtMost: 10, now: () => clock.now });
  const go = createRound({ sessions, tables, heartbeatMs: 30_000, log, now: () => clock.now });
  return { clock, done, logged, failing, sessions, go };
}

describe('a round', () => {
  it('asks for nothing but dumps that had begun, as long as nobody sends, and gives a sign of life now and then', async () => {
    const { clock, done, go } = round();
    for (let seconds = 0; seconds < 60; seconds += 5) {
      await go();
      clock.now += 5_000;
    }
    expect(done).toEqual(['unfinished', 'heartbeat', 'heartbeat']);
  });

  it('stores what it hears, tells of begin and end, and then rests', async () => {
    const { clock, done, logged, sessions, go } = round();
    sessions.heard('192.0.2.1', 5000, true);
    await go();
    await go();
    clock.now += 30_000;
    await go();
    await go();
    expect(done).toEqual([
      ...['unfinished', 'hosts', 'store one dumping', 'heartbeat'],
      ...['hosts', 'store one dumping'],
      ...['hosts', 'store one finished', 'heartbeat'],
    ]);
    expect(logged).toEqual(['dump dumping', 'dump finished']);
  });

  it('takes over dumps that had begun before, and names rows that it cannot read', async () => {
    const { clock, done, logged, go } = round({ unfinished: [{ hostId: 'two', address: '192.0.2.2', port: 1 }], unreadable: 1 });
    await go();
    clock.now += 30_000;
    await go();
    expect(done.filter((what) => what.startsWith('store'))).toEqual(['store two dumping', 'store two finished']);
    expect(logged).toContain('dumps with addresses that cannot be read are left alone');
  });

  it('that fails gives no sign of life, and the next one makes up for it', async () => {
    const { clock, done, failing, sessions, go } = round();
    failing.add('unfinished');
    await expect(go()).rejects.toThrow('unfinished failed');
    failing.clear();
    sessions.heard('192.0.2.1', 5000, true);
    failing.add('store one dumping');
    await expect(go()).rejects.toThrow('store one dumping failed');
    expect(done).toEqual(['unfinished', 'hosts']);
    clock.now += 60_000;
    await go();
    expect(done.slice(2)).toEqual(['hosts', 'store one finished', 'heartbeat']);
  });
});
