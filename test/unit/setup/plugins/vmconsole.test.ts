import { describe, expect, test } from 'vitest';
import { paths, unit } from '../../../../plugins/vmconsole/settings.ts';
import { sshPorts } from '../../../../plugins/firewall/ssh-ports.ts';
import { type Machine, memoryHost, newMachine } from '../../../../src/setup/host/memory/index.ts';
import { textOf } from '../../../../src/setup/kit/host.ts';
import { isSignedBy, parseSshCertificate } from '../../../../src/setup/pki/ssh-certificate.ts';
import { parseCertificate } from '../../../../src/setup/pki/inspect.ts';
import { conf, fewestAnswers, install, installOn } from '../../../support/installation.ts';

const off = { 'OVESETUP_VMCONSOLE_PROXY_CONFIG/vmconsoleProxyConfig': 'bool:False' };
const mask = '/etc/systemd/system/ssh.service';
const textAt = ({ disk }: Machine, path: string): string => textOf(disk.get(path));
const changesOf = (effects: readonly string[]): readonly string[] =>
  effects.filter((effect) => !/\/var\/(lib|log)\/ovirt-engine\/setup/.test(effect));

describe('the VM console proxy', () => {
  test('is an SSH server of its own, with keys that the internal CA vouches for', async () => {
    const machine = newMachine();
    const { screen } = await installOn(machine);
    expect(machine.running.has(unit)).toBe(true);
    const configuration = textAt(machine, paths.serverConfiguration);
    for (const line of ['Port 2222', 'AllowUsers ovirt-vmconsole', 'DisableForwarding yes', 'PasswordAuthentication no', 'UsePAM no'])
      expect(configuration.split('\n')).toContain(line);
    const authority = textAt(machine, '/etc/pki/ovirt-engine/private/ca.pem');
    const [host, user] = [paths.hostKey, paths.userKey].map((key) => parseSshCertificate(textAt(machine, paths.certificateOf(key))));
    expect(host).toMatchObject({ kind: 'host', identity: 'vmconsole-proxy-host', principals: ['engine.example.net'] });
    expect(user).toMatchObject({ kind: 'user', identity: 'vmconsole-proxy-user', principals: ['ovirt-vmconsole-proxy'] });
    for (const one of [host, user]) expect(one !== undefined && isSignedBy(one, authority)).toBe(true);
    expect(textAt(machine, paths.knownHosts)).toBe(
      `@cert-authority * ${textAt(machine, paths.authority).split(' ').slice(0, 2).join(' ')}\n`,
    );
    const helper = parseCertificate(textAt(machine, '/etc/pki/ovirt-engine/certs/vmconsole-proxy-helper.cer'));
    expect(helper?.keyUsage).toEqual(['1.3.6.1.4.1.2312.13.1.2.1.1']);
    expect(helper?.subjectAltName).toBeUndefined();
    const order = [
      'vmconsole proxy helper PKI',
      'vmconsole SSH PKI',
      'Configuring WebSocket',
      'Starting dwh',
      'Restarting ovirt-vmconsole',
    ];
    const places = order.map((line) => screen.indexOf(line));
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(places).not.toContain(-1);
  });

  test('stays as it is in a second run, and is renewed in the last third of its certificates, or with another name', async () => {
    const machine = newMachine();
    await installOn(machine);
    expect(changesOf((await installOn(machine)).effects)).toEqual([]);
    const later: Machine = { ...machine, now: new Date(machine.now.getTime() + 1300 * 24 * 3600 * 1000) };
    const { effects } = await installOn(later);
    expect(effects).toContain(`write ${paths.certificateOf(paths.hostKey)}`);
    expect(effects).not.toContain(`write ${paths.hostKey}`);
    expect(effects).toContain(`restart ${unit}`);
    const named: Machine = { ...machine, names: new Map([...machine.names, ['other.example.net', ['192.0.2.10']]]) };
    await installOn(named, { 'OVESETUP_CONFIG/fqdn': 'str:other.example.net' });
    expect(parseSshCertificate(textAt(named, paths.certificateOf(paths.hostKey)))?.principals).toEqual(['other.example.net']);
  });

  test('goes when it is declined later, and comes back', async () => {
    const machine = newMachine();
    await installOn(machine);
    const { effects } = await installOn(machine, off);
    expect(machine.running.has(unit)).toBe(false);
    expect(machine.disk.has(paths.serverConfiguration)).toBe(false);
    expect(effects).toContain(`disable ${unit}`);
    expect(changesOf((await installOn(machine, off)).effects)).toEqual([]);
    await installOn(machine, { 'OVESETUP_VMCONSOLE_PROXY_CONFIG/vmconsoleProxyConfig': 'bool:True' });
    expect(machine.running.has(unit)).toBe(true);
  });

  test('finds its port free, or says who has it', async () => {
    const machine = newMachine({ foreignPorts: new Map([[2222, 'dropbear']]) });
    const { outcome, screen } = await install({ machine, files: [conf(fewestAnswers)] });
    expect(outcome.failure).toBeDefined();
    expect(screen).toContain('Port 2222, wanted for the VM console proxy, is taken by dropbear');
    expect(screen).toContain('End that program, or give it another port.');
  });

  test('is no way into this host that the firewall would have to keep', async () => {
    const machine = newMachine({ sshPorts: new Set([22, 2222]) });
    const query = async () => ({
      code: 0,
      stderr: '',
      stdout: [22, 2222].map((port) => `LISTEN 0 128 0.0.0.0:${port} 0.0.0.0:* users:(("sshd",pid=9,fd=3))\n`).join(''),
    });
    expect(await sshPorts({ ...memoryHost(machine), query })).toEqual([22, 2222]);
    machine.running.set(unit, '');
    expect(await sshPorts({ ...memoryHost(machine), query })).toEqual([22]);
  });
});

