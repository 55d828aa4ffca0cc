import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSessions } from '../../../../src/services/fence-kdump-listener/sessions.ts';

const finishedMs = 30_000;

const usual = { '192.0.2.1': 'one', '192.0.2.2': 'two' };

/** Sessions with a clock that tests move. */
function watched({
  strangersAtMost = 4,
  hosts = usual,
}: { readonly strangersAtMost?: number; readonly hosts?: Readonly<Record<string, string>> } = {}) {
  const clock = { now: 0 };
  const sessions = createSessions({ finishedMs, strangersAtMost, now: () => clock.now });
  return { clock, sessions, learn: () => sessions.learn(new Map(Object.entries(hosts))) };
}

describe('a host that sends', () => {
  it('is dumping at once, and has finished after the time of silence', () => {
    const { clock, sessions, learn } = watched();
    sessions.heard('192.0.2.1', 5000, true);
    learn();
    expect(sessions.report()).toEqual([{ hostId: 'one', status: 'dumping', address: '192.0.2.1', port: 5000 }]);
    clock.now = finishedMs - 1;
    expect(sessions.report()[0]?.status).toBe('dumping');
    clock.now = finishedMs;
    expect(sessions.report()[0]?.status).toBe('finished');
  });

  it('is kept open by messages, and by nothing that is not one', () => {
    const { clock, sessions, learn } = watched();
    sessions.heard('192.0.2.1', 5000, true);
    sessions.heard('192.0.2.2', 5000, true);
    learn();
    clock.now = 20_000;
    sessions.heard('192.0.2.1', 5001, true);
    sessions.heard('192.0.2.2', 5000, false);
    clock.now = 40_000;
    expect(sessions.report()).toEqual([
      { hostId: 'one', status: 'dumping', address: '192.0.2.1', port: 5001 },
      { hostId: 'two', status: 'finished', address: '192.0.2.2', port: 5000 },
    ]);
  });

  it('is forgotten once its end is stored, and not before', () => {
    const { clock, sessions, learn } = watched();
    sessions.heard('192.0.2.1', 5000, true);
    learn();
    clock.now = finishedMs;
    expect(sessions.report()).toHaveLength(1);
    expect(sessions.report()).toHaveLength(1);
    sessions.settle();
    expect(sessions.report()).toEqual([]);
    expect(sessions.asksForHosts()).toBe(false);
  });

  it('that sends again while its end is being stored goes on', () => {
    const { clock, sessions, learn } = watched();
    sessions.heard('192.0.2.1', 5000, true);
    learn();
    clock.now = finishedMs;
    sessions.report();
    clock.now++;
    sessions.heard('192.0.2.1', 6000, true);
    sessions.settle();
    expect(sessions.report()).toEqual([{ hostId: 'one', status: 'dumping', address: '192.0.2.1', port: 6000 }]);
  });

  it('from two addresses is told of once, by the one that was heard last', () => {
    const { clock, sessions, learn } = watched({ hosts: { '192.0.2.1': 'one', '2001:db8::1': 'one' } });
    sessions.heard('192.0.2.1', 1, true);
    clock.now = 20_000;
    sessions.heard('2001:db8::1', 2, true);
    learn();
    clock.now = 35_000;
    expect(sessions.report()).toEqual([{ hostId: 'one', status: 'dumping', address: '2001:db8::1', port: 2 }]);
  });

  it('ends as itself even if its interface is gone by then', () => {
    const { clock, sessions, learn } = watched();
    sessions.heard('192.0.2.1', 5000, true);
    learn();
    expect(sessions.learn(new Map())).toEqual({ strangers: 0, example: null });
    clock.now = finishedMs;
    expect(sessions.report()).toMatchObject([{ hostId: 'one', status: 'finished' }]);
  });
});

