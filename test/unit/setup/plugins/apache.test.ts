import { describe, expect, test } from 'vitest';
import apache from '../../../../plugins/apache/index.ts';
import { backendPort } from '../../../../plugins/apache/settings.ts';
import { listening } from '../../../../plugins/apache/present.ts';
import { type Machine, memoryHost, newMachine } from '../../../../src/setup/host/memory/index.ts';
import { type Entry, file, textOf } from '../../../../src/setup/kit/host.ts';
import { english } from '../../../support/fakes.ts';
import { conf, fewestAnswers, install, installOn, prepared } from '../../../support/installation.ts';

const [proxy, redirect] = ['z-ovirt-engine-proxy', 'ovirt-engine-root-redirect'].map(
  (name) => `/etc/apache2/conf-available/${name}.conf`,
) as [string, string];
const site = '/etc/apache2/sites-available/z-ovirt-engine-ssl.conf';

const installed = async (machine: Machine = newMachine(), more: Readonly<Record<string, string>> = {}) => {
  const result = await installOn(machine, more);
  return { ...result, machine, text: (path: string): string => textOf(machine.disk.get(path)) };
};
const findings = async (machine: Machine) => {
  const { answers } = await prepared(machine, [conf(fewestAnswers)]);
  return (await apache.preflight?.(answers, memoryHost(machine))) ?? [];
};
const link = (target: string): Entry => ({ kind: 'link', target });

