import { describe, expect, test } from 'vitest';
import { GoBack, type Plugin, type Setting, type SetupError, type Step, decision, file, setting, stages, text, textOf } from '#kit';
import type { Observer } from '../../../../src/setup/core/execute.ts';
import { findUnfinished } from '../../../../src/setup/core/journal.ts';
import { type Machine, memoryHost, newMachine } from '../../../../src/setup/host/memory/index.ts';
import { english, fileStep, notingDialog, notingObserver } from '../../../support/fakes.ts';
import { conf, diskOf, install } from '../../../support/installation.ts';

// A setting of the outline, so that the core can put it in order.
const fqdn: Setting<string> = setting({
  key: 'OVESETUP_CONFIG/fqdn',
  section: 'network',
  kind: text,
  about: 'x',
  initial: 'usual',
  keep: true,
});
const component = (...steps: readonly Step[]): readonly Plugin[] => [{ name: 'test', settings: [fqdn], steps: () => steps }];

const run = (machine: Machine, plugins: readonly Plugin[], more: Partial<Parameters<typeof install>[0]> = {}) =>
  install({ machine, files: [], plugins, ...more });

describe('a run', () => {
  test('does the work, ends its journal and says so', async () => {
    const machine = newMachine();
    const { outcome, screen } = await run(machine, component(fileStep('a', '/etc/a', 'x')));
    expect(outcome).toMatchObject({ leftOver: [], unhealthy: [] });
    expect('failure' in outcome).toBe(false);
    expect(machine.disk.has('/etc/a')).toBe(true);
    expect(await findUnfinished(memoryHost(machine))).toBeUndefined();
    expect(screen).toContain('[ INFO  ] Execution of setup completed successfully\n');
  });

  test('that a signal stops between two steps is rolled back, and ends as interrupted', async () => {
    const machine = newMachine();
    const before = diskOf(machine);
    const abort = new AbortController();
    const first: Step = {
      ...fileStep('a', '/etc/a', 'x'),
      apply: async (host) => {
        abort.abort();
        await host.files.write('/etc/a', file('x', 0o600));
      },
    };
    const { outcome, screen } = await run(machine, component(first, fileStep('b', '/etc/b', 'x')), { signal: abort.signal });
    expect(outcome.failure).toMatchObject({ code: 'interrupted' });
    expect(outcome.leftOver).toEqual([]);
    expect(diskOf(machine)).toEqual(before);
    expect(screen).toContain('Rolling back what this run has changed');
    expect(screen).toContain('Execution of setup failed');
    expect(await findUnfinished(memoryHost(machine))).toBeUndefined();
  });

  test('that a signal stops before the confirmation is cancelled and has changed nothing', async () => {
    const machine = newMachine();
    const { outcome, host } = await run(machine, component(fileStep('a', '/etc/a', 'x')), { signal: AbortSignal.abort() });
    expect(outcome.failure).toMatchObject({ code: 'cancelled' });
    expect(host.effects.filter((effect) => !effect.includes('/setup/answers/'))).toEqual([]);
  });

  test('can be led back from the confirmation to the last question, and previews what is then wanted', async () => {
    const asked = { ...fqdn, ask: { name: 'FQDN', text: 'Name' }, preview: 'Name' };
    const dialog = notingDialog(['one', new GoBack(), 'two', 'ok']);
    const machine = newMachine();
    const plugin: Plugin = { name: 'test', settings: [asked], steps: (view) => [fileStep('a', '/etc/a', view.get(asked))] };
    const { outcome } = await run(machine, [plugin], { more: { dialog, yes: false } });
    expect(outcome.failure).toBeUndefined();
    expect(dialog.asked.map(({ name, initial, back }) => [name, initial, back])).toEqual([
      ['FQDN', 'usual', false],
      ['OVESETUP_DIALOG_CONFIRM_SETTINGS', 'OK', true],
      ['FQDN', 'one', false],
      ['OVESETUP_DIALOG_CONFIRM_SETTINGS', 'OK', true],
    ]);
    expect(dialog.notes.filter((note) => note.startsWith('Name')).map((note) => note.split(' ').at(-1))).toEqual(['one', 'two']);
    expect(textOf(machine.disk.get('/etc/a'))).toBe('two');
  });

  test('never throws, whatever a plugin throws, and calls it a defect with a trace in the log', async () => {
    const boom = (): never => {
      throw new TypeError('boom');
    };
    const cases: readonly Plugin[] = [
      { name: 'facts', facts: [{ id: 'f', probe: boom }] },
      { name: 'settings', settings: [{ ...fqdn, initial: boom }] },
      { name: 'preflight', preflight: boom },
      { name: 'steps', steps: boom },
      { name: 'check', steps: () => [{ ...fileStep('a', '/etc/a', 'x'), check: boom }] },
      { name: 'apply', steps: () => [{ ...fileStep('a', '/etc/a', 'x'), apply: boom }] },
    ];
    for (const plugin of cases) {
      const { outcome, screen, log } = await run(newMachine(), [plugin]);
      expect(outcome.failure, plugin.name).toBeInstanceOf(TypeError);
      expect(outcome.leftOver, plugin.name).toEqual([]);
      expect(screen, plugin.name).toMatch(/\[ ERROR \] Failed to execute stage '.*': boom\n {10}This is a defect of the program/);
      expect(log, plugin.name).toContain('pipeline.test.ts');
    }
  });

  test('says what could not be undone, and leaves its journal open', async () => {
    const machine = newMachine();
    const stuck = fileStep('a', '/etc/a', 'x', { undo: { never: 'the old one is gone' } });
    const failing: Step = { ...fileStep('b', '/etc/b', 'x'), apply: () => Promise.reject(new Error('no')) };
    const { outcome, screen } = await run(machine, component(stuck, failing));
    expect(english(outcome.leftOver)).toEqual(['a: the old one is gone']);
    expect(screen).toContain('[ ERROR ] Could not be undone: a: the old one is gone\n');
    expect(await findUnfinished(memoryHost(machine))).toBeDefined();
  });

  test('with an unhealthy service has succeeded, undoes nothing and says where to look', async () => {
    const machine = newMachine();
    const plugin: Plugin = {
      name: 'sick',
      steps: () => [fileStep('a', '/etc/a', 'x')],
      health: () => [{ name: 'engine', limitMs: -1, remedy: 'Look into its log', probe: () => Promise.resolve('it sleeps') }],
    };
    const { outcome, screen } = await run(machine, [plugin]);
    expect('failure' in outcome).toBe(false);
    expect(english(outcome.unhealthy)).toEqual(['engine is not healthy: it sleeps']);
    expect(machine.disk.has('/etc/a')).toBe(true);
    expect(screen).toContain('Look into its log');
    expect(screen).not.toContain('completed successfully');
  });

  test('hands what was kept to the discarding of safety copies, and only after success', async () => {
    const discarded: unknown[] = [];
    const step: Step = {
      ...fileStep('a', '/etc/a', 'x'),
      prepare: () => Promise.resolve('copy'),
      discard: async (_host, kept) => void discarded.push(kept),
    };
    const failing: Step = { ...fileStep('b', '/etc/b', 'x'), apply: () => Promise.reject(new Error('no')) };
    await run(newMachine(), component(step, failing));
    expect(discarded).toEqual([]);
    await run(newMachine(), component(step));
    expect(discarded).toEqual(['copy']);
  });

  test('stands by an installation that is complete, whatever fails after its end', async () => {
    const boom = (): never => {
      throw new TypeError('boom');
    };
    const good: Plugin = { name: 'good', summary: () => Promise.resolve([{ block: 'login', lines: ['GOOD'] }]) };
    for (const [plugin, warning] of [
      [{ name: 'health', health: boom }, 'The installation is complete, but: boom'],
      [{ name: 'summary', summary: boom }, 'The summary of summary is missing: boom'],
    ] as const) {
      const { outcome, screen } = await run(newMachine(), [plugin, good]);
      expect(outcome.failure, plugin.name).toBeUndefined();
      expect(screen, plugin.name).toContain(`[WARNING] ${warning}`);
      if ('summary' in plugin) expect(screen).toContain('GOOD');
    }
  });

  test('prints the blocks of the summary in their order, whatever the order of plugins', async () => {
    const summary = (block: 'login' | 'web-access' | 'certificates', line: string): Plugin => ({
      name: block,
      summary: () => Promise.resolve([{ block, lines: [line] }]),
    });
    const { screen } = await run(newMachine(), [
      summary('web-access', 'MIDDLE'),
      summary('certificates', 'LAST'),
      summary('login', 'FIRST'),
    ]);
    expect(screen.match(/FIRST|MIDDLE|LAST/g)).toEqual(['FIRST', 'MIDDLE', 'LAST']);
  });

  test('whose answer file cannot be written warns and succeeds all the same', async () => {
    const { outcome, screen } = await run(newMachine(), component(fileStep('a', '/etc/a', 'x')), {
      more: { saveAnswers: () => Promise.reject(new Error('disk full')) },
    });
    expect('failure' in outcome).toBe(false);
    expect(screen).toContain('[WARNING] The answer file could not be written: disk full');
  });
});

