import { describe, expect, test } from 'vitest';
import { wouldCloseSsh, wouldForget } from '../../../../plugins/firewall/reload.ts';
import { inputChains } from '../../../../plugins/firewall/others.ts';
import firewall from '../../../../plugins/firewall/index.ts';
import { managers } from '../../../../plugins/firewall/managers.ts';
import { sshPorts } from '../../../../plugins/firewall/ssh-ports.ts';
import { type Machine, configurationOf, memoryHost, newMachine } from '../../../../src/setup/host/memory/index.ts';
import { file, textOf } from '../../../../src/setup/kit/host.ts';
import { english } from '../../../support/fakes.ts';
import { guarded, installed, letIn, runtimePorts, zone } from '../../../support/firewalld.ts';
import { conf, fewestAnswers, install, prepared } from '../../../support/installation.ts';

describe('firewalld', () => {
  test('lets in what the components need, at once and later', async () => {
    const machine = newMachine();
    const { zone: text } = await installed(machine);
    const ovn = ['ovn-central-firewall-service', 'ovirt-provider-ovn'] as const;
    const names = [
      'ssh',
      'ovirt-https',
      ovn[0],
      'ovirt-fence-kdump-listener',
      'ovirt-imageio-proxy',
      'ovirt-websocket-proxy',
      'ovirt-http',
      'ovirt-vmconsole-proxy',
      ovn[1],
    ];
    expect([...text.matchAll(/service name="([^"]+)"/g)].map(([, name]) => name)).toEqual(names);
    expect(machine.running.get('firewalld')).toBe(configurationOf(machine, 'firewalld'));
    expect(textOf(machine.disk.get('/etc/firewalld/services/ovirt-websocket-proxy.xml'))).toContain('<port protocol="tcp" port="6100"/>');
    expect(machine.disk.get('/etc/ovirt-engine/firewalld/ovirt-http.xml')).toEqual(
      machine.disk.get('/etc/firewalld/services/ovirt-http.xml'),
    );
  });

  test('is not started before the port of ssh is open', async () => {
    const { effects } = await installed(newMachine({ sshPorts: new Set([22, 2022]) }));
    const work = effects.filter((effect) => /firewalld(:|$)/.test(effect) && !effect.startsWith('write'));
    expect(work.slice(0, 2)).toEqual(['enable firewalld', 'firewalld: --zone=public --add-port=2022/tcp']);
    expect(work.indexOf('start firewalld')).toBeGreaterThan(1);
    expect(work.filter((effect) => effect.includes('add-port'))).toHaveLength(1);
  });

  test('is told beside its settings where somebody has changed it while it runs, and forgets nothing of that', async () => {
    const machine = guarded('', '  <port port="2022" protocol="tcp"/>\n');
    const { zone: text, effects } = await installed(machine);
    expect(text).toContain('<service name="ovirt-https"/>');
    expect(text).not.toContain('2022');
    expect(effects).not.toContain('firewalld: reload');
    const [, inForce = ''] = machine.running.get('firewalld')?.split(`${zone}\n`) ?? [];
    for (const port of ['2022', '443', '6100', '7410']) expect(inForce).toContain(`port="${port}"`);
    expect((await installed(machine)).effects.filter((effect) => effect.startsWith('firewalld'))).toEqual([]);
    await installed(machine, { 'OVESETUP_CONFIG/websocketProxyPort': 'str:6200' });
    expect(machine.running.get('firewalld')).toMatch(/port="6200" protocol="tcp"\/>\n<\/zone>/);
    expect(machine.running.get('firewalld')).toContain('port="2022"');
  });

  test('closes and opens at once what was changed beside its settings', async () => {
    const machine = newMachine();
    await installed(machine);
    const read = machine.running.get('firewalld') ?? '';
    machine.running.set('firewalld', read.replace('</zone>', '  <port port="2022" protocol="tcp"/>\n</zone>'));
    const { zone: text } = await installed(machine, {
      'OVESETUP_CONFIG/websocketProxyConfig': 'bool:False',
      'OVESETUP_CONFIG/fenceKdumpListenerPort': 'str:7420',
    });
    expect(text).not.toContain('websocket');
    const [, inForce = ''] = machine.running.get('firewalld')?.split(`${zone}\n`) ?? [];
    expect([...inForce.matchAll(/(?:name|port)="([^"]+)"/g)].map(([, one]) => one)).toEqual([
      'ssh',
      'ovirt-https',
      'ovn-central-firewall-service',
      'ovirt-imageio-proxy',
      'ovirt-http',
      'ovirt-vmconsole-proxy',
      'ovirt-provider-ovn',
      '2022',
      '7420',
    ]);
  });

  test('closes at once the former port of a service, and that of one that is not needed any more', async () => {
    const machine = guarded('', runtimePorts);
    const ports = async (more: Readonly<Record<string, string>>): Promise<readonly string[]> => {
      await installed(machine, more);
      return letIn(machine);
    };
    const always = [
      '2022/tcp',
      '2222/tcp',
      '443/tcp',
      '54323/tcp',
      '7410/udp',
      '7777/tcp',
      '80/tcp',
      '9696/tcp',
      '35357/tcp',
      '6641/tcp',
      '6642/tcp',
    ].sort();
    expect(await ports({})).toEqual([...always, '6100/tcp'].sort());
    expect(await ports({ 'OVESETUP_CONFIG/websocketProxyPort': 'str:6101' })).toEqual([...always, '6101/tcp'].sort());
    expect(await ports({ 'OVESETUP_CONFIG/websocketProxyConfig': 'bool:False' })).toEqual(always);
  });

  test('keeps a former port that its settings name', async () => {
    const machine = guarded('  <port port="6100" protocol="tcp"/>\n', `  <port port="6100" protocol="tcp"/>\n${runtimePorts}`);
    await installed(machine);
    await installed(machine, { 'OVESETUP_CONFIG/websocketProxyPort': 'str:6101' });
    expect(await letIn(machine)).toEqual(expect.arrayContaining(['6100/tcp', '6101/tcp']));
  });

  test('reads a definition that was written before a run was cut', async () => {
    const machine = newMachine();
    await installed(machine);
    const read = machine.running.get('firewalld') ?? '';
    machine.running.set('firewalld', read.replace('port="6100"', 'port="6099"'));
    expect((await installed(machine)).effects).toContain('firewalld: reload');
    expect(machine.running.get('firewalld')).toContain('port="6100"');
  });

  test('is not told to read its settings where a port of ssh would be closed by that', async () => {
    const machine = guarded('  <service name="theirs"/>\n');
    const definition = (port: number) => file(`<service>\n  <port port="${port}" protocol="tcp"/>\n</service>\n`, 0o644);
    machine.disk.set('/etc/firewalld/services/theirs.xml', definition(2022));
    machine.running.set('firewalld', configurationOf(machine, 'firewalld'));
    expect(await wouldCloseSsh(memoryHost(machine))).toBe(false);
    machine.disk.set('/etc/firewalld/services/theirs.xml', definition(2200));
    expect(await wouldCloseSsh(memoryHost(machine))).toBe(true);
    const { effects } = await installed(machine);
    expect(effects).not.toContain('firewalld: reload');
    expect(await letIn(machine)).toContain('theirs');
  });

  describe('would forget', () => {
    const wanted = { open: [{ name: 'ovirt-http', about: '', ports: [] }], close: [] };
    const lost = async (now: Readonly<Record<string, string>>, units: readonly string[] = [], code = 0): Promise<boolean> => {
      const host = memoryHost(newMachine({ running: new Map(units.map((unit) => [unit, ''])) }));
      const query = async ({ argv }: { readonly argv: readonly string[] }) => {
        const words = argv.slice(1).filter((word) => word !== '--permanent');
        const same: Readonly<Record<string, string>> = { '--get-ipsets': 'theirs\n' };
        const said = argv.includes('--permanent') ? undefined : now[words.join(' ')];
        return { code: said === undefined ? 0 : code, stdout: said ?? same[words.join(' ')] ?? '', stderr: '' };
      };
      return wouldForget({ ...host, query }, wanted);
    };

    test.each([
      ['a zone', { '--list-all-zones': 'public\n  ports: 2022/tcp\n' }, true],
      ['a set', { '--get-ipsets': 'theirs more\n' }, true],
      ['an entry of a set', { '--ipset=theirs --get-entries': '192.0.2.7\n' }, true],
      ['a chain', { '--direct --get-all-chains': 'ipv4 filter theirs\n' }, true],
      ['nothing', {}, false],
    ])('%s', async (_, now, is) => expect(await lost(now)).toBe(is));

    test('what is in a set that it does not tell', async () =>
      expect(await lost({ '--ipset=theirs --get-entries': '' }, [], 136)).toBe(true));

    test('where interfaces belong to, unless NetworkManager says that', async () => {
      const now = { '--list-all-zones': '  interfaces: eth0\n' };
      expect(await lost(now)).toBe(true);
      expect(await lost(now, ['NetworkManager'])).toBe(false);
      expect(await lost({ '--list-all-zones': '  interfaces: eth0\n  ports: 22/tcp\n' }, ['NetworkManager'])).toBe(true);
    });
  });

  test('opens nothing for ssh that was closed', async () => {
    expect((await installed(guarded(''))).zone).not.toContain('2022');
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

test('ports of ssh are those that people come in through', async () => {
  const lines = [
    'LISTEN 0 128 0.0.0.0:2022 0.0.0.0:* users:(("sshd",pid=7,fd=3))',
    'LISTEN 0 128 127.0.0.1:6010 0.0.0.0:* users:(("sshd",pid=9,fd=9))',
    'LISTEN 0 128 *:22 *:* users:(("systemd",pid=1,fd=40))',
    'ESTAB 0 0 192.0.2.10:22 198.51.100.7:40000 users:(("sshd-session",pid=9,fd=4))',
    'ESTAB 0 0 192.0.2.10:40123 192.0.2.20:5432 users:(("sshd",pid=9,fd=12))',
  ];
  const query = () => Promise.resolve({ code: 0, stdout: `${lines.join('\n')}\n`, stderr: '' });
  expect(await sshPorts({ ...memoryHost(newMachine()), query })).toEqual([2022, 22]);
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
    const forced = await install({
      machine: withUfw(),
      files: [conf({ ...fewestAnswers, 'OVESETUP_CONFIG/updateFirewall': 'bool:True' })],
    });
    expect(forced.screen).toContain('ufw guards this host, and setup does not configure it');
  });

  test('of nftables get rules for the chains that they have', async () => {
    const chain = { family: 'inet', table: 'guard', name: 'in', type: 'filter', hook: 'input' };
    const json = JSON.stringify({
      nftables: [{ metainfo: {} }, { chain }, { chain: { ...chain, hook: 'output' } }, { chain: { ...chain, table: 'firewalld' } }],
    });
    expect(inputChains(json)).toMatchObject([{ table: 'guard', name: 'in' }]);
    const machine = newMachine({ units, running: new Map([['nftables', '']]) });
    const { answers } = await prepared(machine, [conf(fewestAnswers)]);
    const host = { ...memoryHost(machine), query: () => Promise.resolve({ code: 0, stdout: json, stderr: '' }) };
    const lines = english(((await firewall.summary?.(answers, host)) ?? []).flatMap((one) => one.lines));
    expect(lines).toContain('    nft insert rule inet guard in tcp dport { 2222, 35357, 443, 54323, 6100, 6641, 6642, 80, 9696 } accept');
    expect(lines).toContain('    nft insert rule inet guard in udp dport { 7410 } accept');
  });

  test('firewalld that is masked is refused before anything is changed', async () => {
    const machine = newMachine();
    machine.disk.set('/etc/systemd/system/firewalld.service', { kind: 'link', target: '/dev/null' });
    const { screen, outcome } = await install({
      machine,
      files: [conf({ ...fewestAnswers, 'OVESETUP_CONFIG/updateFirewall': 'bool:True' })],
    });
    expect(outcome.failure).toMatchObject({ code: 'refused' });
    expect(screen).toContain('firewalld is masked, so it cannot be started. systemctl unmask firewalld ends that');
  });
});
