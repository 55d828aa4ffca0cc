import { describe, expect, test } from 'vitest';
import { inputChains } from '../../../../plugins/firewall/others.ts';
import firewall from '../../../../plugins/firewall/index.ts';
import { managers } from '../../../../plugins/firewall/settings.ts';
import { sshPorts } from '../../../../plugins/firewall/ssh-ports.ts';
import { letsIn, parseZones, permanentZone, zonesInForce, zonesToBe } from '../../../../plugins/firewall/zones.ts';
import { type Machine, configurationOf, memoryHost, newMachine } from '../../../../src/setup/host/memory/index.ts';
import { file, textOf } from '../../../../src/setup/kit/host.ts';
import { english } from '../../../support/fakes.ts';
import { conf, install, prepared } from '../../../support/installation.ts';

const given = { 'OVESETUP_CONFIG/adminPassword': 'str:canary-Wort-77', 'OVESETUP_DIALOG/confirmSettings': 'bool:True' };
const zone = '/etc/firewalld/zones/public.xml';
const installed = async (machine: Machine, more: Readonly<Record<string, string>> = {}) => {
  const result = await install({ machine, files: [conf({ ...given, ...more })] });
  expect(result.outcome.failure, result.screen).toBeUndefined();
  return { ...result, zone: textOf(machine.disk.get(zone)), effects: result.host.effects };
};

/** A machine on which firewalld runs with a zone, and perhaps with more than stands in it. */
function guarded(permanent: string, inForce = permanent): Machine {
  const machine = newMachine({ sshPorts: new Set([2222]) });
  machine.disk.set(zone, file(`<zone>\n${inForce}</zone>\n`, 0o644));
  machine.running.set('firewalld', configurationOf(machine, 'firewalld'));
  machine.disk.set(zone, file(`<zone>\n${permanent}</zone>\n`, 0o644));
  return machine;
}

describe('firewalld', () => {
  test('lets in what the components need, at once and later', async () => {
    const machine = newMachine();
    const { zone: text } = await installed(machine);
    const names = ['ssh', 'ovirt-https', 'ovirt-fence-kdump-listener', 'ovirt-websocket-proxy', 'ovirt-http'];
    expect([...text.matchAll(/service name="([^"]+)"/g)].map(([, name]) => name)).toEqual(names);
    expect(machine.running.get('firewalld')).toBe(configurationOf(machine, 'firewalld'));
    expect(textOf(machine.disk.get('/etc/firewalld/services/ovirt-websocket-proxy.xml'))).toContain('<port protocol="tcp" port="6100"/>');
    expect(machine.disk.get('/etc/ovirt-engine/firewalld/ovirt-http.xml')).toEqual(
      machine.disk.get('/etc/firewalld/services/ovirt-http.xml'),
    );
  });

  test('is not started before the port of ssh is open', async () => {
    const { effects } = await installed(newMachine({ sshPorts: new Set([22, 2222]) }));
    const work = effects.filter((effect) => /firewalld(:|$)/.test(effect) && !effect.startsWith('write'));
    expect(work.slice(0, 2)).toEqual(['enable firewalld', 'firewalld: --zone=public --add-port=2222/tcp']);
    expect(work.indexOf('start firewalld')).toBeGreaterThan(1);
    expect(work.filter((effect) => effect.includes('add-port'))).toHaveLength(1);
  });

  test('is told beside its settings where somebody has changed it while it runs, and forgets nothing of that', async () => {
    const machine = guarded('', '  <port port="2222" protocol="tcp"/>\n');
    const { zone: text, effects } = await installed(machine);
    expect(text).toContain('<service name="ovirt-https"/>');
    expect(text).not.toContain('2222');
    expect(effects).not.toContain('firewalld: reload');
    const [, inForce = ''] = machine.running.get('firewalld')?.split(`${zone}\n`) ?? [];
    for (const port of ['2222', '443', '6100', '7410']) expect(inForce).toContain(`port="${port}"`);
    expect((await installed(machine)).effects.filter((effect) => effect.startsWith('firewalld'))).toEqual([]);
    await installed(machine, { 'OVESETUP_CONFIG/websocketProxyPort': 'str:6200' });
    expect(machine.running.get('firewalld')).toMatch(/port="6200" protocol="tcp"\/>\n<\/zone>/);
    expect(machine.running.get('firewalld')).toContain('port="2222"');
  });

  test('closes and opens at once what was changed beside its settings', async () => {
    const machine = newMachine();
    await installed(machine);
    const read = machine.running.get('firewalld') ?? '';
    machine.running.set('firewalld', read.replace('</zone>', '  <port port="2222" protocol="tcp"/>\n</zone>'));
    const { zone: text } = await installed(machine, {
      'OVESETUP_CONFIG/websocketProxyConfig': 'bool:False',
      'OVESETUP_CONFIG/fenceKdumpListenerPort': 'str:7420',
    });
    expect(text).not.toContain('websocket');
    const [, inForce = ''] = machine.running.get('firewalld')?.split(`${zone}\n`) ?? [];
    expect([...inForce.matchAll(/(?:name|port)="([^"]+)"/g)].map(([, one]) => one)).toEqual([
      'ssh',
      'ovirt-https',
      'ovirt-http',
      '2222',
      '7420',
    ]);
  });

  test('opens nothing for ssh that was closed', async () => {
    expect((await installed(guarded(''))).zone).not.toContain('2222');
  });

  test('reads a port that was changed, and closes what nobody needs any more', async () => {
    const machine = newMachine();
    await installed(machine);
    await installed(machine, { 'OVESETUP_CONFIG/websocketProxyPort': 'str:6200' });
    expect(machine.running.get('firewalld')).toContain('port="6200"');
    const { zone: text } = await installed(machine, { 'OVESETUP_CONFIG/websocketProxyConfig': 'bool:False' });
    expect(text).not.toContain('websocket');
    expect(machine.disk.has('/etc/firewalld/services/ovirt-websocket-proxy.xml')).toBe(false);
    expect(machine.running.get('firewalld')).not.toContain('service name="ovirt-websocket-proxy"');
  });

  test('is left alone where somebody configures it by hand, and the summary says how', async () => {
    const machine = newMachine();
    const { screen, effects } = await installed(machine, { 'OVESETUP_CONFIG/updateFirewall': 'bool:False' });
    expect(effects.filter((effect) => effect.includes('firewalld') && !effect.includes('/etc/ovirt-engine/'))).toEqual([]);
    expect(screen).toContain('firewall-cmd --permanent --add-service ovirt-https');
    expect(textOf(machine.disk.get('/etc/ovirt-engine/iptables.example'))).toContain(
      '-p udp -m state --state NEW -m udp --dport 7410 -j ACCEPT',
    );
    const again = await installed(machine);
    expect(again.effects.filter((effect) => effect.includes('firewalld') && !effect.includes('/etc/ovirt-engine/'))).toEqual([]);
  });
});

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
    expect(await letsIn(memoryHost(machine), found, 2222)).toBe(true);
    expect(await letsIn(memoryHost(machine), found, 22)).toBe(false);
    machine.disk.set('/etc/firewalld/zones/lan.xml', file('<zone><interface name="eth1"/></zone>', 0o644));
    expect(await zonesToBe(memoryHost(machine))).toEqual(['public', 'lan']);
  });
});

