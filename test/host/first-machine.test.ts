import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import { rm } from 'node:fs/promises';
import { type Console, hasBrowser, openConsole } from '../support/console-in-browser.ts';
import { type FirstMachine, folders, nodeName, nodePassword, offerFolders, prepareFirstMachine } from '../support/first-machine.ts';
import { hostName } from '../support/host-image.ts';
import { firstPage, hasInstaller, makeInstallerDisc } from '../support/installer-disc.ts';
import { whyNoHosts } from '../support/test-host.ts';
import { says } from '../support/text-screen.ts';
import { eventually } from '../support/trial.ts';
import { type WholeHost, canaries, expectCode } from '../support/whole-host.ts';

/*
 * The way from two Debian hosts to a virtual machine that shows Debian's installer, gone by a client that has curl and a browser. Each test goes
 * on from the one before.
 */

const obstacle =
  (await whyNoHosts()) ??
  (hasInstaller ? (hasBrowser ? null : 'needs Chromium') : 'needs Debian’s installer, grub-pc-bin, xorriso and mtools');

/** Kills the main process of a service, which systemd starts again. */
const kill = (host: WholeHost, unit: string): Promise<string> =>
  host.shell(`kill -KILL $(systemctl show --property=MainPID --value ${unit})`);

describe.skipIf(obstacle !== null)(`the first virtual machine${obstacle === null ? '' : ` (${obstacle})`}`, () => {
  let all: FirstMachine;
  let disc: string;
  let [host, center, image, machine] = ['', '', '', ''];
  const api: FirstMachine['client']['api'] = (...words) => all.client.api(...words);

  beforeAll(async () => {
    disc = await makeInstallerDisc();
    all = await prepareFirstMachine();
    expectCode(await all.engine.setup(), 0);
  });
  afterAll(async () => {
    await all.remove();
    await rm(dirname(disc), { recursive: true });
  });

  const wordOf = async (path: string, word = 'status'): Promise<string> => String((await api('GET', path))[word]);
  /** Waits for a status of an object, and shows the last events where another one comes. */
  async function becomes(path: string, wanted: string, word = 'status', limitMs = 120_000): Promise<void> {
    let found = '';
    const isThere = async (): Promise<boolean> => {
      found = await wordOf(path, word).catch(() => 'no answer');
      return found === wanted || /fail|non_operational/.test(found);
    };
    await eventually(`${path} is ${wanted}`, isThere, limitMs).catch(() => undefined);
    if (found === wanted) return;
    const { event = [] } = (await api('GET', 'events?max=20')) as { event?: readonly { description: string }[] };
    throw new Error(`${path} is ${found}, not ${wanted}:\n${event.map(({ description }) => description).join('\n')}`);
  }

  /** Waits until a host has the machine. It is up when its guest is heard of, or after a minute, which nothing here has to wait for. */
  const runs = (): Promise<void> =>
    eventually('it runs', async () => /^(powering_up|up)$/.test(await wordOf(machine).catch(() => '')), 180_000);

  test('gets a host: added with the password of root and the fingerprint of its key, it comes up', async () => {
    const [, fingerprint = ''] = (await all.node.shell('ssh-keygen -l -f /etc/ssh/ssh_host_ed25519_key.pub')).split(' ');
    const added = await api(
      'POST',
      'hosts',
      `<host><name>node1</name><address>${nodeName}</address><root_password>${nodePassword}</root_password>
<ssh><fingerprint>${fingerprint}</fingerprint></ssh><cluster><name>Default</name></cluster></host>`,
    );
    expect(added['status']).toBe('installing');
    host = `hosts/${added['id']}`;
    await becomes(host, 'up');
    expect(await all.node.shell('systemctl is-active libvirtd ovirt-host-agent ovirt-host-helper ovirt-imageio-daemon')).toBe(
      'active\n'.repeat(4),
    );
  });

  test('gets storage: domains for data and for ISO files, which the host makes, and whose manager it becomes', async () => {
    await offerFolders(all.node);
    center = `datacenters/${(await api('GET', 'datacenters'))['data_center'][0]['id']}`;
    for (const type of ['data', 'iso'] as const) {
      const made = await api(
        'POST',
        'storagedomains',
        `<storage_domain><name>${type}</name><type>${type}</type><host><name>node1</name></host>
<storage><type>posixfs</type><path>${folders[type]}</path><vfs_type>bind</vfs_type></storage></storage_domain>`,
      );
      expect(made['status']).toBe('unattached');
      await api('POST', `${center}/storagedomains`, `<storage_domain><name>${type}</name></storage_domain>`);
      await becomes(`${center}/storagedomains/${made['id']}`, 'active');
    }
    expect(await wordOf(center)).toBe('up');
    expect((await api('GET', host))['spm']['status']).toBe('spm');
  });

  test('gets a disc: its image is uploaded through the proxy beside the engine', async () => {
    const disk = await api(
      'POST',
      'disks',
      `<disk><name>debian.iso</name><provisioned_size>${statSync(disc).size}</provisioned_size><format>raw</format>
<content_type>iso</content_type><storage_domains><storage_domain><name>data</name></storage_domain></storage_domains></disk>`,
    );
    image = String(disk['id']);
    await becomes(`disks/${image}`, 'ok');
    const begun = await api(
      'POST',
      'imagetransfers',
      `<image_transfer><disk id="${image}"/><direction>upload</direction></image_transfer>`,
    );
    const transfer = `imagetransfers/${begun['id']}`;
    await becomes(transfer, 'transferring', 'phase');
    const url = await wordOf(transfer, 'proxy_url');
    expect(url).toMatch(new RegExp(`^https://${hostName}:54323/`));
    const authority = all.engine.path('/etc/pki/ovirt-engine/ca.pem');
    expectCode(await all.client.run(['curl', '--silent', '--show-error', '--fail', '--cacert', authority, '--upload-file', disc, url]), 0);
    await api('POST', `${transfer}/finalize`, '<action/>');
    await becomes(transfer, 'finished_success', 'phase');
    await becomes(`disks/${image}`, 'ok');
  });

  test('is made, with a disk and an interface, and starts from the disc', async () => {
    const made = await api(
      'POST',
      'vms',
      `<vm><name>vm1</name><cluster><name>Default</name></cluster><template><name>Blank</name></template><memory>${512 * 1024 ** 2}</memory>
<os><boot><devices><device>cdrom</device><device>hd</device></devices></boot></os></vm>`,
    );
    machine = `vms/${made['id']}`;
    await api('POST', `${machine}/nics`, '<nic><name>nic1</name><interface>virtio</interface></nic>');
    const { id } = await api(
      'POST',
      `${machine}/diskattachments`,
      `<disk_attachment><bootable>true</bootable><interface>virtio</interface><active>true</active><disk><name>vm1</name>
<provisioned_size>${1024 ** 3}</provisioned_size><format>cow</format>
<storage_domains><storage_domain><name>data</name></storage_domain></storage_domains></disk></disk_attachment>`,
    );
    await becomes(`disks/${id}`, 'ok');
    await api('PUT', `${machine}/cdroms/00000000-0000-0000-0000-000000000000`, `<cdrom><file id="${image}"/></cdrom>`);
    await api('POST', `${machine}/start`, '<action/>');
    await runs();
    expect((await api('GET', machine))['host']['id']).toBe(host.slice('hosts/'.length));
    expect(await all.node.shell('virsh --connect qemu:///system list --name')).toBe('vm1\n\n');
  });

  describe('in a browser', () => {
    let console: Console;
    beforeAll(async () => {
      console = await openConsole(all.client, `https://${hostName}`, canaries.admin, machine.slice('vms/'.length));
    });
    afterAll(() => console.close());

    const showsFirstPage = async (): Promise<boolean> => says(await console.screen(), firstPage);

    test('shows the first page of the installer', async () => {
      await eventually('it is connected', async () => (await console.status()) === 'Connected.');
      await eventually('the first page is there', showsFirstPage, 240_000);
    });

    test('takes keys: the page is left', async () => {
      expect(await showsFirstPage()).toBe(true);
      await console.press('Enter');
      await eventually('the first page is gone', async () => !(await showsFirstPage()));
    });
  });

  test('outlives the agent, which finds it again', async () => {
    const process = await all.node.shell('pidof qemu-system-x86_64');
    await kill(all.node, 'ovirt-host-agent');
    await eventually('the agent is back', async () => (await all.node.run(['systemctl', 'is-active', 'ovirt-host-agent'])).code === 0);
    await becomes(host, 'up');
    await becomes(machine, 'up');
    expect(await all.node.shell('pidof qemu-system-x86_64')).toBe(process);
  });

  test('ends, though the engine is killed right after it was asked to, and starts again in the same way', async () => {
    const killEngine = async (): Promise<void> => {
      await kill(all.engine, 'ovirt-engine');
      await eventually('the engine is back', async () => (await wordOf(machine).catch(() => '')) !== '');
    };
    await api('POST', `${machine}/stop`, '<action/>');
    await killEngine();
    await becomes(machine, 'down');
    expect(await all.node.shell('virsh --connect qemu:///system list --all --name')).toBe('\n');
    await api('POST', `${machine}/start`, '<action/>');
    await killEngine();
    await runs();
    expect(await all.node.shell('virsh --connect qemu:///system list --name')).toBe('vm1\n\n');
  });

  test('is asked to shut down, and is switched off', async () => {
    await api('POST', `${machine}/shutdown`, '<action/>');
    await becomes(machine, 'powering_down');
    await api('POST', `${machine}/stop`, '<action/>');
    await becomes(machine, 'down');
  });

  test('is unknown when the power of its host is gone, and not started anywhere', async () => {
    await api('POST', `${machine}/start`, '<action/>');
    await runs();
    await all.node.cutPower();
    await becomes(host, 'non_responsive', 'status', 180_000);
    await becomes(machine, 'unknown');
    await expect(api('POST', `${machine}/start`, '<action/>')).rejects.toThrow('409');
    expect(await wordOf(machine)).toBe('unknown');
  });
});
