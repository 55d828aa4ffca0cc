import { describe, expect, test } from 'vitest';
import { file, readText } from '#kit';
import { unitPath } from '#steps';
import fenceKdump from '../../../../plugins/fence-kdump/index.ts';
import { listenerPort, paths, unit } from '../../../../plugins/fence-kdump/settings.ts';
import { memoryHost, newMachine } from '../../../../src/setup/host/memory/index.ts';
import { parseUnit } from '../../../../src/setup/host/unit-file.ts';
import { dialogue, goodPassword } from '../../../support/dialogue.ts';
import { english } from '../../../support/fakes.ts';
import { conf, install } from '../../../support/installation.ts';

const password = { 'OVESETUP_CONFIG/adminPassword': goodPassword };
const withoutEngine = { 'OVESETUP_ENGINE_CORE/enable': false, 'OVESETUP_ENGINE_CONFIG/fqdn': 'engine.example.net' };
const installed = async (machine = newMachine(), more: Readonly<Record<string, string>> = {}) => {
  const { host, outcome, screen } = await install({
    machine,
    files: [conf({ 'OVESETUP_CONFIG/adminPassword': `str:${goodPassword}`, ...more })],
  });
  expect(outcome.failure, screen).toBeUndefined();
  return { host, screen, machine };
};
const portKey = 'OVESETUP_CONFIG/fenceKdumpListenerPort';

/** What the machine in memory keeps of the options of the engine. */
const options = async (machine: ReturnType<typeof newMachine>): Promise<string> =>
  (await readText(memoryHost(machine), '/var/lib/postgresql/15/main/base/cluster.json')) ?? '';

describe('the listener for crashing hosts', () => {
  test('comes with the engine, without a question, and not without it', async () => {
    const withIt = await dialogue({ given: password, typed: {} });
    expect(withIt.find(listenerPort)).toBe(7410);
    expect((await dialogue({ given: password, sandbox: true })).find(listenerPort)).toBe(17410);
    const without = await dialogue({ given: withoutEngine });
    expect(without.find(listenerPort)).toBeUndefined();
    expect(fenceKdump.steps?.(without.answers)).toEqual([]);
    expect(fenceKdump.health?.(without.answers)).toEqual([]);
    expect(await fenceKdump.preflight?.(without.answers, memoryHost(newMachine()))).toEqual([]);
  });

  test('runs after an installation, on all addresses of a host, and hosts are told its port', async () => {
    const { host, machine, screen } = await installed(newMachine(), { [portKey]: 'int:7777' });
    expect(machine.running.has(unit)).toBe(true);
    expect(await host.services.isEnabled(unit)).toBe(true);
    expect(await readText(host, paths.configuration)).toMatch(/^LISTENER_ADDRESS="::"\nLISTENER_PORT="7777"$/m);
    expect(await options(machine)).toContain('"FenceKdumpDestinationPort":"7777"');
    expect(screen).toContain('Stopping ovirt-fence-kdump-listener service');
  });

  test('is left alone by a second run, and so is a port that an administrator has told the hosts', async () => {
    const { machine } = await installed();
    const path = '/var/lib/postgresql/15/main/base/cluster.json';
    machine.disk.set(
      path,
      file((await options(machine)).replace('"FenceKdumpDestinationPort":"7410"', '"FenceKdumpDestinationPort":"999"'), 0o600),
    );
    const { screen } = await installed(machine);
    expect(screen).not.toContain('Stopping');
    expect(await options(machine)).toContain('"FenceKdumpDestinationPort":"999"');
  });

  test('gets another port by a later run, which restarts it', async () => {
    const { machine } = await installed();
    await installed(machine, { [portKey]: 'int:7411' });
    expect(machine.running.get(unit)).toContain('LISTENER_PORT="7411"');
    expect(await options(machine)).toContain('"FenceKdumpDestinationPort":"7411"');
  });

  test('listens on loopback alone below a root', async () => {
    const { answers } = await dialogue({ given: password, sandbox: true });
    const step = fenceKdump.steps?.(answers).find(({ id }) => id === 'fence-kdump/10-setup.conf');
    const change = await step?.check(memoryHost(newMachine()));
    expect(change !== undefined && 'diff' in change ? change.diff() : '').toContain('LISTENER_ADDRESS="127.0.0.1"');
  });

  test('has a unit that a sandbox understands, and the log that administrators expect', async () => {
    const { host } = await installed(newMachine({ prefix: '/srv/trial' }));
    const text = (await readText(host, unitPath(unit))) ?? '';
    expect(parseUnit(text, unit)).toMatchObject({
      restart: 'always',
      stdout: '/srv/trial/var/log/ovirt-engine/ovirt-fence-kdump-listener.log',
    });
    expect(text).toMatch(/^NoNewPrivileges=yes$/m);
  });

  test('runs on a whole host as an account of its own, from a version of the program', async () => {
    const { host } = await installed();
    const lines = ((await readText(host, unitPath(unit))) ?? '').split('\n');
    const program = '/usr/lib/ovirt-engine/0.1.0+0123456789ab';
    const words = lines.find((line) => line.startsWith('ExecStart='))?.split(' ') ?? [];
    expect([words.at(0), words.at(-1)]).toEqual([
      `ExecStart=${program}/node_modules/.bin/node`,
      `${program}/src/services/fence-kdump-listener/main.ts`,
    ]);
    for (const line of [
      'User=ovirt-fence-kdump',
      'Group=ovirt-fence-kdump',
      `RuntimeDirectory=ovirt-engine/${unit}`,
      'StandardOutput=append:/var/log/ovirt-engine/ovirt-fence-kdump-listener.log',
    ])
      expect(lines).toContain(line);
    expect(await readText(host, paths.configuration)).toContain(`HEALTH_SOCKET="/run/ovirt-engine/${unit}/health.sock"`);
  });
});

describe('the check of its port', () => {
  test('names who holds it, and is content with ourselves', async () => {
    const { machine } = await installed();
    const { answers } = await dialogue({ machine });
    expect(await fenceKdump.preflight?.(answers, memoryHost(machine))).toEqual([]);
    const taken = newMachine({ foreignPorts: new Map([[7410, 'netcat']]) });
    const view = (await dialogue({ machine: taken, given: password })).answers;
    expect(english(await fenceKdump.preflight?.(view, memoryHost(taken)))).toMatchObject([
      {
        id: 'fence-kdump-port',
        level: 'error',
        message: 'Port 7410, wanted for messages of crashing hosts, is taken by netcat (process 4711)',
        remedy: expect.stringContaining(`--set ${portKey}=PORT`),
      },
    ]);
  });
});

describe('its health', () => {
  test('is good while it gives signs of life to the engine', async () => {
    const { machine, host } = await installed();
    const { answers } = await dialogue({ machine });
    const [check] = fenceKdump.health?.(answers) ?? [];
    expect(await check?.probe(host)).toBeUndefined();
    const silent = { ...host, database: { ...host.database, look: async () => false as never } };
    expect(english(await check?.probe(silent))).toContain('no sign of life');
    machine.running.delete(unit);
    expect(english(await check?.probe(host))).toContain('is not running');
  });
});
