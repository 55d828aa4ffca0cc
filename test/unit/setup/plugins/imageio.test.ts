import { describe, expect, test } from 'vitest';
import { paths, unit } from '../../../../plugins/imageio/settings.ts';
import { type Machine, newMachine } from '../../../../src/setup/host/memory/index.ts';
import { textOf } from '../../../../src/setup/kit/host.ts';
import { changeCluster, clusterOf } from '../../../support/debian-cluster.ts';
import { conf, diskOf, fewestAnswers, install, installOn } from '../../../support/installation.ts';

const key = 'OVESETUP_CONFIG/imageioProxyConfig';
const addressIn = (machine: Machine): unknown => clusterOf(machine).databases['engine']?.options['ImageProxyAddress'];
const changeAddress = (machine: Machine, value: string): void =>
  changeCluster(machine, ({ databases }) => (databases['engine']!.options['ImageProxyAddress'] = value));
const configuration = ({ disk }: Machine): string => textOf(disk.get(paths.configuration));
const address = 'engine.example.net:54323';

describe('the Image I/O proxy', () => {
  test('is configured, started and made known to the engine', async () => {
    const machine = newMachine();
    const { screen } = await installOn(machine);
    expect(screen).toContain('Configuring Image I/O Proxy');
    expect(screen).not.toContain('Image I/O Proxy was chosen');
    expect(configuration(machine)).toContain('ROLE="proxy"');
    expect(configuration(machine)).toContain('LISTEN_PORT="54323"');
    // Which hosts there are is for the defaults to say: none on loopback.
    expect(configuration(machine)).not.toContain('HOST_NETWORKS');
    expect(machine.running.has(unit)).toBe(true);
    expect(addressIn(machine)).toBe(address);
  });

  test('shows browsers one certificate, and hosts another, with keys of its own', async () => {
    const machine = newMachine();
    await installOn(machine);
    for (const name of ['imageio-proxy', 'imageio-client']) {
      expect(configuration(machine)).toContain(`"/etc/pki/ovirt-engine/certs/${name}.cer"`);
      expect(machine.disk.get(`/etc/pki/ovirt-engine/keys/${name}.key.nopass`)).toMatchObject({ mode: 0o600 });
    }
  });

  test('listens on loopback below a root, where its hosts are, too', async () => {
    const machine = newMachine({ prefix: '/srv/trial' });
    await installOn(machine, { 'OVESETUP_CONFIG/fqdn': 'str:localhost' });
    const found = configuration(machine);
    expect(found).toContain('LISTEN_HOST="127.0.0.1"\nLISTEN_PORT="64323"');
    expect(found).toContain('HOST_NETWORKS="127.0.0.0/8 ::1/128"');
    // Services know nothing of roots.
    const places = [...found.matchAll(/"(\/.*)"/g)].map(([, path = '']) => path);
    expect(places).toHaveLength(7);
    expect(places.filter((path) => !path.startsWith('/srv/trial/'))).toEqual([]);
    expect(machine.running.has(unit)).toBe(true);
    await installOn(machine, { 'OVESETUP_CONFIG/fqdn': 'str:localhost', [key]: 'bool:False' });
    expect(machine.running.has(unit)).toBe(false);
  });

  test('leaves nothing of itself where it is declined', async () => {
    for (const machine of [newMachine(), newMachine({ prefix: '/srv/trial' })]) {
      const { screen } = await installOn(machine, { [key]: 'bool:False' });
      expect(screen).not.toMatch(/Image I\/O Proxy service|Configuring Image/);
      expect(Object.keys(diskOf(machine)).filter((path) => /imageio/i.test(path))).toEqual([]);
    }
  });

  test('goes when it is declined later, and comes back when it is wanted again', async () => {
    const machine = newMachine();
    await installOn(machine);
    await installOn(machine, { [key]: 'bool:False' });
    expect(machine.running.has(unit)).toBe(false);
    expect(Object.keys(diskOf(machine)).filter((path) => path.startsWith('/etc/systemd/') && path.includes('imageio'))).toEqual([]);
    expect(addressIn(machine)).toBeUndefined();
    expect((await installOn(machine, { [key]: 'bool:False' })).effects.some((effect) => effect.includes('imageio'))).toBe(false);
    await installOn(machine, { [key]: 'bool:True' });
    expect(machine.running.has(unit)).toBe(true);
    expect(addressIn(machine)).toBe(address);
  });

  test('takes the address along when its port changes', async () => {
    const machine = newMachine();
    await installOn(machine);
    await installOn(machine, { 'OVESETUP_CONFIG/imageioProxyPort': 'int:54399' });
    expect(configuration(machine)).toContain('LISTEN_PORT="54399"');
    expect(addressIn(machine)).toBe('engine.example.net:54399');
  });

  test.each([
    ['another host', 'images.example.net:54323', 'images.example.net:54323'],
    ['localhost, as databases of old have it', 'localhost:54323', address],
  ])('knows whether an administrator has set %s', async (_what, value, wanted) => {
    const machine = newMachine();
    await installOn(machine);
    changeAddress(machine, value);
    await installOn(machine);
    expect(addressIn(machine)).toBe(wanted);
  });

  test('stops a run when somebody else has its port', async () => {
    const machine = newMachine({ foreignPorts: new Map([[54_323, 'nginx']]) });
    const { outcome, screen } = await install({ machine, files: [conf(fewestAnswers)] });
    expect(outcome.failure).toBeDefined();
    expect(screen).toContain('Port 54323, wanted for the Image I/O proxy, is taken by nginx');
  });
});
