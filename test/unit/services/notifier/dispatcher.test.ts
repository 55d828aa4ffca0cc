import { describe, expect, it } from 'vitest';
import type { Log } from '../../../../src/services/frame/log.ts';
import { createDispatcher } from '../../../../src/services/notifier/dispatcher.ts';
import type { Event } from '../../../../src/services/notifier/event.ts';
import { type EventStore, historyKey, type Past } from '../../../../src/services/notifier/event-store.ts';
import { parseFilter } from '../../../../src/services/notifier/filter.ts';
import { Refused, type Transport } from '../../../../src/services/notifier/transport.ts';

const event = (id: number, name = 'E'): Event => ({
  id: String(id),
  name,
  code: 1,
  severity: 0,
  message: `event ${id}`,
  time: new Date(0),
  resolves: false,
  about: {},
});

/** A dispatcher on a store in memory. `refuses` and `away` say what the transports do. */
function dispatching(events: readonly Event[], filter: string, { retries = 2, patienceMs = 5_000 } = {}) {
  const pending = new Map(events.map((one) => [one.id, one]));
  const history = new Map<string, Past>();
  const sent: string[] = [];
  const tries: string[] = [];
  const logged: string[] = [];
  const refuses = new Set<string>();
  const away = new Set<string>();
  const ending = new AbortController();
  const stuck = new Map<string, Promise<unknown>>();
  const way = (name: string, address: string): string => (address.startsWith('@') ? `${name}${address}` : name);
  const transport = (name: string): Transport => ({
    way: (address) => way(name, address),
    async send({ id }, address) {
      tries.push(`${name} ${id}`);
      await stuck.get(way(name, address));
      if (away.has(name)) throw new Error('nobody there');
      if (refuses.has(address)) throw new Refused('no such box');
      sent.push(`${id} ${name}:${address}`);
    },
  });
  const store: EventStore = {
    skipBefore: async () => undefined,
    looking: async () => undefined,
    forget: async () => undefined,
    subscriptions: async () => parseFilter('include:SUBSCRIBED(smtp:user@b)'),
    pending: async (behind, limit) =>
      [...pending.values()]
        .filter(({ id }) => Number(id) > Number(behind))
        .sort((a, b) => Number(a.id) - Number(b.id))
        .slice(0, limit),
    history: async () => history,
    async record({ id }, recipient, reason) {
      const key = historyKey(id, recipient);
      const past = history.get(key) ?? { sent: false, refusals: 0 };
      history.set(key, reason === null ? { ...past, sent: true } : { ...past, refusals: past.refusals + 1 });
    },
    finish: async (ids) => ids.forEach((id) => pending.delete(id)),
  };
  const note = (message: string): void => void logged.push(message);
  const log: Log = { info: note, warning: note, error: note };
  const transports = new Map(['smtp', 'snmp'].map((name) => [name, transport(name)]));
  const { signal } = ending;
  const dispatcher = createDispatcher({ store, rules: parseFilter(filter), transports, retries, log, signal, patienceMs });
  return { ...dispatcher, sent, tries, logged, refuses, away, stuck, pending, history, ending };
}

