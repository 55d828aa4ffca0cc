import { describe, expect, test } from 'vitest';
import { fixViolations } from '../../../../plugins/engine/consistency.ts';
import { waitForTasks } from '../../../../plugins/engine/running-tasks.ts';
import { clearTasks } from '../../../../plugins/engine/stale-tasks.ts';
import { planOnly } from '../../../../src/setup/core/plan-only.ts';
import { type Machine, afterPowerCut, memoryHost, newMachine } from '../../../../src/setup/host/memory/index.ts';
import { dialogue } from '../../../support/dialogue.ts';
import { english, sourcesOf } from '../../../support/fakes.ts';
import { conf, diskOf, install, outdated, samples } from '../../../support/installation.ts';
import { testRun } from '../../../support/run.ts';

const files = samples.slice(0, 1);
const violations = { 'public.permissions.permissions_role_id_fkey': 3 };
const task = { id: 'a-job', name: 'Backup', owner: 'backup@internal', since: '2026-01-02 01:00 UTC' };
const fixes = conf({ 'OVESETUP_DB/fixDbViolations': 'bool:True' });
const waits = { 'OVESETUP_ASYNC/waitRunningTasks': true };

const installed = async (): Promise<Machine> => {
  const machine = newMachine();
  expect((await install({ machine, files })).outcome.failure).toBeUndefined();
  return machine;
};
const violated = async (): Promise<Machine> => outdated(await installed(), { violations });
const busy = async (looks: number): Promise<Machine> => outdated(await installed(), { tasks: [{ ...task, looks }] });
const questions = ['OVESETUP_WAIT_RUNNING_TASKS', 'OVESETUP_FIX_DB_VALIDATIONS'];

test('whoever upgrades nothing is asked neither about tasks nor about rows', async () => {
  const current = { ...(await installed()), tasks: [{ ...task, looks: 9 }] };
  const { asked, dialog } = await dialogue({ machine: current, typed: {} });
  expect(asked.filter((name) => questions.includes(name))).toEqual([]);
  expect(dialog.logged.filter(([, text]) => /consistency|tasks/.test(text))).toEqual([]);
});

describe('rows that violate foreign keys', () => {
  test('are removed unattended only where an answer says so, and otherwise end the run before any change', async () => {
    const machine = await violated();
    const before = diskOf(machine);
    for (const answers of [[], [conf({ 'OVESETUP_DB/fixDbViolations': 'bool:False' })]]) {
      const { outcome, screen } = await install({ machine, files: [...files, ...answers] });
      expect(english(outcome.failure)).toMatchObject({ code: 'refused' });
      expect(screen).toContain('give OVESETUP_DB/fixDbViolations=bool:True in an answer file');
      expect(diskOf(machine)).toEqual(before);
    }
    const { outcome, log } = await install({ machine, files: [...files, fixes] });
    expect(outcome.failure).toBeUndefined();
    expect(log).toContain('public.permissions.permissions_role_id_fkey: 3');
    expect(diskOf(machine)['/var/lib/postgresql/15/main/base/cluster.json']).not.toMatch(/violations|_before_/);
  });

  test('are noticed before the schema is changed even if the server was down when the questions were put', async () => {
    const machine = afterPowerCut(await violated());
    const { outcome, screen } = await install({ machine, files });
    expect(english(outcome.failure)).toMatchObject({ code: 'refused' });
    expect(screen).not.toContain('Creating/refreshing Engine database schema');
    // The consent of a file counts then, although nobody could know yet that it would be needed.
    const again = await install({ machine: afterPowerCut(machine), files: [...files, fixes] });
    expect(again.outcome.failure, again.screen).toBeUndefined();
    expect(again.screen).not.toContain('has no effect: on this host');
  });

  test('are asked about without choices, and Enter means no', async () => {
    const { dialog, find } = await dialogue({ machine: await violated(), typed: { OVESETUP_FIX_DB_VALIDATIONS: 'yes' } });
    expect(dialog.asked.find(({ name }) => name === 'OVESETUP_FIX_DB_VALIDATIONS')).toMatchObject({ choices: [], initial: 'No' });
    expect(find(fixViolations)).toBe(true);
    expect((await dialogue({ machine: await violated(), typed: {} })).find(fixViolations)).toBeUndefined();
  });
});

