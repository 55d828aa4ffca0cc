import { describe, expect, test } from 'vitest';
import type { Command, Output } from '#kit';
import { systemdServices, systemdStates } from '../../../../src/setup/host/systemd.ts';
import { failureOf } from '../../../support/fakes.ts';

/** A systemctl that knows some units, and notes what it is told. Those that it does not know are described as the real one does. */
function systemctl(units: Readonly<Record<string, Readonly<Record<string, string>>>>, answers: Readonly<Record<string, Output>> = {}) {
  const told: string[] = [];
  const run = async ({ argv }: Command): Promise<Output> => {
    const [, verb = ''] = argv;
    if (verb === 'is-enabled') {
      const state = units[argv.at(-1) ?? '']?.['UnitFileState'] ?? '';
      return { code: ['enabled', 'enabled-runtime', 'alias', 'static'].includes(state) ? 0 : 1, stdout: `${state}\n`, stderr: '' };
    }
    if (verb !== 'show') {
      told.push(argv.slice(1).join(' '));
      return answers[verb] ?? { code: 0, stdout: '', stderr: '' };
    }
    const wanted =
      argv
        .find((word) => word.startsWith('--property='))
        ?.slice('--property='.length)
        .split(',') ?? [];
    const known = units[argv.at(-1) ?? ''] ?? { LoadState: 'not-found', ActiveState: 'inactive', SubState: 'dead', MainPID: '0' };
    return { code: 0, stdout: wanted.map((name) => `${name}=${known[name] ?? ''}\n`).join(''), stderr: '' };
  };
  return { run, told, services: systemdServices(run) };
}

const unit = { LoadState: 'loaded', ActiveState: 'active', SubState: 'running', UnitFileState: 'enabled', NeedDaemonReload: 'no' };

describe('services by systemd', () => {
  test.each([
    ['active', true],
    ['activating', true],
    ['reloading', true],
    ['deactivating', false],
    ['inactive', false],
    ['failed', false],
  ])('that are %s run: %s', async (ActiveState, active) => {
    const { services } = systemctl({ 'u.service': { ...unit, ActiveState } });
    expect(await services.isActive('u')).toBe(active);
  });

  test.each([
    ['enabled', true],
    ['enabled-runtime', true],
    ['alias', true],
    ['static', false],
    ['disabled', false],
    ['masked', false],
    ['', false],
  ])('whose file is "%s" start by themselves: %s', async (UnitFileState, enabled) => {
    const { services } = systemctl({ 'u.service': { ...unit, UnitFileState } });
    expect(await services.isEnabled('u')).toBe(enabled);
  });

  test('are there or not, also where a unit has an @ in its name or is no service', async () => {
    const { services } = systemctl({ 'postgresql@15-main.service': unit, 'x.timer': unit });
    expect(await Promise.all(['postgresql@15-main', 'x.timer', 'x'].map(services.exists))).toEqual([true, true, false]);
  });

  test('are enabled and disabled for the next boot', async () => {
    const { services, told } = systemctl({});
    await services.enable('u', true);
    await services.enable('u', false);
    expect(told).toEqual(['enable --no-reload -- u.service', 'disable --no-reload -- u.service']);
  });

  test('are started and restarted whatever happened before; systemd reads their files again only where it has to', async () => {
    const { services, told } = systemctl({
      'u.service': unit,
      'failed.service': { ...unit, ActiveState: 'failed' },
      'changed.service': { ...unit, NeedDaemonReload: 'yes' },
    });
    await services.start('u');
    await services.start('failed');
    await services.restart('changed');
    await services.reload('u');
    expect(told).toEqual([
      'start -- u.service',
      'reset-failed -- failed.service',
      'start -- failed.service',
      'daemon-reload',
      'restart -- changed.service',
      'reload -- u.service',
    ]);
  });

  test('that cannot be told to forget their failures are started all the same', async () => {
    const { services, told } = systemctl(
      { 'u.service': { ...unit, ActiveState: 'failed' } },
      { 'reset-failed': { code: 1, stdout: '', stderr: 'not loaded' } },
    );
    await services.start('u');
    expect(told).toContain('start -- u.service');
  });

  test('are stopped if they are there', async () => {
    const { services, told } = systemctl({ 'u.service': unit });
    await services.stop('u');
    await services.stop('gone');
    expect(told).toEqual(['stop -- u.service']);
  });

  test('that do not start are told of in the first line of systemctl, with the way to their log', async () => {
    const stderr = 'Job for u.service failed because the control process exited with error code.\nSee "systemctl status u.service".\n';
    const { services } = systemctl({ 'u.service': unit }, { start: { code: 1, stdout: '', stderr } });
    expect(await failureOf(services.start('u'))).toMatchObject({
      code: 'failed',
      remedy: 'See why with: journalctl -u u.service',
    });
    await expect(services.start('u')).rejects.toThrow(
      'systemctl start -- u.service ended with code 1: Job for u.service failed because the control process exited with error code.',
    );
  });
});

describe('the states of units', () => {
  test('are told of those that this host has', async () => {
    const { run } = systemctl({
      'a.service': { ...unit, MainPID: '4711', StateChangeTimestamp: '@1764446400' },
      'b.service': { ...unit, ActiveState: 'failed', SubState: 'failed', MainPID: '0', StateChangeTimestamp: '' },
    });
    expect(await systemdStates(run, ['a', 'b', 'c'])).toEqual([
      { name: 'a', state: 'running', pid: 4711, since: new Date('2025-11-29T20:00:00Z') },
      { name: 'b', state: 'failed' },
    ]);
  });

  test.each([
    ['active', 'running', 'running'],
    ['active', 'exited', 'running'],
    ['reloading', 'reload', 'running'],
    ['deactivating', 'stop-sigterm', 'running'],
    ['activating', 'start', 'running'],
    ['activating', 'auto-restart', 'restarting'],
    ['failed', 'failed', 'failed'],
    ['inactive', 'dead', 'stopped'],
  ])('%s (%s) is %s', async (ActiveState, SubState, state) => {
    const { run } = systemctl({ 'a.service': { ...unit, ActiveState, SubState } });
    expect(await systemdStates(run, ['a'])).toEqual([{ name: 'a', state }]);
  });
});
