import { describe, expect, test } from 'vitest';
import { type Step, file, nothing, textOf } from '#kit';
import { execute, owedRestarts, restartNotified, stopServices } from '../../../../src/setup/core/execute.ts';
import { type Entry, type Journal, findUnfinished, openJournal } from '../../../../src/setup/core/journal.ts';
import { type Accident, type Machine, type MemoryHost, memoryHost, newMachine } from '../../../../src/setup/host/memory/index.ts';
import { fileStep, newJournal, notingObserver } from '../../../support/fakes.ts';

async function workshop(machine: Machine = newMachine(), ...accidents: readonly Accident[]) {
  const host = memoryHost(machine, ...accidents);
  const observer = notingObserver();
  const abort = new AbortController();
  return { host, observer, abort, signal: abort.signal, journal: await newJournal(host) };
}
const kinds = (journal: Journal): readonly string[] => journal.entries().map(({ t }) => t);
const withUnit = (...units: readonly string[]): Machine => {
  const machine = newMachine();
  for (const unit of units) {
    machine.disk.set(`/etc/systemd/system/${unit}.service`, file('', 0o644));
    machine.running.set(unit, '');
  }
  return machine;
};

describe('a step', () => {
  test('that has nothing to do is neither begun nor applied', async () => {
    const on = await workshop();
    await on.host.files.write('/etc/a', file('x', 0o600));
    const before = on.host.effects.length;
    await execute([fileStep('a', '/etc/a', 'x', { notify: ['u'] })], on);
    expect(kinds(on.journal)).toEqual(['already']);
    expect(on.host.effects.slice(before)).toHaveLength(1);
    expect(on.observer.seen).toEqual(['a already']);
  });

  test('is announced with its safety copies and notified units before it changes anything', async () => {
    const on = await workshop();
    await on.host.files.write('/etc/a', file('old', 0o600));
    const from = on.host.effects.length;
    await execute([fileStep('a', '/etc/a', 'new', { notify: ['u', 'v'], prepare: () => Promise.resolve('kept') })], on);
    expect(on.journal.entries()).toMatchObject([
      { t: 'begin', step: 'a', kept: 'kept', files: { '/etc/a': expect.stringMatching(/^[0-9a-f]{64}$/) }, parents: [] },
      { t: 'notify', unit: 'u' },
      { t: 'notify', unit: 'v' },
      { t: 'done', step: 'a', ms: 0 },
    ]);
    const effects = on.host.effects.slice(from).map((effect) => effect.replace(/\/var\/lib.*\//, ''));
    expect(effects.indexOf('write /etc/a')).toBeGreaterThan(effects.lastIndexOf('append journal', effects.indexOf('write /etc/a')));
    expect(effects.filter((effect) => effect === 'append journal').length).toBe(4);
    expect(effects.indexOf('write /etc/a')).toBe(effects.length - 2);
  });

  test('notes which directories come into being on the way', async () => {
    const on = await workshop();
    await execute([fileStep('a', '/opt/x/y/file', 'new')], on);
    expect(on.journal.entries()[0]).toMatchObject({ files: { '/opt/x/y/file': null }, parents: ['/opt/x/y', '/opt/x', '/opt'] });
  });

  test('that leaves a difference behind has failed', async () => {
    const on = await workshop();
    const lame: Step = { ...fileStep('a', '/etc/a', 'x'), apply: () => Promise.resolve() };
    await expect(execute([lame], on)).rejects.toMatchObject({
      code: 'failed',
      message: 'Writing /etc/a: ran, but the host still differs: /etc/a',
    });
    expect(on.observer.seen).toEqual(['a started', 'a failed']);
    expect(kinds(on.journal)).toEqual(['begin', 'failed']);
  });

  test('that fails stops those behind it and throws what it threw', async () => {
    const on = await workshop();
    const failing: Step = { ...fileStep('b', '/etc/b', 'x'), apply: () => Promise.reject(new Error('disk on fire')) };
    await expect(execute([fileStep('a', '/etc/a', 'x'), failing, fileStep('c', '/etc/c', 'x')], on)).rejects.toThrow('disk on fire');
    expect(on.observer.seen).toEqual(['a started', 'a done', 'b started', 'b failed']);
    expect(await on.host.files.read('/etc/c')).toBeUndefined();
  });

  test('can say what it does', async () => {
    const on = await workshop();
    const talking: Step = {
      ...fileStep('a', '/etc/a', 'x'),
      apply: async (host, say) => {
        say('half way');
        await host.files.write('/etc/a', file('x', 0o600));
      },
    };
    await execute([talking], on);
    expect(on.observer.seen).toEqual(['a started', 'a said half way', 'a done']);
  });

  test('that is taken up keeps what was kept the first time; after it was undone it is asked again', async () => {
    const on = await workshop();
    let asks = 0;
    const step = fileStep('a', '/etc/a', 'x', { prepare: () => Promise.resolve(++asks) });
    const failing: Step = { ...step, apply: () => Promise.reject(new Error('no')) };
    await expect(execute([failing], on)).rejects.toThrow('no');
    await expect(execute([failing], on)).rejects.toThrow('no');
    const kept = () => on.journal.entries().flatMap((entry) => (entry.t === 'begin' ? [entry.kept] : []));
    expect(kept()).toEqual([1, 1]);
    await on.journal.append({ t: 'undone', step: 'a' });
    await execute([step], on);
    expect(kept()).toEqual([1, 1, 2]);
  });
});

describe('the time that a step takes', () => {
  /** A host whose clock goes on by a second at every look. */
  const ticking = (host: MemoryHost): MemoryHost => {
    let seconds = 0;
    return { ...host, now: () => new Date(1000 * seconds++) };
  };

  test('is told to the observer and kept in the journal, for what was done and for what was right already', async () => {
    const on = await workshop();
    await on.host.files.write('/etc/right', file('x', 0o600));
    const times: (readonly [string, string, boolean])[] = [];
    const observer = { ...on.observer, ended: ({ id }: Step, how: string, ms?: number) => void times.push([id, how, (ms ?? 0) >= 1000]) };
    await execute([fileStep('right', '/etc/right', 'x'), fileStep('a', '/etc/a', 'x')], { ...on, host: ticking(on.host), observer });
    expect(times).toEqual([
      ['right', 'already', true],
      ['a', 'done', true],
    ]);
    const ms = on.journal.entries().flatMap((entry) => (entry.t === 'done' || entry.t === 'already' ? [entry.ms] : []));
    expect(ms).toHaveLength(2);
    for (const one of ms) expect(one).toBeGreaterThanOrEqual(1000);
  });
});

describe('a signal', () => {
  test('lets the running step finish and does not start the next one', async () => {
    const on = await workshop();
    const step: Step = {
      ...fileStep('a', '/etc/a', 'x'),
      apply: async (host) => {
        on.abort.abort();
        await host.files.write('/etc/a', file('x', 0o600));
      },
    };
    await expect(execute([step, fileStep('b', '/etc/b', 'x')], on)).rejects.toMatchObject({ code: 'interrupted' });
    expect(on.observer.seen).toEqual(['a started', 'a done']);
  });

  test('before the first step lets none start', async () => {
    const on = await workshop();
    on.abort.abort();
    await expect(execute([fileStep('a', '/etc/a', 'x')], on)).rejects.toMatchObject({ code: 'interrupted' });
    expect(on.observer.seen).toEqual([]);
  });
});

describe('restarts', () => {
  const owed = (...entries: readonly Entry[]) => owedRestarts({ entries: () => entries });

  test('are owed once for each unit, until they are done', () => {
    const [u, v] = [
      { t: 'notify', unit: 'u' },
      { t: 'notify', unit: 'v' },
    ] as const;
    expect(owed(u, v, u)).toEqual(['u', 'v']);
    expect(owed(u, v, u, { t: 'notified', unit: 'u' })).toEqual(['v']);
    expect(owed(u, { t: 'notified', unit: 'u' }, u)).toEqual(['u']);
  });

  test('happen once at the end, however many steps asked for them, and only to units that run', async () => {
    const on = await workshop(withUnit('u'));
    await execute([fileStep('a', '/etc/a', 'x', { notify: ['u', 'w'] }), fileStep('b', '/etc/b', 'x', { notify: ['u'] })], on);
    expect(on.host.effects.filter((effect) => effect.startsWith('restart'))).toEqual([]);
    await restartNotified(on);
    await restartNotified(on);
    expect(on.host.effects.filter((effect) => effect.startsWith('restart'))).toEqual(['restart u']);
    expect(owedRestarts(on.journal)).toEqual([]);
  });

  test('are not owed any more to a unit that a step has just started', async () => {
    const on = await workshop(withUnit('u', 'v'));
    const starting = fileStep('b', '/etc/b', 'x', { starts: 'u' });
    await execute([fileStep('a', '/etc/a', 'x', { notify: ['u', 'v'] }), starting], on);
    expect(owedRestarts(on.journal)).toEqual(['v']);
  });

  test('wait for the step that is there for them, which then has something to do', async () => {
    const on = await workshop(withUnit('u', 'v'));
    const [change, restart] = [
      fileStep('a', '/etc/a', 'x', { notify: ['u', 'v'] }),
      fileStep('b', '/etc/b', 'x', { starts: 'u', restarts: true }),
    ];
    await execute([restart, change], on);
    await restartNotified(on, [change, restart]);
    expect(on.host.effects.filter((effect) => effect.startsWith('restart'))).toEqual(['restart v']);
    expect(owedRestarts(on.journal)).toEqual(['u']);
    await execute([restart], on);
    expect(on.observer.seen.slice(-1)).toEqual(['b done']);
    expect(owedRestarts(on.journal)).toEqual([]);
    await execute([restart], on);
    expect(on.observer.seen.slice(-1)).toEqual(['b already']);
  });

  test('are still owed to a unit that was notified after it had been started', async () => {
    const on = await workshop(withUnit('u'));
    await execute([fileStep('b', '/etc/b', 'x', { starts: 'u' }), fileStep('a', '/etc/a', 'x', { notify: ['u'] })], on);
    expect(owedRestarts(on.journal)).toEqual(['u']);
  });

  test('stay owed over a power cut, though the step that asked for them is right now', async () => {
    const machine = withUnit('u');
    const step = fileStep('a', '/etc/a', 'x', { notify: ['u'] });
    const first = await workshop(machine, { at: 8, how: 'cut-before' });
    await expect(
      (async () => {
        await execute([step], first);
        await restartNotified(first);
      })(),
    ).rejects.toThrow('the power was cut');
    expect(textOf(machine.disk.get('/etc/a'))).toBe('x');
    const host = memoryHost(machine);
    const journal = await openJournal(host, await findUnfinished(host), 'new');
    const again = { ...first, host, journal };
    await execute([step], again);
    await restartNotified(again);
    expect(host.effects.filter((effect) => effect.startsWith('restart'))).toEqual(['restart u']);
  });
});

test('services are stopped only where they run, and that is noted before', async () => {
  const on = await workshop(withUnit('u'));
  await stopServices(['u', 'v'], on);
  expect(on.journal.entries()).toMatchObject([{ t: 'stopped', unit: 'u' }]);
  expect(on.host.effects.slice(-2).map((effect) => effect.split(' ')[0])).toEqual(['append', 'stop']);
  expect([...on.host.machine.running.keys()]).toEqual([]);
});

test('a check that finds something to remove is applied like any other', async () => {
  const on = await workshop();
  await on.host.files.write('/etc/old', file('x', 0o600));
  const removing: Step = {
    ...fileStep('r', '/etc/old', ''),
    check: async (host) =>
      (await host.files.read('/etc/old')) === undefined ? nothing : { kind: 'remove', note: '/etc/old', touches: ['/etc/old'] },
    apply: (host) => host.files.remove('/etc/old'),
  };
  await execute([removing], on);
  expect(await on.host.files.read('/etc/old')).toBeUndefined();
});