describe('the web server', () => {
  test('stands in front of the engine and of the proxy for consoles', async () => {
    const { machine, text } = await installed();
    expect(text(proxy)).toContain('ProxyPass "/ovirt-engine" "http://127.0.0.1:702/ovirt-engine"');
    expect(text(proxy)).toContain('"https://engine.example.net:6100/" upgrade=websocket');
    expect(text(proxy)).toContain('ProxyPass "/ovirt-engine/images/" "https://engine.example.net:54323/images/"');
    expect(text(proxy)).toContain('SSLProxyCACertificateFile "/etc/pki/ovirt-engine/ca.pem"');
    expect(text(proxy)).not.toContain('Listen');
    expect(text('/etc/ovirt-engine/engine.conf.d/10-setup-protocols.conf')).toContain('ENGINE_HTTP_PORT="702"');
    expect(machine.disk.get('/etc/apache2/conf-enabled/z-ovirt-engine-proxy.conf')).toEqual(
      link('../conf-available/z-ovirt-engine-proxy.conf'),
    );
    expect(machine.running.has('apache2')).toBe(true);
  });

  test('finds the engine on a port that nobody but the engine and root can take', async () => {
    const { text } = await installed();
    expect(backendPort).toBeLessThan(1024);
    const may = ['CapabilityBoundingSet', 'AmbientCapabilities'].map(
      (key) => (unit: string) => new RegExp(`^${key}=(.*)$`, 'm').exec(text(`/etc/systemd/system/${unit}.service`))?.[1],
    );
    expect(may.map((of) => of('ovirt-engine'))).toEqual(['CAP_NET_BIND_SERVICE', 'CAP_NET_BIND_SERVICE']);
    expect(may.map((of) => of('ovirt-websocket-proxy'))).toEqual(['', '']);
  });

  test('knows of no proxy for consoles where there is none', async () => {
    const { text } = await installed(newMachine(), {
      'OVESETUP_CONFIG/websocketProxyConfig': 'bool:False',
      'OVESETUP_CONFIG/imageioProxyConfig': 'bool:False',
    });
    expect(text(proxy)).not.toMatch(/websocket|images/);
    expect(text(proxy)).not.toContain('SSLProxy');
  });

  test('shows the engine by its name also where another site has an address to itself', async () => {
    const { machine } = await installed();
    const theirs = '<VirtualHost 192.0.2.10:443 [2001:db8::10]:443>\n  ServerName "https://theirs.example.net:443"\n</VirtualHost>\n';
    // Whether Apache reads it before ours or after it does not matter.
    machine.disk.set('/etc/apache2/sites-enabled/zabbix.conf', file(theirs, 0o644));
    machine.disk.set('/etc/apache2/sites-enabled/a.conf', file('<VirtualHost 192.0.2.11 192.0.2.12:80>\n</VirtualHost>\n', 0o644));
    const { text } = await installed(machine);
    expect(text(site)).toContain('<VirtualHost *:443 192.0.2.11:443 192.0.2.10:443 [2001:db8::10]:443>');
  });

  test.each([
    ['<VirtualHost _default_:443>\n</VirtualHost>', 'has no ServerName'],
    ['<VirtualHost *:443>\nServerName a.example.net\nServerAlias b.example.net *.EXAMPLE.net\n</VirtualHost>', 'answers under the name'],
    [
      '<IfModule mod_ssl.c>\n<VirtualHost 192.0.2.10:443>\n# </VirtualHost>\nServerAlias a.example.net \\\n  engine.example.net\n</VirtualHost>\n</IfModule>',
      'answers under the name',
    ],
  ])('is refused another site under the name of the engine: %s', async (text, says) => {
    const machine = newMachine();
    machine.disk.set('/etc/apache2/ports.conf', file('Listen 80\n', 0o644));
    machine.disk.set('/etc/apache2/sites-enabled/default-ssl.conf', file(`${text}\n`, 0o644));
    const found = await findings(machine);
    expect(found.map(({ id }) => id)).toEqual(['apache-site']);
    expect(String(english(found.map((one) => one.message)))).toContain(says);
    machine.disk.delete('/etc/apache2/sites-enabled/default-ssl.conf');
    machine.disk.set('/etc/apache2/sites-enabled/zz.conf', file(`${text}\n`, 0o644));
    expect(await findings(machine)).toEqual([]);
  });

  test.each([
    ['a plain site of all ports', '<VirtualHost *>\nServerName engine.example.net\n</VirtualHost>'],
    ['a site of port 80', '<VirtualHost \\\n *:80>\nServerName engine.example.net\n</VirtualHost>'],
    ['a site of a port that is a variable', '<VirtualHost *:${P}>\nServerName engine.example.net\n</VirtualHost>'],
    ['a site that is commented out', '#<VirtualHost *:443>\n#ServerName engine.example.net\n#</VirtualHost>'],
    ['a site without a name on a server with one', 'servername http://localhost:80\n<VirtualHost *:443>\n</VirtualHost>'],
  ])('minds no other site that does not answer under its name: %s', async (_, text) => {
    const machine = newMachine();
    machine.disk.set('/etc/apache2/ports.conf', file('Listen 80\nListen 443\n', 0o644));
    machine.disk.set('/etc/apache2/sites-enabled/default-ssl.conf', file(`${text}\n`, 0o644));
    expect(await findings(machine)).toEqual([]);
  });

  test('takes the name of the server for that of a site without one', async () => {
    const machine = newMachine();
    machine.disk.set('/etc/apache2/ports.conf', file('Listen 443\n', 0o644));
    machine.disk.set(
      '/etc/apache2/conf-enabled/name.conf',
      file('ServerName engine.example.net\n<VirtualHost *:443>\n</VirtualHost>\n', 0o644),
    );
    expect(english(await findings(machine))).toMatchObject([
      { id: 'apache-site', remedy: expect.stringContaining('take it out of /etc/apache2/conf-enabled/name.conf') },
    ]);
  });

  test.each(['*', '192.0.2.10', '[2001:db8::10]:*'])(
    'would hide a site with TLS that names no port (%s), which is told',
    async (address) => {
      const machine = newMachine();
      machine.disk.set('/etc/apache2/ports.conf', file('Listen 443\n', 0o644));
      const theirs = `<VirtualHost ${address}>\nServerName theirs.example.net\nSSLEngine on\n</VirtualHost>\n`;
      machine.disk.set('/etc/apache2/sites-enabled/zabbix.conf', file(theirs, 0o644));
      expect(english(await findings(machine))).toMatchObject([
        { id: 'apache-site', message: expect.stringContaining('names no port'), remedy: expect.stringContaining('a2dissite zabbix') },
      ]);
      // Elsewhere, nothing is in its way.
      machine.disk.set('/etc/apache2/ports.conf', file('Listen 8443\n', 0o644));
      expect(await findings(machine)).toEqual([]);
    },
  );

  test('shows the certificate of our authority, and binds nobody to it', async () => {
    const { text } = await installed();
    expect(text(site)).toContain('SSLCertificateFile "/etc/pki/ovirt-engine/certs/apache.cer"');
    expect(text(site)).toContain('SSLProtocol -all +TLSv1.2 +TLSv1.3');
    expect(text(site)).not.toContain('Strict-Transport-Security');
  });

  test('has its TLS configured by hand, and is said how', async () => {
    const { machine, screen } = await installed(newMachine(), { 'OVESETUP_APACHE/configureSsl': 'bool:False' });
    const ours = [...machine.disk.keys()].filter((path) => path.includes('/apache2/'));
    expect(ours.filter((path) => /ssl/.test(path))).toEqual([]);
    expect(screen).toContain('SSLCertificateKeyFile /etc/pki/ovirt-engine/keys/apache.key.nopass');
    expect((await installed()).screen).not.toContain('SSLCertificateKeyFile');
  });

  test('listens on ports that nobody else makes it listen on', async () => {
    const machine = newMachine();
    expect(await listening.probe(memoryHost(machine))).toEqual([80, 443]);
    machine.disk.set('/etc/apache2/ports.conf', file('Listen 192.0.2.10:80\n#Listen 443\n', 0o644));
    machine.disk.set('/etc/apache2/sites-available/wiki.conf', file('  Listen 8443 https\n', 0o644));
    machine.disk.set('/etc/apache2/sites-enabled/wiki.conf', link('../sites-available/wiki.conf'));
    expect(await listening.probe(memoryHost(machine))).toEqual([80, 8443]);
    const { text } = await installed(machine);
    expect(text(site)).toMatch(/^Listen 443$/m);
    // A second run does not take our own line for somebody else's.
    expect((await installed(machine)).text(site)).toMatch(/^Listen 443$/m);
  });

  test('gets the modules that are missing, and settings with them, and no more', async () => {
    const machine = newMachine();
    for (const name of ['ssl.conf', 'proxy.conf']) machine.disk.set(`/etc/apache2/mods-available/${name}`, file('', 0o644));
    // Copied by somebody, whose settings for it are where we do not know.
    machine.disk.set('/etc/apache2/mods-enabled/proxy.load', file('', 0o644));
    const { disk } = (await installed(machine)).machine;
    expect(disk.get('/etc/apache2/mods-enabled/ssl.load')).toEqual(link('../mods-available/ssl.load'));
    expect(disk.get('/etc/apache2/mods-enabled/ssl.conf')).toEqual(link('../mods-available/ssl.conf'));
    expect(disk.get('/etc/apache2/mods-enabled/proxy.load')?.kind).toBe('file');
    expect(disk.has('/etc/apache2/mods-enabled/proxy.conf')).toBe(false);
  });

  test('gives its root page back when somebody wants that', async () => {
    const { machine, text } = await installed();
    expect(text(redirect)).toContain('engine\\.example\\.net|engine|');
    const { text: after } = await installed(machine, { 'OVESETUP_APACHE/configureRootRedirection': 'bool:False' });
    expect(after(redirect)).toBe('');
    expect(machine.disk.has('/etc/apache2/conf-enabled/ovirt-engine-root-redirect.conf')).toBe(false);
  });

  test('is restarted once, behind the engine, when something that it reads has changed, and else never', async () => {
    const { machine, host, screen } = await installed();
    expect(host.effects.filter((effect) => /^(enable|start|restart|reload) apache2$/.test(effect))).toEqual([
      'enable apache2',
      'start apache2',
    ]);
    expect(screen).toMatch(/Starting dwh service\n.*Restarting ovirt-vmconsole proxy service\n[^]*--== SUMMARY ==--[^]*Restarting httpd\n/);
    const restarts = async (more: Readonly<Record<string, string>> = {}) =>
      (await installed(machine, more)).host.effects.filter((effect) => effect === 'restart apache2').length;
    expect(await restarts({ 'OVESETUP_CONFIG/sanWipeAfterDelete': 'bool:True' })).toBe(0);
    machine.disk.delete('/etc/pki/ovirt-engine/certs/apache.cer');
    expect(await restarts()).toBe(1);
  });

  test('that refuses its new configuration has the old one back', async () => {
    const machine = newMachine();
    machine.disk.set('/etc/apache2/mods-enabled/proxy.load', file('', 0o644));
    machine.disk.set('/etc/apache2/sites-enabled/wiki.conf', file('', 0o644));
    const files = (): readonly string[] =>
      [...machine.disk].filter(([path, { kind }]) => path.includes('/apache2/') && kind !== 'directory').map(([path]) => path);
    const before = files();
    // What makes it fail comes up between the findings and the work.
    const host = memoryHost(machine);
    let asked = 0;
    const query: typeof host.query = async (command) => {
      const said = await host.query(command);
      return command.argv[0] === 'apache2ctl' && asked++ > 0 ? { code: 1, stdout: '', stderr: 'AH00526: Syntax error in canary\n' } : said;
    };
    const { outcome, screen } = await install({ machine, files: [conf(fewestAnswers)], host: { ...host, query } });
    expect(outcome.failure).toBeDefined();
    expect(screen).toContain('Apache refuses its configuration: AH00526: Syntax error in canary');
    expect(files()).toEqual(before);
  });
});

