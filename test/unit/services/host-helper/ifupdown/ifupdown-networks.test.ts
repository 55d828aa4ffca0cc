import { chmod, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadConfig } from '../../../../../src/services/frame/config.ts';
import { type IfupdownNetworks, ifupdownNetworks } from '../../../../../src/services/host-helper/ifupdown/ifupdown-networks.ts';
import { type NetworkChange, readNetworkChange } from '../../../../../src/services/host-helper/network-request.ts';
import { readSettings } from '../../../../../src/services/host-helper/settings.ts';

let folder: string;
let main: string;
let networks: IfupdownNetworks;
let version: string;
let cards: readonly object[];
/** Devices for which ifupdown has a client of DHCP. */
let clients: readonly string[];
/** Units that were waited for. */
let waited: readonly string[];
/** What networkctl prints; null where systemd-networkd does not run. */
let links: string | null;

const text = 'source interfaces.d/*\n\nallow-hotplug eth0\niface eth0 inet dhcp\n';
const change = (wanted: object): NetworkChange => readNetworkChange({ networks: wanted, seconds: 60 });
const make = change({ net: { nic: 'eth0', ipv4: 'dhcp', ipv6: { router: true }, defaultRoute: true } });
const remove = change({ net: null });
const trial = (): string => join(folder, 'run', '05-ovirt.interfaces');
const has = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );
/** Plans a change and writes it down. */
const attempt = async (wanted: NetworkChange): Promise<void> => {
  const plan = await networks.plan(wanted);
  if (plan === null) throw new Error('nothing to do');
  await plan.write();
};

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ifupdown-'));
  main = join(folder, 'etc', 'interfaces');
  for (const name of ['etc', 'etc/interfaces.d', 'run']) await mkdir(join(folder, name));
  await writeFile(main, text);
  await writeFile(join(folder, 'ifstate'), 'lo=lo\neth0=eth0\n');
  await writeFile(join(folder, 'dhclient'), '');
  const config = join(folder, 'helper.conf');
  const places = {
    ...{ NETWORK_CHANGE_FOLDER: 'run', INTERFACES: 'etc/interfaces', IFUPDOWN_STATE: 'ifstate' },
    DHCLIENT: 'dhclient',
  };
  await writeFile(
    config,
    Object.entries(places)
      .map(([key, path]) => `${key}="${join(folder, path)}"\n`)
      .join(''),
  );
  const defaults = fileURLToPath(new URL('../../../../../src/services/host-helper/defaults.conf', import.meta.url));
  version = 'ifup version 0.8.41\n';
  links = null;
  waited = [];
  clients = ['eth0'];
  cards = [{ ifname: 'eth0', mtu: 1500, addr_info: [{ family: 'inet', local: '192.0.2.10', scope: 'global' }] }];
  networks = ifupdownNetworks(readSettings(await loadConfig(config, defaults)), async (program, args) => {
    if (program === '/usr/sbin/ifup' && args[0] === '--version') return version;
    if (program === '/usr/bin/systemd-run' && args.includes('address')) return JSON.stringify(cards);
    if (program === '/usr/bin/systemctl' && args[0] === 'start') {
      waited = args.slice(2);
      return '';
    }
    if (program === '/usr/bin/systemd-run' && clients.some((device) => args.at(-1) === `--pidfile=/run/dhclient.${device}.pid`)) return '';
    if (program === '/usr/bin/networkctl' && links !== null) return links;
    throw new Error(`${program} is not here`);
  });
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('a network on a card of ifupdown', () => {
  test('is tried elsewhere, and committed by replacing the file', async () => {
    await chmod(main, 0o640);
    const plan = await networks.plan(make);
    expect(await readdir(join(folder, 'run'))).toEqual([]);
    await plan?.write();
    expect(await networks.hasChanged()).toBe(true);
    expect(await readFile(main, 'utf8')).toBe(text);
    const tried = await readFile(join(trial(), 'interfaces'), 'utf8');
    expect(tried).toMatch(
      /^source interfaces\.d\/\*\n\nallow-hotplug eth0\n# >>> network net [^]*\nauto net\niface net inet dhcp\n[^]*\n#ovirt:net: iface eth0 inet dhcp\n$/,
    );
    // Doing it again changes nothing.
    expect(await networks.plan(make)).toBeNull();
    await networks.commit();
    expect(await networks.hasChanged()).toBe(false);
    expect(await readFile(main, 'utf8')).toBe(tried);
    expect((await stat(main)).mode & 0o777).toBe(0o640);
    expect(await readdir(join(folder, 'etc'))).toEqual(['interfaces', 'interfaces.d']);
    await networks.commit();
    expect(await readFile(main, 'utf8')).toBe(tried);

    await writeFile(main, tried.replace('allow-hotplug eth0\n', 'allow-hotplug eth0\n# mine\n'));
    await attempt(remove);
    expect(await networks.hasPartIn(remove)).toBe('none');
    await networks.commit();
    expect(await has(trial())).toBe(false);
    expect(await readFile(main, 'utf8')).toBe(text.replace('allow-hotplug eth0\n', 'allow-hotplug eth0\n# mine\n'));
  });

  test('is made and unmade by programs that give no lease back', async () => {
    const plan = await networks.plan(make);
    const lines = (commands: readonly (readonly string[])[] = []): readonly string[] => commands.map((words) => words.join(' '));
    const start = '/usr/bin/systemd-run --quiet --collect --no-block';
    const properties = ['Type=oneshot', 'RemainAfterExit=yes', 'SuccessExitStatus=1', 'IgnoreOnIsolate=yes'];
    const kept = `${properties.map((one) => `--property=${one}`).join(' ')} -- /usr/sbin/ifup --force`;
    const left = (device: string) => [
      `/usr/sbin/ip link set dev ${device} down`,
      `/usr/sbin/ip -4 address flush dev ${device}`,
      `/usr/sbin/ip -6 address flush dev ${device} scope global`,
    ];
    const leave = (gone: boolean) => [
      '/usr/bin/systemctl stop ovirt-ifup-net.service',
      '/usr/bin/systemctl stop ovirt-ifup-eth0.service',
      `/usr/sbin/start-stop-daemon --stop --oknodo --retry=5 --exec=${folder}/dhclient --pidfile=/run/dhclient.net.pid`,
      `/usr/sbin/start-stop-daemon --stop --oknodo --retry=5 --exec=${folder}/dhclient --pidfile=/run/dhclient.eth0.pid`,
      `/usr/sbin/ifdown --force -i ${trial()}/down net`,
      `/usr/sbin/ifdown --force -i ${trial()}/down eth0`,
      ...(gone ? ['/usr/sbin/ip link delete dev net'] : left('net')),
      ...left('eth0'),
      '/usr/bin/rm --force -- /run/dhclient.net.pid /run/dhclient.eth0.pid',
    ];
    expect(lines(plan?.forward)).toEqual([
      ...leave(false),
      '/usr/bin/cp -- /var/lib/dhcp/dhclient.eth0.leases /var/lib/dhcp/dhclient.net.leases',
      `${start} --unit=ovirt-ifup-eth0.service ${kept} -i ${trial()}/interfaces eth0`,
      `${start} --unit=ovirt-ifup-net.service ${kept} -i ${trial()}/interfaces net`,
    ]);
    expect(plan?.mark).toBe(`${trial()}/down`);
    expect(lines(plan?.back)).toEqual([
      ...leave(true),
      `/usr/bin/rm --recursive --force -- ${trial()}`,
      `${start} --unit=ovirt-ifup-eth0.service ${kept} eth0`,
    ]);
    // Words go into a property of a unit, between blanks.
    for (const words of [...(plan?.forward ?? []), ...(plan?.back ?? [])]) for (const word of words) expect(word).not.toMatch(/[\s"'$%;]/);
    await plan?.write();
    expect(await has(plan?.mark ?? '')).toBe(true);
    expect(await readFile(join(trial(), 'down'), 'utf8')).toMatch(
      /^iface eth0 inet manual\niface net inet manual\n( {4}post-down .*\n){2}$/,
    );
  });

  test('is not removed under what depends on it, nor moved to another card', async () => {
    await attempt(make);
    await networks.commit();
    const committed = await readFile(main, 'utf8');
    await writeFile(main, `${committed}iface net:1 inet manual\n`);
    await expect(networks.plan(remove)).rejects.toThrow('it depends on net, which is to go');
    await writeFile(main, committed);
    cards = [...cards, ...['net', 'eth1'].map((ifname) => ({ ifname, mtu: 1500 }))];
    const moved = change({ net: { nic: 'eth1', ipv4: 'dhcp', defaultRoute: true } });
    await expect(networks.plan(moved)).rejects.toThrow('Network net is on eth0: remove it there');
  });

  test('keeps its bridge while it is changed', async () => {
    await attempt(make);
    await networks.commit();
    await writeFile(join(folder, 'ifstate'), 'eth0=eth0\n');
    cards = [...cards, { ifname: 'net', mtu: 1500 }];
    const plan = await networks.plan(change({ net: { nic: 'eth0', ipv4: 'dhcp', defaultRoute: true, mtu: 1400 } }));
    const { back = [], forward = [] } = plan ?? {};
    for (const commands of [back, forward]) {
      expect(commands.some((words) => words.includes('delete'))).toBe(false);
      // It is to be up with the host, whether or not it is just now.
      expect(commands.filter((words) => words.includes('/usr/sbin/ifup')).map((words) => words.at(-1))).toEqual(['eth0', 'net']);
    }
    expect((await networks.plan(remove))?.forward.map((words) => words.join(' '))).toContain('/usr/sbin/ip link delete dev net');
  });

  test('is settled once ifupdown has brought up all of it', async () => {
    await networks.settle();
    expect(waited).toEqual([]);
    await attempt(make);
    await expect(networks.settle()).rejects.toThrow('ifup did not bring up net: journalctl -u ovirt-ifup-net.service');
    expect(waited).toEqual(['ovirt-ifup-eth0.service', 'ovirt-ifup-net.service']);
    await writeFile(join(folder, 'ifstate'), 'eth0=eth0\nnet=net\n');
    await networks.settle();
  });

  test('is refused where another client than dhclient has the address', async () => {
    const fixed = change({ net: { nic: 'eth0', ipv4: { address: '192.0.2.10/24' } } });
    expect(await networks.plan(fixed)).not.toBeNull();
    clients = [];
    for (const one of [make, fixed])
      await expect(networks.plan(one)).rejects.toThrow('interfaces:4: eth0 has its address by DHCP, and not from');
    await rm(join(folder, 'dhclient'));
    await expect(networks.plan(fixed)).rejects.toThrow('which needs');
  });

  test('is not committed over what somebody has edited meanwhile', async () => {
    await attempt(make);
    await writeFile(main, `${text}# mine\n`);
    await expect(networks.commit()).rejects.toThrow('was edited meanwhile');
    expect(await readFile(main, 'utf8')).toBe(`${text}# mine\n`);
    expect(await networks.hasChanged()).toBe(true);
  });

  test('is refused where the file cannot be replaced as a whole', async () => {
    await rename(main, join(folder, 'elsewhere'));
    await symlink(join(folder, 'elsewhere'), main);
    await expect(networks.plan(make)).rejects.toThrow('is a link');
    await rm(main);
    await writeFile(main, `source ${join(folder, 'elsewhere')}\n`);
    await expect(networks.plan(make)).rejects.toThrow('is not below');
    await writeFile(main, 'auto eth0 eth1\nsource interfaces.d/*\n');
    for (const [name, card] of [
      ['a', 'eth0'],
      ['b', 'eth1'],
    ] as const)
      await writeFile(join(folder, 'etc/interfaces.d', name), `iface ${card} inet manual\n`);
    cards = ['eth0', 'eth1'].map((ifname) => ({ ifname, mtu: 1500 }));
    await expect(networks.plan(change({ one: { nic: 'eth0' }, two: { nic: 'eth1' } }))).rejects.toThrow('one network after the other');
    await attempt(change({ one: { nic: 'eth0' } }));
    await networks.commit();
    expect(await readFile(join(folder, 'etc/interfaces.d/a'), 'utf8')).toContain('iface one inet manual');
    // What a start in the middle of a commit leaves behind is read by nobody.
    expect(await readdir(join(folder, 'etc/interfaces.d'))).toEqual(['a', 'b']);
  });

  test('is refused where another ifupdown reads the file, or systemd-networkd has the card too', async () => {
    for (version of ['ifupdown2:3.0.0-1\n', '']) await expect(networks.plan(make)).rejects.toThrow('no ifupdown 0.8');
    expect(await networks.isHere()).toBe(false);
    version = 'ifup version 0.8.41\n';
    links = JSON.stringify({ Interfaces: [{ Name: 'eth0', Index: 2, NetworkFile: '/etc/x.network' }] });
    await expect(networks.plan(make)).rejects.toThrow('/etc/x.network as well');
    links = null;
    await expect(networks.plan(change({ other: null }))).rejects.toThrow('There is no network other');
    cards = [...cards, { ifname: 'net', mtu: 1500 }];
    await expect(networks.plan(make)).rejects.toThrow('a device net already');
  });
});

test('cards are ifupdown’s where its files speak of them', async () => {
  const other = { more: { nic: 'eth9' } };
  expect(await networks.hasPartIn(make)).toBe('all');
  expect(await networks.hasPartIn(change(other))).toBe('none');
  expect(await networks.hasPartIn(change({ ...other, net: { nic: 'eth0' } }))).toBe('some');
  // What it cannot follow is of interest only where it speaks of them.
  await writeFile(main, `${text}source $HOME/x\n`);
  expect(await networks.hasPartIn(change(other))).toBe('none');
  await expect(networks.hasPartIn(make)).rejects.toThrow(`${main}:5: $HOME/x is no plain path`);
  await rm(main);
  expect(await networks.hasPartIn(make)).toBe('none');
  expect(await has(main)).toBe(false);
});