describe('a round', () => {
  it('tells everybody of everything, once, and is done with what concerns nobody', async () => {
    const events = Array.from({ length: 250 }, (_, index) => event(index + 1, index % 2 === 0 ? 'E' : 'F'));
    const { round, sent, pending } = dispatching(events, 'include:E(smtp:a@b) include:E(snmp:)');
    expect(await round()).toBe(false);
    expect(sent).toHaveLength(250);
    expect(new Set(sent).size).toBe(250);
    expect(pending.size).toBe(0);
    expect(await round()).toBe(false);
    expect(sent).toHaveLength(250);
  });

  it('tells subscribers whatever the rules say', async () => {
    const { round, sent } = dispatching([event(1, 'SUBSCRIBED')], 'exclude:*');
    await round();
    expect(sent).toEqual(['1 smtp:user@b']);
  });

  it('tries what is refused so often and no more, and tells others meanwhile, once', async () => {
    const { round, sent, refuses, pending, tries, logged } = dispatching([event(1), event(2)], 'include:*(smtp:bad@b) include:*(smtp:a@b)');
    refuses.add('bad@b');
    expect(await round()).toBe(true);
    expect(await round()).toBe(false);
    expect(await round()).toBe(false);
    expect(sent.sort()).toEqual(['1 smtp:a@b', '2 smtp:a@b']);
    expect(tries).toHaveLength(6);
    expect(pending.size).toBe(0);
    expect(logged.filter((line) => line === 'an event could not be sent')).toHaveLength(2);
  });

  it('waits for a transport that cannot be reached, without asking it for every event, and uses the others', async () => {
    const { round, sent, away, tries, logged, history } = dispatching(
      [event(1), event(2), event(3)],
      'include:*(smtp:a@b) include:*(snmp:)',
    );
    away.add('smtp');
    for (let times = 0; times < 5; times++) expect(await round()).toBe(true);
    expect(tries.filter((one) => one.startsWith('smtp'))).toHaveLength(5);
    expect(sent).toEqual(['1 snmp:', '2 snmp:', '3 snmp:']);
    expect([...history.values()].filter(({ sent: done }) => !done)).toEqual([]);
    away.clear();
    expect(await round()).toBe(false);
    expect(sent).toHaveLength(6);
    expect(logged.filter((line) => line.includes('reached'))).toEqual([
      'smtp cannot be reached, events wait for it',
      'smtp can be reached again',
    ]);
  });

  it('goes on without a way that is slow, and what that has taken is not sent twice', async () => {
    const events = Array.from({ length: 150 }, (_, index) => event(index + 1));
    const { round, rest, sent, stuck, pending } = dispatching(
      events,
      'include:*(smtp:a@b) include:*(snmp:) include:*(snmp:@one) include:*(snmp:@two)',
      { patienceMs: 10 },
    );
    const [mail, one] = [Promise.withResolvers<undefined>(), Promise.withResolvers<undefined>()];
    stuck.set('smtp', mail.promise).set('snmp@one', one.promise);
    const by = (end: string) => sent.filter((line) => line.endsWith(end)).length;
    while (by('snmp:') + by('snmp:@two') < 300) expect(await round()).toBe(true);
    expect([by('snmp:'), by('snmp:@two'), sent.length]).toEqual([150, 150, 300]);
    expect(pending.size).toBe(150);
    mail.resolve(undefined);
    one.resolve(undefined);
    await rest();
    expect(await round()).toBe(false);
    expect([new Set(sent).size, sent.length, pending.size]).toEqual([600, 600, 0]);
  });

  it('ends only when what was slow has come to its end', async () => {
    const { round, rest, sent, stuck, ending } = dispatching([event(1), event(2)], 'include:*(smtp:a@b)', { patienceMs: 10 });
    const mail = Promise.withResolvers<undefined>();
    stuck.set('smtp', mail.promise);
    await round();
    ending.abort();
    const ended = rest();
    mail.resolve(undefined);
    await ended;
    expect(sent).toEqual(['1 smtp:a@b']);
  });

  it('leaves to the next start what it has not begun when it is to end', async () => {
    const { round, sent, ending, pending } = dispatching([event(1)], 'include:*(smtp:a@b)');
    ending.abort();
    expect(await round()).toBe(true);
    expect([sent, pending.size]).toEqual([[], 1]);
  });
});

it('an event that stands in no table is told once, and who cannot be told does no harm', async () => {
  const { tell, sent, away } = dispatching([], 'include:*(smtp:a@b) include:*(snmp:) include:*(pigeon:x)');
  away.add('smtp');
  await tell(event(0));
  expect(sent).toEqual(['0 snmp:']);
});