describe('tasks that run in the engine', () => {
  test('are listed, and the prompt does not show what Enter means', async () => {
    const { dialog, find } = await dialogue({
      machine: await busy(3),
      typed: { OVESETUP_WAIT_RUNNING_TASKS: 'yes' },
    });
    const question = dialog.asked.find(({ name }) => name === 'OVESETUP_WAIT_RUNNING_TASKS');
    expect(question?.notes).toContain('    Backup (a-job), of backup@internal, since 2026-01-02 01:00 UTC');
    expect(question).not.toHaveProperty('initial');
    expect(find(waitForTasks)).toBe(true);
  });

  test('are waited for at intervals that an answer gives, for an hour at most', async () => {
    const host = memoryHost(await busy(Number.POSITIVE_INFINITY));
    const slept: number[] = [];
    const { outcome, screen } = await install({
      machine: host.machine,
      host: { ...host, sleep: async (ms) => void slept.push(ms) },
      files: [...files, conf({ 'OVESETUP_ASYNC/waitRunningTasks': 'bool:True', 'OVESETUP_ASYNC/clearTasksWait': 'int:600' })],
    });
    expect(english(outcome.failure)).toMatchObject({ code: 'refused' });
    expect(slept).toEqual(Array.from({ length: 6 }, () => 600_000));
    expect(screen).toContain('Tasks are still running in the engine after an hour: Backup (a-job)');
    expect(screen).toContain('POST /ovirt-engine/api/jobs/ID/end');
  });

  test('end an unattended run that does not say whether it waits', async () => {
    const { problems } = await dialogue({ machine: await busy(9) });
    expect(problems.find(({ id }) => id === waitForTasks.key)?.message).toContain('let Setup wait for them');
  });

  test('are ended before the upgrade where nobody has said anything of them for long, and then nobody waits for them', async () => {
    const stale = { ...task, id: 'gone', name: 'Forgotten', stale: true, looks: Number.POSITIVE_INFINITY };
    const machine = outdated(await installed(), { tasks: [stale] });
    const { outcome, screen } = await install({ machine, files });
    expect(outcome.failure, screen).toBeUndefined();
    expect(screen).toContain('[ INFO  ] Cleaning stale zombie tasks and commands');
    expect(machine.tasks).toMatchObject([{ id: 'gone', looks: 0 }]);
  });

  test('are waited for all the same where an answer says that none is to be ended', async () => {
    const stale = { ...task, stale: true, looks: 9 };
    const machine = outdated(await installed(), { tasks: [stale] });
    const { outcome } = await install({ machine, files: [...files, conf({ [clearTasks.key]: 'bool:False' })] });
    expect(english(outcome.failure)).toMatchObject({ code: 'refused', problems: [{ id: waitForTasks.key }] });
    expect(machine.tasks[0]?.looks).toBeGreaterThan(0);
  });

  test('that were ended run again when the upgrade is taken back', async () => {
    const stale = { ...task, stale: true, looks: Number.POSITIVE_INFINITY };
    const host = memoryHost(outdated(await installed(), { tasks: [stale] }));
    const start = host.services.start.bind(host.services);
    const fails = {
      ...host,
      services: {
        ...host.services,
        start: (unit: string) =>
          unit === 'ovirt-engine' && host.machine.tasks[0]?.looks === 0 ? Promise.reject(new Error('no')) : start(unit),
      },
    };
    const { outcome } = await install({ machine: host.machine, host: fails, files });
    expect(outcome.failure).toBeDefined();
    expect(host.machine.tasks[0]?.looks).toBeGreaterThan(0);
  });

  test('of an engine that is stopped already are left alone', async () => {
    const machine = await busy(9);
    machine.running.delete('ovirt-engine');
    expect((await dialogue({ machine, typed: {} })).asked).not.toContain('OVESETUP_WAIT_RUNNING_TASKS');
  });

  test('keep nobody waiting who only wants to see the plan', async () => {
    const sources = sourcesOf({ ...waits, 'OVESETUP_CONFIG/fqdn': 'engine.example.net', 'OVESETUP_PKI/organization': 'Example' });
    const host = { ...memoryHost(await busy(9)), sleep: () => Promise.reject(new Error('somebody waits')) };
    const { warnings } = await planOnly(testRun({ host, sources, acceptDefaults: true }));
    expect((english(warnings) as string[]).filter((text) => text.startsWith('Still running: Backup'))).toHaveLength(1);
  });

  test('keep nobody waiting who has had enough', async () => {
    const abort = new AbortController();
    const host = memoryHost(await busy(9));
    const { outcome } = await install({
      machine: host.machine,
      host: { ...host, sleep: () => (abort.abort(), new Promise(() => undefined)) },
      signal: abort.signal,
      files: [...files, conf({ 'OVESETUP_ASYNC/waitRunningTasks': 'bool:True' })],
    });
    expect(english(outcome.failure)).toMatchObject({ code: 'cancelled' });
  });
});