describe('the observer of a run', () => {
  const watched = async (plugins: readonly Plugin[], machine = newMachine(), name = '20260101000000-aaaaaa') => {
    const observer = notingObserver();
    const expected: ReadonlyMap<string, number>[] = [];
    const planned: Observer['planned'] = (steps, times) => (observer.planned(steps, times), void expected.push(times));
    await run(machine, plugins, { more: { name, observer: { ...observer, planned } } });
    return { machine, expected, seen: observer.seen.filter((line) => !line.startsWith('record/')) };
  };
  const stagesOf = (seen: readonly string[]): readonly string[] => seen.filter((line) => line.startsWith('stage '));

  test('sees every stage, what is planned before anything begins, and the end of the work once', async () => {
    const { seen } = await watched(component(fileStep('a', '/etc/a', 'x'), fileStep('b', '/etc/b', 'x')));
    expect(stagesOf(seen)).toEqual(stages.map(({ id }) => `stage ${id}`));
    expect(seen.filter((line) => !line.startsWith('stage '))).toEqual([
      'planned a b record/answers',
      'a started',
      'a done',
      'b started',
      'b done',
      'finished',
    ]);
  });

  test('sees the end of the work also where a step fails, after what was undone', async () => {
    const failing: Step = { ...fileStep('b', '/etc/b', 'x'), apply: () => Promise.reject(new Error('no')) };
    const { seen } = await watched(component(fileStep('a', '/etc/a', 'x'), failing));
    expect(seen.slice(seen.indexOf('b failed'))).toEqual([
      'b failed',
      'b undone',
      'a undone',
      'finished',
      'stage cleanup',
      'stage pre_terminate',
      'stage terminate',
    ]);
  });

  test('is told only of steps with something to do, and how long each took in earlier runs', async () => {
    const plugins = component(fileStep('a', '/etc/a', 'x'), fileStep('b', '/etc/b', 'x'));
    const first = await watched(plugins);
    expect([...(first.expected[0] ?? [])]).toEqual([]);
    first.machine.disk.delete('/etc/b');
    const second = await watched(plugins, first.machine, '20260101000001-bbbbbb');
    expect(second.seen.find((line) => line.startsWith('planned'))).toBe('planned b');
    expect([...(second.expected[0]?.keys() ?? [])]).toEqual(expect.arrayContaining(['a', 'b']));
  });
});

