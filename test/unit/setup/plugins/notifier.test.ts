import { describe, expect, test } from 'vitest';
import { type Machine, newMachine } from '../../../../src/setup/host/memory/index.ts';
import { readText } from '#kit';
import notifierPlugin from '../../../../plugins/notifier/index.ts';
import { notifier, paths, unit } from '../../../../plugins/notifier/settings.ts';
import { parseUnit } from '../../../../src/setup/host/unit-file.ts';
import { dialogue, goodPassword } from '../../../support/dialogue.ts';
import { conf, install } from '../../../support/installation.ts';

const run = async (machine: Machine, more: Readonly<Record<string, string>> = {}) => {
  const files = [conf({ 'OVESETUP_CONFIG/adminPassword': `str:${goodPassword}`, ...more })];
  const { host, outcome, screen } = await install({ machine, files });
  expect(outcome.failure, screen).toBeUndefined();
  return { host, screen };
};

describe('the notifier', () => {
  test('is there after an installation, but does not run, as ever', async () => {
    const machine = newMachine();
    const { host, screen } = await run(machine);
    expect(machine.running.has(unit)).toBe(false);
    expect(await host.services.isEnabled(unit)).toBe(false);
    expect(screen).not.toContain('notifier');
    const text = (await readText(host, `/etc/systemd/system/${unit}.service`)) ?? '';
    for (const line of ['User=ovirt-notifier', `RuntimeDirectory=ovirt-engine/${unit}`, `StandardOutput=append:${paths.log}`])
      expect(text.split('\n')).toContain(line);
  });

  test('has a unit that a sandbox understands', async () => {
    const { host } = await run(newMachine({ prefix: '/srv/trial' }));
    const text = (await readText(host, `/etc/systemd/system/${unit}.service`)) ?? '';
    expect(parseUnit(text, unit)).toMatchObject({ stdout: `/srv/trial${paths.log}` });
    expect(text).not.toMatch(/^User=/m);
  });

  test('runs where that is wanted, and goes on to do so, until it is not', async () => {
    const machine = newMachine();
    const { host } = await run(machine, { [notifier.key]: 'bool:True' });
    expect([machine.running.has(unit), await host.services.isEnabled(unit)]).toEqual([true, true]);
    const again = await run(machine);
    expect(again.screen).not.toContain('Stopping');
    expect(machine.running.has(unit)).toBe(true);
    await run(machine, { [notifier.key]: 'bool:False' });
    expect([machine.running.has(unit), await host.services.isEnabled(unit)]).toEqual([false, false]);
  });

  test('that an administrator has switched on comes back after the work', async () => {
    const machine = newMachine();
    const { host } = await run(machine);
    await host.services.enable(unit, true);
    await host.services.start(unit);
    const { screen } = await run(machine, { 'OVESETUP_DB/engineVacuumFull': 'bool:True' });
    expect(screen).toContain('Stopping ovirt-engine-notifier service');
    expect(machine.running.has(unit)).toBe(true);
  });

  test('belongs to an engine', async () => {
    const given = { 'OVESETUP_ENGINE_CORE/enable': false, 'OVESETUP_ENGINE_CONFIG/fqdn': 'engine.example.net' };
    const { answers, find } = await dialogue({ given });
    expect([find(notifier), notifierPlugin.steps?.(answers)]).toEqual([undefined, []]);
  });
});
