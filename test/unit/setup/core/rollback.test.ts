import { describe, expect, test } from 'vitest';
import { type Json, SetupError, type Step, file, textOf } from '#kit';
import { execute, stopServices } from '../../../../src/setup/core/execute.ts';
import { type Journal, findUnfinished, openJournal } from '../../../../src/setup/core/journal.ts';
import { rollBack } from '../../../../src/setup/core/rollback.ts';
import { type Machine, type MemoryHost, memoryHost, newMachine } from '../../../../src/setup/host/memory/index.ts';
import { english, fileStep, newJournal, notingObserver } from '../../../support/fakes.ts';

async function workshop(machine: Machine = newMachine()) {
  const host = memoryHost(machine);
  const observer = notingObserver();
  return { host, observer, signal: new AbortController().signal, journal: await newJournal(host) };
}
const content = async (host: MemoryHost, path: string): Promise<string | undefined> => {
  const entry = await host.files.read(path);
  return entry === undefined ? undefined : textOf(entry);
};
const ended = (journal: Journal): boolean => journal.entries().at(-1)?.t === 'end';

describe('rolling back', () => {
  test('undoes the last thing first and closes the journal', async () => {
    const on = await workshop();
    await on.host.files.write('/etc/a', file('old', 0o640));
    const steps = [fileStep('a', '/etc/a', 'new'), fileStep('b', '/etc/b', 'new'), fileStep('c', '/etc/c', 'never begun')];
    await execute(steps.slice(0, 2), on);
    expect(await rollBack(steps, on)).toEqual([]);
    expect(on.observer.seen.slice(-2)).toEqual(['b undone', 'a undone']);
    expect(await on.host.files.read('/etc/a')).toMatchObject({ content: Buffer.from('old'), mode: 0o640 });
    expect(await on.host.files.read('/etc/b')).toBeUndefined();
    expect(on.journal.entries().at(-1)).toMatchObject({ t: 'end', result: 'rolled-back' });
  });

  test('never touches files that were right already', async () => {
    const on = await workshop();
    await on.host.files.write('/etc/a', file('right', 0o600));
    const steps = [fileStep('a', '/etc/a', 'right')];
    await execute(steps, on);
    const before = on.host.effects.length;
    expect(await rollBack(steps, on)).toEqual([]);
    expect(on.host.effects.slice(before).every((effect) => /^append|\/stash\/reserve$/.test(effect))).toBe(true);
  });

  test('brings back the first copy of a file, also across steps and runs that were taken up', async () => {
    const machine = newMachine();
    const first = await workshop(machine);
    await first.host.files.write('/etc/a', file('original', 0o600));
    const half: Step = { ...fileStep('one', '/etc/a', 'wanted'), apply: (host) => host.files.write('/etc/a', file('half done', 0o600)) };
    await expect(execute([half], first)).rejects.toThrow('still differs');
    // The power goes; the next run takes it up, and another step writes to the same file.
    const host = memoryHost(machine);
    const journal = await openJournal(host, await findUnfinished(host), 'next');
    const second = { ...first, host, journal };
    const steps = [fileStep('one', '/etc/a', 'wanted'), fileStep('two', '/etc/a', 'more')];
    await execute(steps, second);
    expect(await content(host, '/etc/a')).toBe('more');
    expect(await rollBack(steps, second)).toEqual([]);
    expect(await content(host, '/etc/a')).toBe('original');
  });

  test('that was cut off itself goes on with what is not undone yet', async () => {
    const machine = newMachine();
    const on = await workshop(machine);
    const undone: string[] = [];
    const noting = (id: string): Step => fileStep(id, `/etc/${id}`, 'x', { undo: { run: async () => void undone.push(id) } });
    const steps = [noting('a'), noting('b')];
    await execute(steps, on);
    await on.journal.append({ t: 'undone', step: 'b' });
    const host = memoryHost(machine);
    const journal = await openJournal(host, await findUnfinished(host), 'next');
    expect(await rollBack(steps, { ...on, host, journal })).toEqual([]);
    expect(undone).toEqual(['a']);
  });

  test('hands every step what it kept', async () => {
    const on = await workshop();
    const seen: Json[] = [];
    const step = fileStep('a', '/etc/a', 'x', {
      prepare: () => Promise.resolve({ was: 5 }),
      undo: { run: async (_host, kept) => void seen.push(kept) },
    });
    await execute([step], on);
    await rollBack([step], on);
    expect(seen).toEqual([{ was: 5 }]);
    // The file goes back as well.
    expect(await content(on.host, '/etc/a')).toBeUndefined();
  });

  test('restores the files of steps it does not know any more, and says what it cannot do for them', async () => {
    const on = await workshop();
    await on.host.files.write('/etc/a', file('old', 0o600));
    await execute([fileStep('a', '/etc/a', 'new'), fileStep('b', '/etc/b', 'new', { prepare: () => Promise.resolve('something') })], on);
    expect(english(await rollBack([], on))).toEqual(['b: the present answers do not contain this step any more']);
    expect(await content(on.host, '/etc/a')).toBe('old');
    expect(ended(on.journal)).toBe(false);
  });

  test('collects errors and goes on; the journal stays open', async () => {
    const on = await workshop();
    const broken = (id: string): Step => fileStep(id, `/etc/${id}`, 'x', { undo: { run: () => Promise.reject(new Error(`no ${id}`)) } });
    const steps = [fileStep('a', '/etc/a', 'x'), broken('b'), broken('c')];
    await execute(steps, on);
    expect(english(await rollBack(steps, on))).toEqual(['c: no c', 'b: no b']);
    expect(await content(on.host, '/etc/a')).toBeUndefined();
    expect(ended(on.journal)).toBe(false);
    expect(on.journal.entries().filter(({ t }) => t === 'undo-failed')).toHaveLength(2);
    expect(await findUnfinished(on.host)).toBeDefined();
  });

  test('says what there is no way back from', async () => {
    const on = await workshop();
    const step = fileStep('a', '/etc/a', 'x', { undo: { never: 'the old one is gone' } });
    await execute([step], on);
    expect(english(await rollBack([step], on))).toEqual(['a: the old one is gone']);
    expect(await content(on.host, '/etc/a')).toBe('x');
    expect(ended(on.journal)).toBe(false);
  });

  test('does not undo a step inside of something that this run made', async () => {
    const outer = fileStep('outer', '/etc/outer', 'x');
    const asked: string[] = [];
    const inner = fileStep('inner', '/etc/inner', 'x', { inside: ['outer'], undo: { run: async () => void asked.push('inner') } });
    const final = fileStep('final', '/etc/final', 'x', { inside: ['outer'], undo: { never: 'gone' } });
    const both = await workshop();
    await execute([outer, inner, final], both);
    expect(await rollBack([outer, inner, final], both)).toEqual([]);
    expect(asked).toEqual([]);
    expect(both.observer.seen).toEqual(expect.arrayContaining(['inner undone', 'final undone', 'outer undone']));
    // Where the outer thing was there before, the inner one is undone by itself.
    const alone = await workshop();
    await alone.host.files.write('/etc/outer', file('x', 0o600));
    await execute([outer, inner], alone);
    expect(await rollBack([outer, inner], alone)).toEqual([]);
    expect(asked).toEqual(['inner']);
    expect(await content(alone.host, '/etc/inner')).toBeUndefined();
  });

  test('removes directories that came into being on the way, unless somebody put something there', async () => {
    const on = await workshop();
    const steps = [fileStep('a', '/opt/x/y/a', 'x'), fileStep('b', '/opt/z/b', 'x')];
    await execute(steps, on);
    await on.host.files.write('/opt/z/foreign', file('mine', 0o600));
    expect(await rollBack(steps, on)).toEqual([]);
    expect([...on.host.machine.disk.keys()].filter((path) => path.startsWith('/opt')).sort()).toEqual(['/opt', '/opt/z', '/opt/z/foreign']);
  });

  test('leaves an empty directory that was there before, also where a step says that it makes it', async () => {
    const on = await workshop();
    await on.host.files.write('/srv/there', { kind: 'directory', mode: 0o755 });
    const steps = ['/srv/there', '/srv/new'].map((path): Step => {
      const step = fileStep(path, `${path}/file`, 'new');
      return {
        ...step,
        async check(host) {
          const change = await step.check(host);
          return change.kind === 'none' ? change : { ...change, makes: [path] };
        },
      };
    });
    await execute(steps, on);
    expect(await rollBack(steps, on)).toEqual([]);
    expect(await on.host.files.list('/srv')).toEqual(['there']);
  });

  test('removes the other directories where one cannot be removed, and names it', async () => {
    const on = await workshop();
    const steps = [fileStep('a', '/srv/a/file', 'new'), fileStep('b', '/srv/b/file', 'new')];
    await execute(steps, on);
    const remove = (path: string): Promise<void> =>
      path === '/srv/b' ? Promise.reject(new Error('/srv/b is a mount point')) : on.host.files.remove(path);
    const host = { ...on.host, files: { ...on.host.files, remove } };
    expect(english(await rollBack(steps, { ...on, host }))).toEqual(['/srv/b is a mount point']);
    expect(await on.host.files.list('/srv')).toEqual(['b']);
    expect(ended(on.journal)).toBe(false);
  });

  test('has room for its lines on a disk that is full by then', async () => {
    const on = await workshop();
    const steps = [fileStep('a', '/etc/a', 'new')];
    await execute(steps, on);
    const reserve = `${on.journal.directory}/stash/reserve`;
    const append: Journal['append'] = async (entry) => {
      if ((await on.host.files.read(reserve)) !== undefined) throw new Error('no space is left on the device');
      return on.journal.append(entry);
    };
    expect(await rollBack(steps, { ...on, journal: { ...on.journal, append } })).toEqual([]);
    expect(ended(on.journal)).toBe(true);
  });

  test('does not put back a safety copy that is damaged, and says so', async () => {
    const on = await workshop();
    await on.host.files.write('/etc/a', file('old', 0o600));
    const steps = [fileStep('a', '/etc/a', 'new')];
    await execute(steps, on);
    for (const path of on.host.machine.disk.keys()) if (path.includes('/stash/')) on.host.machine.disk.set(path, file('{}', 0o600));
    const leftOver = english(await rollBack(steps, on));
    expect(leftOver).toEqual([expect.stringContaining('a: The safety copy of /etc/a is missing or damaged')]);
    expect(await content(on.host, '/etc/a')).toBe('new');
  });
});