describe('an unattended run', () => {
  const { initial: _, ...open } = fqdn;
  const asked = setting({ ...open, ask: { name: 'FQDN', text: 'Name' } });

  test('is told everything at once that stands against it: answers, the confirmation, findings', async () => {
    const findings = [
      { id: 'broken', level: 'error', message: 'It is broken' },
      { id: 'odd', level: 'doubt', message: 'It is odd' },
      { id: 'strange', level: 'warning', message: 'It is strange' },
    ] as const;
    const plugin: Plugin = { name: 'test', settings: [asked], preflight: async () => findings };
    const { outcome } = await run(newMachine(), [plugin], { more: { yes: false } });
    expect(english((outcome.failure as SetupError).problems)).toMatchObject([
      { id: 'OVESETUP_CONFIG/fqdn' },
      { id: 'OVESETUP_DIALOG/confirmSettings' },
      { id: 'broken' },
      { id: 'odd' },
    ]);
  });

  test('does not stumble over checks that need the answers which are missing', async () => {
    const plugin: Plugin = {
      name: 'test',
      settings: [asked],
      preflight: async (view) => [{ id: view.get(asked), level: 'error', message: 'x' }],
    };
    const { outcome } = await run(newMachine(), [plugin]);
    expect((outcome.failure as SetupError).problems.map(({ id }) => id)).toEqual(['OVESETUP_CONFIG/fqdn']);
  });
});

describe('a service that a step needs stopped', () => {
  const running = (): Machine => {
    const machine = newMachine();
    machine.disk.set('/etc/systemd/system/u.service', file('', 0o644));
    machine.running.set('u', '');
    return machine;
  };
  const kept = setting({ key: 'A/stop', section: 'misc', kind: decision('OK', 'Cancel'), about: 'x' });
  const consent = { name: 'STOP_U', text: 'u will be stopped', setting: kept };
  const stopping = component(fileStep('a', '/etc/a', 'x', { stops: [{ unit: 'u', title: 'Stopping u', consent }] }));

  test('is stopped only after somebody has agreed, before the preview', async () => {
    const { screen, host, outcome } = await run(running(), stopping, { typed: ['ok', 'ok'] });
    expect(outcome.failure).toBeUndefined();
    expect(host.effects).toContain('stop u');
    expect(screen.indexOf('u will be stopped')).toBeLessThan(screen.indexOf('CONFIGURATION PREVIEW'));
    const { outcome: refused, host: untouched } = await run(running(), stopping, { typed: ['cancel'] });
    expect(refused.failure).toMatchObject({ code: 'cancelled' });
    expect(untouched.effects.filter((effect) => !effect.includes('/setup/answers/'))).toEqual([]);
  });

  test('is neither asked about nor stopped where the step has nothing to do', async () => {
    const machine = running();
    machine.disk.set('/etc/a', file('x', 0o600));
    const { host, screen } = await run(machine, stopping, { typed: ['ok'] });
    expect(screen).not.toContain('u will be stopped');
    expect(host.effects).not.toContain('stop u');
  });
});

test('a given secret stays off the screen and the log, also where other answers are refused', async () => {
  const secret = 'canary-Wort-77';
  const { screen, log } = await install({
    machine: newMachine(),
    files: [conf({ 'OVESETUP_CONFIG/adminPassword': `str:${secret}`, 'OVESETUP_DB/port': 'int:0' })],
  });
  expect(screen).toContain('a whole number from 1 to 65535');
  expect(screen + log).not.toContain(secret);
});
