import { describe, expect, test } from 'vitest';
import { letsIn, parseZones, permanentZone, zonesInForce, zonesToBe } from '../../../../plugins/firewall/zones.ts';
import { memoryHost, newMachine } from '../../../../src/setup/host/memory/index.ts';
import { file } from '../../../../src/setup/kit/host.ts';
import { zone } from '../../../support/firewalld.ts';

describe('zones', () => {
  test('are read as firewalld prints them', () => {
    const text =
      'drop\n  target: DROP\n  services: \n  ports: \n\npublic (default, active)\n  target: default\n  interfaces: eth0\n  services: ssh dns\n  ports: 80/tcp 5900-5903/tcp\n  rich rules: \n';
    expect(parseZones(text)).toEqual([
      { name: 'drop', active: false, interfaces: [], services: [], ports: [], acceptsAll: false },
      {
        name: 'public',
        active: true,
        interfaces: ['eth0'],
        services: ['ssh', 'dns'],
        ports: ['80/tcp', '5900-5903/tcp'],
        acceptsAll: false,
      },
    ]);
  });

  test('are in use where something is bound to them, and the default one where something is bound to none', async () => {
    const machine = newMachine();
    const stdout = 'home (active)\n  interfaces: eth1\n  services: \n\npublic\n  interfaces: \n  services: \n';
    const host = { ...memoryHost(machine), query: () => Promise.resolve({ code: 0, stdout, stderr: '' }) };
    const used = async (): Promise<readonly string[]> => (await zonesInForce(host)).map(({ name }) => name);
    machine.disk.set('/sys/class/net', { kind: 'directory', mode: 0o755 });
    for (const name of ['lo', 'eth1']) machine.disk.set(`/sys/class/net/${name}`, { kind: 'link', target: `../../devices/${name}` });
    expect(await used()).toEqual(['home']);
    machine.disk.set('/sys/class/net/bonding_masters', file('bond0\n', 0o644));
    for (const name of ['eth2', 'eth2/master']) machine.disk.set(`/sys/class/net/${name}`, { kind: 'link', target: '../eth1' });
    expect(await used()).toEqual(['home']);
    machine.disk.set('/sys/class/net/eth0', { kind: 'link', target: '../../devices/eth0' });
    expect(await used()).toEqual(['home', 'public']);
  });

  test('are read from files, without what rules say for some sources only', async () => {
    const machine = newMachine();
    machine.disk.set(
      zone,
      file('<zone><service name="dns"/><port port="2000-2300" protocol="tcp"/><rule><service name="ssh"/></rule></zone>', 0o644),
    );
    const found = await permanentZone(memoryHost(machine), 'public');
    expect(found).toEqual({ name: 'public', services: ['dns'], ports: ['2000-2300/tcp'], acceptsAll: false });
    expect(await letsIn(memoryHost(machine), found, 2022)).toBe(true);
    expect(await letsIn(memoryHost(machine), found, 22)).toBe(false);
    machine.disk.set('/etc/firewalld/zones/lan.xml', file('<zone><interface name="eth1"/></zone>', 0o644));
    expect(await zonesToBe(memoryHost(machine))).toEqual(['public', 'lan']);
  });
});