describe('the SSH server of the host', () => {
  test('stays off where setup has brought it, and later runs leave it to people', async () => {
    const machine = newMachine();
    await installOn(machine);
    expect(machine.disk.get(mask)).toEqual({ kind: 'link', target: '/dev/null' });
    machine.disk.delete(mask);
    await installOn(machine);
    expect(machine.disk.has(mask)).toBe(false);
  });

  test('is left alone where it was there, and where nobody needs it', async () => {
    const there = newMachine({ packages: new Map([['openssh-server', '9.2']]) });
    await installOn(there);
    expect(there.disk.has(mask)).toBe(false);
    const own = newMachine();
    own.disk.set(mask, { kind: 'file', content: Buffer.from('[Service]\n'), mode: 0o644 });
    await installOn(own);
    expect(textAt(own, mask)).toBe('[Service]\n');
    const none = newMachine();
    await installOn(none, off);
    expect(none.disk.has(mask)).toBe(false);
  });
});

describe('the VM console proxy in a trial', () => {
  const answers = { 'OVESETUP_CONFIG/fqdn': 'str:localhost' };
  const ann = { prefix: '/srv/trial', user: { name: 'ann', root: false } };

  test('lets people in as whoever has started it, on loopback', async () => {
    const machine = newMachine(ann);
    await installOn(machine, answers);
    expect(machine.running.has(unit)).toBe(true);
    const configuration = textAt(machine, paths.serverConfiguration);
    for (const line of ['ListenAddress 127.0.0.1', 'Port 12222', 'AllowUsers ann', 'AuthorizedKeysCommandUser ann'])
      expect(configuration.split('\n')).toContain(line);
    const places = [...`${configuration}${textAt(machine, paths.configuration)}`.matchAll(/[\s="](\/(?:etc|var)\/\S*)/g)];
    expect(places.map(([, path]) => path)).toEqual([]);
    expect(textAt(machine, `/etc/systemd/system/${unit}.service`)).not.toMatch(/^(?:User|CacheDirectory|ConditionPathExists)=/m);
    expect(machine.disk.has('/usr/share/ovirt-vmconsole/empty')).toBe(false);
    expect(changesOf((await installOn(machine, answers)).effects)).toEqual([]);
    await installOn(machine, { ...answers, ...off });
    expect(machine.running.has(unit)).toBe(false);
    expect(textAt(machine, paths.serverConfiguration)).toBe('');
  });

  test.each([
    ['root', { prefix: '/srv/trial' }, 'VM Console Proxy is left out of a trial of root'],
    ['whoever has no SSH server', { ...ann, withoutSshd: true }, '/usr/sbin/sshd is not here, which the package openssh-server brings'],
    ['an account without a shell', { ...ann, user: { name: 'nobody', root: false } }, 'let nobody in as nobody, who has no shell'],
    ['a path with blanks', { ...ann, prefix: '/srv/my trial' }, 'cannot be told the path /srv/my trial/, which has unusual characters'],
  ])('is left out for %s', async (_who, more, why) => {
    const machine = newMachine(more);
    expect((await installOn(machine, answers)).screen).toContain(why);
    expect(machine.running.has(unit)).toBe(false);
  });

  test('names what has its port, and how to choose another', async () => {
    const machine = newMachine({ ...ann, foreignPorts: new Map([[12_222, 'sshd']]) });
    const { screen } = await install({ machine, files: [conf({ ...fewestAnswers, ...answers })] });
    expect(screen).toContain('Port 12222, wanted for the VM console proxy, is taken by sshd');
    expect(screen).toContain('--set OVESETUP_VMCONSOLE_PROXY_CONFIG/vmconsoleProxyTrialPort=PORT');
  });
});
