import { describe, expect, test } from 'vitest';
import { paths, unit } from '../../../../plugins/websocket/settings.ts';
import { type Machine, newMachine } from '../../../../src/setup/host/memory/index.ts';
import { textOf } from '../../../../src/setup/kit/host.ts';
import { changeCluster, clusterOf } from '../../../support/debian-cluster.ts';
import { conf, diskOf, fewestAnswers, install, installOn } from '../../../support/installation.ts';

const key = 'OVESETUP_CONFIG/websocketProxyConfig';
const options = (machine: Machine): Readonly<Record<string, unknown>> => clusterOf(machine).databases['engine']!.options;
const changeOption = (machine: Machine, value: string): void =>
  changeCluster(machine, ({ databases }) => (databases['engine']!.options['WebSocketProxy'] = value));
const configuration = ({ disk }: Machine): string => textOf(disk.get(paths.configuration));

describe('the WebSocket proxy', () => {
  test('is configured, started and made known to the engine', async () => {
    const machine = newMachine();
    const { screen } = await installOn(machine);
    expect(screen).toContain('Configuring WebSocket Proxy');
    expect(configuration(machine)).toContain('PROXY_PORT="6100"');
    expect(configuration(machine)).toContain('TARGET_NETWORKS=""');
    expect(machine.running.has(unit)).toBe(true);
    expect(options(machine)['WebSocketProxy']).toBe('engine.example.net:6100');
  });

  test('leaves nothing of itself where it is declined', async () => {
    const machine = newMachine();
    const { screen } = await installOn(machine, { [key]: 'bool:False' });
    expect(screen).not.toMatch(/websocket-proxy service|Configuring WebSocket/);
    const traces = Object.keys(diskOf(machine)).filter((path) => /websocket/i.test(path));
    expect(traces).toEqual([]);
    expect(options(machine)).not.toHaveProperty('WebSocketProxy');
  });

  test('goes when it is declined later, and comes back when it is wanted again', async () => {
    const machine = newMachine();
    await installOn(machine);
    await installOn(machine, { [key]: 'bool:False' });
    expect(machine.running.has(unit)).toBe(false);
    expect(Object.keys(diskOf(machine)).filter((path) => path.startsWith('/etc/systemd/') && path.includes('websocket'))).toEqual([]);
    expect(options(machine)).not.toHaveProperty('WebSocketProxy');
    expect((await installOn(machine, { [key]: 'bool:False' })).effects.some((effect) => effect.includes('websocket'))).toBe(false);
    await installOn(machine, { [key]: 'bool:True' });
    expect(machine.running.has(unit)).toBe(true);
    expect(options(machine)['WebSocketProxy']).toBe('engine.example.net:6100');
  });

  test('takes the address along when its port changes', async () => {
    const machine = newMachine();
    await installOn(machine);
    await installOn(machine, { 'OVESETUP_CONFIG/websocketProxyPort': 'int:6200' });
    expect(configuration(machine)).toContain('PROXY_PORT="6200"');
    expect(options(machine)['WebSocketProxy']).toBe('engine.example.net:6200');
  });

  test.each(['Off', 'proxy.example.net:6100'])('does not overrule an administrator who has set %s', async (value) => {
    const machine = newMachine();
    await installOn(machine);
    changeOption(machine, value);
    await installOn(machine);
    expect(options(machine)['WebSocketProxy']).toBe(value);
    await installOn(machine, { [key]: 'bool:False' });
    expect(options(machine)['WebSocketProxy']).toBe(value);
  });

  test('is not stopped by a run that has nothing to do with it', async () => {
    const machine = newMachine();
    await installOn(machine);
    const { screen, effects } = await installOn(machine);
    expect(screen).not.toContain('Stopping websocket-proxy service');
    expect(effects.filter((effect) => effect.includes(unit))).toEqual([]);
  });

  test('is not installed on a port that another program has', async () => {
    const machine = newMachine({ foreignPorts: new Map([[6100, 'websockify']]) });
    const { outcome, screen } = await install({ machine, files: [conf(fewestAnswers)] });
    expect(outcome.failure).toBeDefined();
    expect(screen).toContain('Port 6100, wanted for the WebSocket proxy, is taken by websockify');
  });
});
