import { describe, expect, test } from 'vitest';
import { type Plugin, type Setting, type Step, file, setting, text } from '#kit';
import { findUnfinished } from '../../../../src/setup/core/journal.ts';
import { planOnly, rollBackUnfinished } from '../../../../src/setup/core/pipeline.ts';
import { type Machine, afterPowerCut, memoryHost, newMachine } from '../../../../src/setup/host/memory/index.ts';
import { fileStep, notingDialog, notingObserver, sourcesOf } from '../../../support/fakes.ts';
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
    expect(outcome.leftOver).toEqual(['a: the old one is gone']);
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
    expect(outcome.unhealthy).toEqual(['engine is not healthy: it sleeps']);
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
    for (const plugin of [
      { name: 'health', health: boom },
      { name: 'summary', summary: boom },
    ] satisfies readonly Plugin[]) {
      const { outcome, screen } = await run(newMachine(), [plugin]);
      expect(outcome.failure, plugin.name).toBeUndefined();
      expect(screen, plugin.name).toContain('[WARNING] The installation is complete, but: boom');
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

/** What `planOnly` and `rollBackUnfinished` need, which `install` does not hand out. */
function quietRun(machine: Machine, plugins: readonly Plugin[]) {
  const host = memoryHost(machine);
  return {
    host,
    run: {
      version: '1',
      name: '20260202000000-bbbbbb',
      plugins,
      host,
      sources: sourcesOf({}),
      warnings: [],
      configurationFiles: [],
      dialog: notingDialog(),
      observer: notingObserver(),
      signal: new AbortController().signal,
      allowed: new Set<string>(),
      acceptDefaults: true,
      yes: true,
      logFile: '/log',
      trace: () => undefined,
      hide: () => undefined,
      masked: (line: string) => line,
      committed: () => undefined,
      formatAnswers: (answers: ReadonlyMap<string, unknown>) => JSON.stringify([...answers]),
      saveAnswers: () => Promise.resolve([]),
    },
  };
}

test('a plan alone changes nothing, and knows the restarts that are owed', async () => {
  const machine = newMachine();
  const plugins = component(fileStep('a', '/etc/a', 'x', { notify: ['u'] }), fileStep('b', '/etc/b', 'x'));
  await install({ machine, files: [], plugins, accidents: [{ at: 8, how: 'cut-before' }] });
  const { host, run: quiet } = quietRun(afterPowerCut(machine), plugins);
  const { plan, owed } = await planOnly(quiet);
  expect(plan.pending).toBeGreaterThan(0);
  expect(owed).toEqual(['u']);
  expect(host.effects).toEqual([]);
});

describe('taking back an unfinished run', () => {
  test('brings the old state back, without asking', async () => {
    const machine = newMachine();
    const before = diskOf(machine);
    const plugins = component(fileStep('a', '/etc/a', 'x'), fileStep('b', '/opt/b', 'x'));
    await install({ machine, files: [], plugins, accidents: [{ at: 9, how: 'cut-after' }] });
    expect(diskOf(machine)).not.toEqual(before);
    const { run: quiet } = quietRun(afterPowerCut(machine), plugins);
    expect(await rollBackUnfinished(quiet)).toEqual([]);
    expect(diskOf(machine)).toEqual(before);
    expect(await rollBackUnfinished(quiet)).toBeUndefined();
  });

  test('has nothing to do where every run came to its end', async () => {
    const { host, run: quiet } = quietRun(newMachine(), component());
    expect(await rollBackUnfinished(quiet)).toBeUndefined();
    expect(host.effects).toEqual([]);
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