describe('before the work', () => {
  test('a web server that could not start is found, in its own words', async () => {
    const machine = newMachine({ packages: new Map([['apache2', '2.4']]) });
    machine.disk.set('/etc/apache2/mods-enabled/ssl.load', file('', 0o644));
    machine.disk.set('/etc/apache2/sites-enabled/wiki.conf', file('SSLEngine on\nSSLCertificateFile /etc/wiki.cer\n', 0o644));
    expect(english((await findings(machine)).map(({ id, message }) => [id, message]))).toEqual([
      [
        'apache-broken',
        expect.stringMatching(
          /line 2 of \/etc\/apache2\/sites-enabled\/wiki.conf: SSLCertificateFile: file '\/etc\/wiki.cer' does not exist or is empty$/,
        ),
      ],
    ]);
    expect(await findings(newMachine({ units: new Set() }))).toEqual([]);
    // Half installed it has no configuration, and needs none yet.
    expect(await findings({ ...machine, packages: new Map() })).toEqual([]);
  });

  test('what is wrong with files of ours is left to the work', async () => {
    const { machine } = await installed();
    machine.disk.delete('/etc/pki/ovirt-engine/certs/apache.cer');
    expect(await findings(machine)).toEqual([]);
  });

  test.each([
    [80, 'nginx', ['http-port']],
    [80, 'apache2', []],
    [702, 'java', ['backend-port']],
  ] as const)('port %i held by %s is found', async (port, program, ids) => {
    expect((await findings(newMachine({ foreignPorts: new Map([[port, program]]) }))).map(({ id }) => id)).toEqual(ids);
  });
});
