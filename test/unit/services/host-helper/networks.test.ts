import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadConfig } from '../../../../src/services/frame/config.ts';
import { readNetworkChange } from '../../../../src/services/host-helper/network-request.ts';
import { createNetworks, type Networks } from '../../../../src/services/host-helper/networks.ts';
import { readSettings } from '../../../../src/services/host-helper/settings.ts';

const wanted = readNetworkChange({ networks: { net: { nic: 'eth0' } }, seconds: 60 });
let folder: string;
let networks: Networks;
/** What programs were called for, but for looking. */
let done: string[];
let isArmed: boolean;
/** Commands with that in them do not work. */
let failing: string;

/** A systemd that has no more than the timer, and does not run what it is given. */
const run = async (program: string, args: readonly string[]): Promise<string> => {
  const line = [program, ...args].join(' ');
  if (line.endsWith('ovirt-network-revert.timer') && args[0] === 'show') return isArmed ? 'active\n' : 'inactive\n';
  if (args[0] === 'show') return 'inactive\n';
  if (args[0] === '--version') return 'ifup version 0.8.41\n';
  if (program.endsWith('networkctl')) throw new Error('systemd-networkd does not run');
  if (line.endsWith('address')) return JSON.stringify([{ ifname: 'eth0', mtu: 1500 }]);
  done.push(line);
  if (failing !== '' && line.includes(failing)) throw new Error('failed');
  if (line.includes('--on-active')) isArmed = true;
  if (line === '/usr/bin/systemctl stop ovirt-network-revert.timer') isArmed = false;
  return '';
};

beforeEach(async () => {
  [done, isArmed, failing] = [[], false, ''];
  folder = await mkdtemp(join(tmpdir(), 'networks-'));
  await mkdir(join(folder, 'run'));
  await writeFile(join(folder, 'interfaces'), 'iface eth0 inet manual\n');
  const places = { NETWORK_CHANGE_FOLDER: 'run', NETWORK_FOLDER: 'networks', INTERFACES: 'interfaces', IFUPDOWN_STATE: 'ifstate' };
  const lines = Object.entries(places).map(([key, path]) => `${key}="${join(folder, path)}"\n`);
  await writeFile(join(folder, 'helper.conf'), lines.join(''));
  const defaults = fileURLToPath(new URL('../../../../src/services/host-helper/defaults.conf', import.meta.url));
  networks = createNetworks(readSettings(await loadConfig(join(folder, 'helper.conf'), defaults)), run);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const takenBack = ['/usr/bin/systemctl start ovirt-network-revert.service', '/usr/bin/systemctl stop ovirt-network-revert.timer'];

describe('a change of networks', () => {
  test('has its way back before it begins, and is ended by that', async () => {
    expect(await networks.change(wanted)).toBe(true);
    const [arming = '', doing = ''] = done;
    expect(arming).toMatch(/--unit=ovirt-network-revert --on-active=60 /);
    // It leads nowhere where nothing was changed, or was taken back.
    expect(arming).toContain(`--property=ExecCondition=/usr/bin/test -e ${folder}/run/05-ovirt.interfaces/down `);
    expect(/ExecStart=-([^=]*?) --property/.exec(arming)?.[1]).toBe('/usr/bin/systemctl stop ovirt-network-change.service');
    expect(doing).toContain('--wait --collect --unit=ovirt-network-change ');
    expect(done).toHaveLength(2);
    await expect(networks.change({ ...wanted, remove: ['net'], make: [] })).rejects.toThrow('not confirmed yet');
  });

  test('is taken back at once when it cannot be made', async () => {
    failing = '--unit=ovirt-network-change';
    await expect(networks.change(wanted)).rejects.toThrow('failed');
    expect(done.slice(2)).toEqual(takenBack);
  });

  test('is not made without a way back', async () => {
    failing = '--on-active';
    await expect(networks.change(wanted)).rejects.toThrow('failed');
    expect(done).toHaveLength(1);
    expect(await readdir(join(folder, 'run'))).toEqual([]);
  });

  test('is kept once it has taken effect, and taken back where it has not', async () => {
    await networks.change(wanted);
    await expect(networks.keep()).rejects.toThrow('ifup did not bring up eth0, net');
    expect(done.slice(2)).toEqual(['/usr/bin/systemctl start -- ovirt-ifup-eth0.service ovirt-ifup-net.service', ...takenBack]);
    await rm(join(folder, 'run/05-ovirt.interfaces'), { recursive: true });
    await networks.change(wanted);
    await writeFile(join(folder, 'ifstate'), 'eth0=eth0\nnet=net\n');
    done = [];
    await networks.keep();
    expect(done).toEqual([expect.stringContaining('systemctl start -- ovirt-ifup-'), takenBack[1]]);
  });
});