describe('services after a rollback', () => {
  const withUnit = (...units: readonly string[]): Machine => {
    const machine = newMachine();
    for (const unit of units) machine.disk.set(`/etc/systemd/system/${unit}.service`, file('', 0o644));
    for (const unit of units) machine.running.set(unit, 'old');
    return machine;
  };

  test('run again where the run has stopped them, and restart where they may have read new files', async () => {
    const on = await workshop(withUnit('stopped', 'restarted', 'untouched'));
    await stopServices(['stopped'], on);
    const steps = [fileStep('a', '/etc/a', 'x', { notify: ['restarted'] })];
    await execute(steps, on);
    const before = on.host.effects.length;
    expect(await rollBack(steps, on)).toEqual([]);
    expect(on.host.effects.slice(before).filter((effect) => /^(re)?start/.test(effect))).toEqual(['start stopped', 'restart restarted']);
  });

  test('that do not come up again are started by the next rollback', async () => {
    const on = await workshop(withUnit('u'));
    const steps = [fileStep('a', '/etc/a', 'x', { notify: ['u'] })];
    await execute(steps, on);
    const { services } = on.host;
    const restart = async (unit: string): Promise<void> => {
      await services.stop(unit);
      throw new SetupError('failed', 'No space left on device');
    };
    const full = { ...on.host, services: { ...services, restart } };
    expect(english(await rollBack(steps, { ...on, host: full }))).toEqual(['u: No space left on device']);
    expect(await rollBack(steps, on)).toEqual([]);
    expect(on.host.effects.at(-2)).toBe('start u');
  });

  test('run again where a step that was to restart them has failed', async () => {
    const on = await workshop(withUnit('u'));
    const step: Step = { ...fileStep('a', '/etc/a', 'x'), starts: 'u', apply: (host) => host.services.stop('u') };
    await expect(execute([step], on)).rejects.toThrow('still differs');
    expect(await rollBack([step], on)).toEqual([]);
    expect([...on.host.machine.running.keys()]).toEqual(['u']);
  });

  test('are left alone where they do not run and the run did not stop them', async () => {
    const on = await workshop(withUnit('u'));
    on.host.machine.running.clear();
    const steps = [fileStep('a', '/etc/a', 'x', { notify: ['u'] })];
    await execute(steps, on);
    await rollBack(steps, on);
    expect(on.host.effects.filter((effect) => /^(re)?start/.test(effect))).toEqual([]);
  });

  test('that cannot be started are named, and the journal stays open', async () => {
    const on = await workshop(withUnit('u'));
    await stopServices(['u'], on);
    on.host.machine.disk.delete('/etc/systemd/system/u.service');
    expect(english(await rollBack([], on))).toEqual(['u: There is no unit u']);
    expect(ended(on.journal)).toBe(false);
  });
});
