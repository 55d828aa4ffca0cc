import { describe, expect, test } from 'vitest';
import { paths, unit } from '../../../../plugins/websocket/settings.ts';
import { type Machine, newMachine } from '../../../../src/setup/host/memory/index.ts';
import { textOf } from '../../../../src/setup/kit/host.ts';
import { conf, diskOf, install } from '../../../support/installation.ts';

const key = 'OVESETUP_CONFIG/websocketProxyConfig';
const answers = {
  'OVESETUP_CONFIG/adminPassword': 'str:canary-Wort-77',
  'OVESETUP_DIALOG/confirmSettings': 'bool:True',
};

const setUp = async (machine: Machine, more: Readonly<Record<string, string>> = {}) => {
  const { outcome, host, screen } = await install({ machine, files: [conf({ ...answers, ...more })] });
  expect(outcome.failure, screen).toBeUndefined();
  return { screen, effects: host.effects };
};

/** The options of the engine, out of the cluster of the machine in memory. */
const options = ({ disk }: Machine): Readonly<Record<string, string>> => {
  const cluster = JSON.parse(textOf(disk.get('/var/lib/postgresql/15/main/base/cluster.json'))) as {
    databases: { engine: { options: Record<string, string> } };
  };
  return cluster.databases.engine.options;
};
const changeOption = (machine: Machine, value: string): void => {
  const path = '/var/lib/postgresql/15/main/base/cluster.json';
  const cluster = JSON.parse(textOf(machine.disk.get(path))) as { databases: { engine: { options: Record<string, string> } } };
  cluster.databases.engine.options['WebSocketProxy'] = value;
  machine.disk.set(path, { kind: 'file', mode: 0o600, content: Buffer.from(JSON.stringify(cluster)) });
};
const configuration = ({ disk }: Machine): string => textOf(disk.get(paths.configuration));

describe('the WebSocket proxy', () => {
  test('is configured, started and made known to the engine', async () => {
    const machine = newMachine();
    const { screen } = await setUp(machine);
    expect(screen).toContain('Configuring WebSocket Proxy');
    expect(configuration(machine)).toContain('PROXY_PORT="6100"');
    expect(configuration(machine)).toContain('TARGET_NETWORKS=""');
    expect(machine.running.has(unit)).toBe(true);
    expect(options(machine)['WebSocketProxy']).toBe('engine.example.net:6100');
  });

  test('leaves nothing of itself where it is declined', async () => {
    const machine = newMachine();
    const { screen } = await setUp(machine, { [key]: 'bool:False' });
    expect(screen).not.toMatch(/websocket-proxy service|Configuring WebSocket/);
    const traces = Object.keys(diskOf(machine)).filter((path) => /websocket/i.test(path));
    expect(traces).toEqual([]);
    expect(options(machine)).not.toHaveProperty('WebSocketProxy');
  });

  test('goes when it is declined later, and comes back when it is wanted again', async () => {
    const machine = newMachine();
    await setUp(machine);
    await setUp(machine, { [key]: 'bool:False' });
    expect(machine.running.has(unit)).toBe(false);
    expect(Object.keys(diskOf(machine)).filter((path) => path.startsWith('/etc/systemd/') && path.includes('websocket'))).toEqual([]);
    expect(options(machine)).not.toHaveProperty('WebSocketProxy');
    expect((await setUp(machine, { [key]: 'bool:False' })).effects.some((effect) => effect.includes('websocket'))).toBe(false);
    await setUp(machine, { [key]: 'bool:True' });
    expect(machine.running.has(unit)).toBe(true);
    expect(options(machine)['WebSocketProxy']).toBe('engine.example.net:6100');
  });

  test('takes the address along when its port changes', async () => {
    const machine = newMachine();
    await setUp(machine);
    await setUp(machine, { 'OVESETUP_CONFIG/websocketProxyPort': 'int:6200' });
    expect(configuration(machine)).toContain('PROXY_PORT="6200"');
    expect(options(machine)['WebSocketProxy']).toBe('engine.example.net:6200');
  });

  test.each(['Off', 'proxy.example.net:6100'])('does not overrule an administrator who has set %s', async (value) => {
    const machine = newMachine();
    await setUp(machine);
    changeOption(machine, value);
    await setUp(machine);
    expect(options(machine)['WebSocketProxy']).toBe(value);
    await setUp(machine, { [key]: 'bool:False' });
    expect(options(machine)['WebSocketProxy']).toBe(value);
  });

  test('is not stopped by a run that has nothing to do with it', async () => {
    const machine = newMachine();
    await setUp(machine);
    const { screen, effects } = await setUp(machine);
    expect(screen).not.toContain('Stopping websocket-proxy service');
    expect(effects.filter((effect) => effect.includes(unit))).toEqual([]);
  });

  test('is not installed on a port that another program has', async () => {
    const machine = newMachine({ foreignPorts: new Map([[6100, 'websockify']]) });
    const { outcome, screen } = await install({ machine, files: [conf(answers)] });
    expect(outcome.failure).toBeDefined();
    expect(screen).toContain('Port 6100, wanted for the WebSocket proxy, is taken by websockify');
  });
});