describe('a sender that is no host', () => {
  it('is forgotten when the hosts are looked up, and never told of', () => {
    const { sessions, learn } = watched();
    sessions.heard('203.0.113.9', 5000, true);
    expect(sessions.report()).toEqual([]);
    expect(learn()).toEqual({ strangers: 1, example: '203.0.113.9' });
    expect(sessions.asksForHosts()).toBe(false);
  });

  it('that sends no message is not even looked up', () => {
    const { sessions } = watched();
    sessions.heard('192.0.2.1', 5000, false);
    expect(sessions.asksForHosts()).toBe(false);
  });
});

describe('a flood of made-up senders', () => {
  it('is counted, but only so many are remembered', () => {
    const { sessions, learn } = watched({ strangersAtMost: 4 });
    for (let n = 0; n < 100_000; n++) sessions.heard(`198.51.${n >> 8}.${n & 255}`, 5000, true);
    expect(learn()).toEqual({ strangers: 100_000, example: '198.51.0.0' });
  });

  it('does not keep a host out whose address is known', () => {
    const { sessions, learn } = watched({ strangersAtMost: 4 });
    sessions.heard('203.0.113.1', 1, true);
    learn();
    for (let n = 0; n < 100; n++) sessions.heard(`198.51.100.${n}`, 5000, true);
    sessions.heard('192.0.2.2', 5000, true);
    learn();
    expect(sessions.report()).toMatchObject([{ hostId: 'two', status: 'dumping' }]);
  });

  it('makes a host that is new be looked up, so that its next message counts', () => {
    const { sessions, learn } = watched({ strangersAtMost: 1 });
    sessions.heard('198.51.100.1', 5000, true);
    sessions.heard('192.0.2.1', 5000, true);
    learn();
    sessions.heard('198.51.100.2', 5000, true);
    sessions.heard('192.0.2.1', 5000, true);
    expect(sessions.report()).toMatchObject([{ hostId: 'one', status: 'dumping' }]);
  });

  it('leaves hosts alone behind it, each told of once, whatever happens', () => {
    const event = fc.oneof(
      fc.record({ address: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'), valid: fc.boolean() }),
      fc.constantFrom('learn' as const, 'report' as const, 'settle' as const, 'later' as const),
      fc.record({ resume: fc.constantFrom('a', 'b') }),
    );
    fc.assert(
      fc.property(fc.array(event, { maxLength: 60 }), (events) => {
        const { clock, sessions, learn } = watched({ strangersAtMost: 2, hosts: { a: 'one', b: 'two' } });
        for (const one of events) {
          if (one === 'learn') learn();
          else if (one === 'later') clock.now += 20_000;
          else if (typeof one === 'string') sessions[one]();
          else if ('resume' in one) sessions.resume({ hostId: one.resume === 'a' ? 'one' : 'two', address: one.resume, port: 1 });
          else sessions.heard(one.address, 1, one.valid);
        }
        const ids = sessions.report().map(({ hostId }) => hostId);
        expect(new Set(ids).size).toBe(ids.length);
        // All that is left after a look are hosts.
        learn();
        expect(learn().strangers).toBe(0);
      }),
    );
  });
});

describe('a dump that began before', () => {
  it('is watched from now on, and ends like any other', () => {
    const { clock, sessions } = watched();
    clock.now = 1_000_000;
    sessions.resume({ hostId: 'one', address: '192.0.2.1', port: 5000 });
    expect(sessions.report()).toMatchObject([{ hostId: 'one', status: 'dumping' }]);
    clock.now += finishedMs;
    expect(sessions.report()).toMatchObject([{ hostId: 'one', status: 'finished' }]);
  });

  it('keeps the port of a message that came first', () => {
    const { sessions } = watched();
    sessions.heard('192.0.2.1', 6000, true);
    sessions.resume({ hostId: 'one', address: '192.0.2.1', port: 5000 });
    expect(sessions.report()).toEqual([{ hostId: 'one', status: 'dumping', address: '192.0.2.1', port: 6000 }]);
  });
});