test('ports of ssh are those that people come in through', async () => {
  const lines = [
    'LISTEN 0 128 0.0.0.0:2222 0.0.0.0:* users:(("sshd",pid=7,fd=3))',
    'LISTEN 0 128 127.0.0.1:6010 0.0.0.0:* users:(("sshd",pid=9,fd=9))',
    'LISTEN 0 128 *:22 *:* users:(("systemd",pid=1,fd=40))',
    'ESTAB 0 0 192.0.2.10:22 198.51.100.7:40000 users:(("sshd-session",pid=9,fd=4))',
    'ESTAB 0 0 192.0.2.10:40123 192.0.2.20:5432 users:(("sshd",pid=9,fd=12))',
  ];
  const query = () => Promise.resolve({ code: 0, stdout: `${lines.join('\n')}\n`, stderr: '' });
  expect(await sshPorts({ ...memoryHost(newMachine()), query })).toEqual([2222, 22]);
});

describe('other managers', () => {
  const units = new Set(['firewalld', 'apache2', 'ufw', 'nftables']);
  const withUfw = (): Machine => {
    const machine = newMachine({ units });
    machine.disk.set('/etc/ufw/ufw.conf', file('ENABLED=yes\n', 0o644));
    return machine;
  };

  test('count only where they guard the host', async () => {
    const idle = newMachine({ units });
    expect(await managers.probe(memoryHost(idle))).toEqual([{ name: 'firewalld', active: false }]);
    idle.running.set('nftables', '');
    expect((await managers.probe(memoryHost(idle))).map(({ name }) => name)).toEqual(['firewalld', 'nftables']);
    expect((await managers.probe(memoryHost(withUfw()))).map(({ name }) => name)).toEqual(['firewalld', 'ufw']);
  });

  test('keep firewalld from being started beside them, and get exact commands', async () => {
    const { screen, host } = await installed(withUfw());
    expect(await host.services.isActive('firewalld')).toBe(false);
    expect(screen).toContain('    ufw allow 443/tcp\n');
    expect(screen).toContain('    ufw allow 7410/udp\n');
    const forced = await install({ machine: withUfw(), files: [conf({ ...given, 'OVESETUP_CONFIG/updateFirewall': 'bool:True' })] });
    expect(forced.screen).toContain('ufw guards this host, and setup does not configure it');
  });

  test('of nftables get rules for the chains that they have', async () => {
    const chain = { family: 'inet', table: 'guard', name: 'in', type: 'filter', hook: 'input' };
    const json = JSON.stringify({
      nftables: [{ metainfo: {} }, { chain }, { chain: { ...chain, hook: 'output' } }, { chain: { ...chain, table: 'firewalld' } }],
    });
    expect(inputChains(json)).toMatchObject([{ table: 'guard', name: 'in' }]);
    const machine = newMachine({ units, running: new Map([['nftables', '']]) });
    const { answers } = await prepared(machine, [conf(given)]);
    const host = { ...memoryHost(machine), query: () => Promise.resolve({ code: 0, stdout: json, stderr: '' }) };
    const lines = english(((await firewall.summary?.(answers, host)) ?? []).flatMap((one) => one.lines));
    expect(lines).toContain('    nft insert rule inet guard in tcp dport { 443, 6100, 80 } accept');
    expect(lines).toContain('    nft insert rule inet guard in udp dport { 7410 } accept');
  });

  test('firewalld that is masked is refused before anything is changed', async () => {
    const machine = newMachine();
    machine.disk.set('/etc/systemd/system/firewalld.service', { kind: 'link', target: '/dev/null' });
    const { screen, outcome } = await install({ machine, files: [conf({ ...given, 'OVESETUP_CONFIG/updateFirewall': 'bool:True' })] });
    expect(outcome.failure).toMatchObject({ code: 'refused' });
    expect(screen).toContain('firewalld is masked, so it cannot be started. systemctl unmask firewalld ends that');
  });
});
