import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { existsSync, statSync } from 'node:fs';
import { copyFile, mkdir, readFile, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Console, hasBrowser, openConsole } from '../support/console-in-browser.ts';
import { type FirstMachine, nodeName, nodePassword, prepareFirstMachine } from '../support/first-machine.ts';
import { makeGrubDisk, prompt } from '../support/grub-disk.ts';
import { testGuestWithAgent } from '../support/guest-with-agent.ts';
import { hostName } from '../support/host-image.ts';
import { firstPage, hasInstaller, makeInstallerDisc } from '../support/installer-disc.ts';
import { hasLibgovirt, libgovirt } from '../support/libgovirt.ts';
import { commandsOf, openPageShell, type PageCommands, type PageShell } from '../support/page-commands.ts';
import { openSsh, type SshSession } from '../support/ssh-session.ts';
import { whyNoHosts } from '../support/test-host.ts';
import { says } from '../support/text-screen.ts';
import { eventually } from '../support/trial.ts';
import { type WholeHost, canaries, expectCode } from '../support/whole-host.ts';

/*
 * The way from two Debian hosts to a virtual machine that shows Debian's installer, is used at its serial port and has an agent in its guest, gone by a client that has curl, a
 * browser, ssh and libgovirt, and that types what docs/walkthrough.md tells it to. Each test goes on from the one before.
 */

const obstacle =
  (await whyNoHosts()) ??
  (existsSync('/usr/bin/xmllint') ? null : 'needs xmllint') ??
  (hasInstaller ? (hasBrowser ? null : 'needs Chromium') : 'needs Debian’s installer, grub-pc-bin, xorriso, mtools and qemu-utils');

/** Programs of the engine, on its host. */
const programs = '/usr/lib/ovirt-engine/current/bin';

/** What stands on the page otherwise than here. */
const asHere = (text: string): string => text.replaceAll('example.com', 'example.test').replaceAll('host1', 'node1');

/** Kills the main process of a service, which systemd starts again. */
const kill = (host: WholeHost, unit: string): Promise<string> =>
  host.shell(`kill -KILL $(systemctl show --property=MainPID --value ${unit})`);

describe.skipIf(obstacle !== null)(`the first virtual machine${obstacle === null ? '' : ` (${obstacle})`}`, () => {
  let all: FirstMachine;
  let disc: string;
  let disk: Awaited<ReturnType<typeof makeGrubDisk>>;
  let [host, center, bootDisk, machine] = ['', '', '', ''];
  let page: PageCommands;
  let shell: PageShell;
  let started: Promise<unknown>;
  const api: FirstMachine['client']['api'] = (...words) => all.client.api(...words);

  beforeAll(async () => {
    [disc, disk] = await Promise.all([makeInstallerDisc(), makeGrubDisk()]);
    all = await prepareFirstMachine();
    expectCode(await all.engine.setup(), 0);
    page = await commandsOf('walkthrough.md', asHere);
    shell = await openPageShell(all.client.folder, all.client.inside, {
      // There is no screen here; a viewer reads the file, and deletes it.
      'remote-viewer': 'mv "$1" "$1.opened"',
    });
  });
  afterAll(async () => {
    shell.end();
    await all.remove();
    for (const file of [disc, disk.path]) await rm(dirname(file), { recursive: true });
  });

  const wordOf = async (path: string, word = 'status'): Promise<string> => String((await api('GET', path))[word]);
  /** Waits for a status of an object, and shows the last events where another one comes. */
  async function becomes(path: string, wanted: string, word = 'status', limitMs = 120_000): Promise<void> {
    let found = '';
    const isThere = async (): Promise<boolean> => {
      // Whoever asks without a break takes the time of what is waited for.
      if (found !== '') await sleep(200);
      found = await wordOf(path, word).catch(() => 'no answer');
      return found === wanted || /fail|non_operational/.test(found);
    };
    await eventually(`${path} is ${wanted}`, isThere, limitMs).catch(() => undefined);
    if (found === wanted) return;
    const { event = [] } = (await api('GET', 'events?max=20')) as { event?: readonly { description: string }[] };
    throw new Error(`${path} is ${found}, not ${wanted}:\n${event.map(({ description }) => description).join('\n')}`);
  }

  /** Types commands of the page, and shows the last events where they fail. */
  async function types(commands: string, answers?: readonly string[]): Promise<string> {
    return shell.types(commands, answers).catch(async (error: unknown) => {
      const { event = [] } = (await api('GET', 'events?max=20')) as { event?: readonly { description: string }[] };
      throw new Error(`${String(error)}\n${event.map(({ description }) => description).join('\n')}`);
    });
  }

  const authority = (): string => all.engine.path('/etc/pki/ovirt-engine/ca.pem');

  /** Waits until a host has the machine. It is up when its guest is heard of, or after a minute, which nothing here has to wait for. */
  const runs = (): Promise<void> =>
    eventually('it runs', async () => /^(powering_up|up)$/.test(await wordOf(machine).catch(() => '')), 180_000);

  test('is made from where the engine is reached: by its authority, with a password that a file holds', async () => {
    const shown = await types(page.take(1, 0));
    expect(await all.engine.shell('openssl x509 -in /etc/pki/ovirt-engine/ca.pem -noout -fingerprint -sha256')).toBe(shown);
    await types(page.take(1, 1), [canaries.admin]);
    expect((await stat(join(all.client.folder, 'login'))).mode & 0o777).toBe(0o600);
    expect(await types(page.take(1, 2))).toMatch(/^4\.5\./);
  });

  test('gets a host: added with the password of root and the fingerprint of its key, it comes up', async () => {
    const [, fingerprint = ''] = (await all.node.shell(page.take(2, 0))).split(' ');
    await types(page.take(2, 1).replace('SHA256:...', fingerprint));
    await types(page.take(2, 2), [nodePassword]);
    expect(await types(page.take(2, 3))).toContain('Status of host node1 was set to Up.');
    host = `hosts/${await shell.value('$host')}`;
    await becomes(host, 'up');
    expect(await all.node.shell('systemctl is-active libvirtd ovirt-host-agent ovirt-host-helper ovirt-imageio-daemon')).toBe(
      'active\n'.repeat(4),
    );
  });

  test('gets storage: domains for data and for ISO files, which the host makes, and whose manager it becomes', async () => {
    const restart = 'systemctl restart ovirt-host-helper';
    // On a busy machine a service in a container can be refused the control group that the one before has just left; sanlock goes with it.
    await all.node.shell(page.take(3, 0).replace(restart, `{ ${restart} || ${restart}; }; systemctl start sanlock`));
    await types(page.take(3, 1));
    center = `datacenters/${await shell.value('$center')}`;
    expect(await wordOf(center)).toBe('up');
    expect((await api('GET', 'datacenters?search=storage%3D%22data%22'))['data_center']).toHaveLength(1);
    expect((await api('GET', host))['spm']['status']).toBe('spm');
  });

  /** Makes a disk of an image, which is uploaded through the proxy beside the engine. Gives its id. */
  async function upload(file: string, name: string, more: string): Promise<string> {
    const { id } = await api(
      'POST',
      'disks',
      `<disk><name>${name}</name>${more}<storage_domains><storage_domain><name>data</name></storage_domain></storage_domains></disk>`,
    );
    await becomes(`disks/${id}`, 'ok');
    const begun = await api('POST', 'imagetransfers', `<image_transfer><disk id="${id}"/><direction>upload</direction></image_transfer>`);
    const transfer = `imagetransfers/${begun['id']}`;
    await becomes(transfer, 'transferring', 'phase');
    const url = await wordOf(transfer, 'proxy_url');
    expect(url).toMatch(new RegExp(`^https://${hostName}:54323/`));
    expectCode(
      await all.client.run(['curl', '--silent', '--show-error', '--fail', '--cacert', authority(), '--upload-file', file, url]),
      0,
    );
    await api('POST', `${transfer}/finalize`, '<action/>');
    await becomes(transfer, 'finished_success', 'phase');
    await becomes(`disks/${id}`, 'ok');
    return String(id);
  }

  test('gets a disc in its ISO domain, which engine-iso-uploader brings there, and the same one as a disk', async () => {
    const fingerprint = (await api('GET', host))['ssh']['fingerprint'] as string;
    await all.engine.copy(disc, '/root/debian.iso');
    // Who has no terminal is asked through a program.
    await all.engine.shell(`umask 077; echo '${canaries.admin}' >/root/password
printf '#!/bin/sh\\necho ${fingerprint}\\n' >/root/answer && chmod 700 /root/answer`);
    const said = await all.engine.shell(
      `cd /root && export SSH_ASKPASS=/root/answer SSH_ASKPASS_REQUIRE=force && ${page.take(4, 0).trim()} </root/password`,
    );
    expect(said).toContain('INFO: debian.iso uploaded successfully');
    await copyFile(disc, join(all.client.folder, 'debian.iso'));
    await types(page.take(4, 1));
    await becomes(`disks/${await shell.value('$iso')}`, 'ok');
  });

  test('gets a disk with a system that starts: its image is uploaded', async () => {
    const sizeOf = (bytes: number): string => `<provisioned_size>${bytes}</provisioned_size>`;
    // The file is larger than what a guest sees of it.
    const room = `<initial_size>${statSync(disk.path).size}</initial_size>`;
    bootDisk = await upload(disk.path, 'grub', `${sizeOf(disk.provisioned)}<format>cow</format>${room}`);
  });

  test('is made, with disks, an interface and a serial console, and starts from the disc', async () => {
    // Nobody here has configured the network card of its host, so that has no management network yet.
    await types(page.take(5, 0).replace('<network><name>ovirtmgmt</name></network>', ''));
    machine = `vms/${await shell.value('$vm')}`;
    await api(
      'PUT',
      `${machine}/diskattachments/${await shell.value('$disk')}`,
      '<disk_attachment><bootable>false</bootable></disk_attachment>',
    );
    await api(
      'POST',
      `${machine}/diskattachments`,
      `<disk_attachment><bootable>true</bootable><interface>virtio</interface><active>true</active><disk id="${bootDisk}"/></disk_attachment>`,
    );
    // That it is up is told after a minute, which nothing here has to wait for.
    started = types(page.take(5, 1));
    started.catch(() => undefined);
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

  test('is opened by a viewer, with a file that nobody else can read', async () => {
    await started;
    await types(page.take(6, 0));
    const file = join(all.client.folder, 'vm1.vv.opened');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await readFile(file, 'utf8')).toMatch(new RegExp(`^type=vnc\\nhost=${nodeName}\\n[^]*^password=.{8}`, 'm'));
  });

  test('outlives the agent, which finds it again', async () => {
    const process = await all.node.shell('pidof qemu-system-x86_64');
    await kill(all.node, 'ovirt-host-agent');
    await eventually('the agent is back', async () => (await all.node.run(['systemctl', 'is-active', 'ovirt-host-agent'])).code === 0);
    await becomes(host, 'up');
    await becomes(machine, 'up');
    expect(await all.node.shell('pidof qemu-system-x86_64')).toBe(process);
  });

  test('ends, though the engine is killed right after it was asked to, and starts again in the same way, from the uploaded disk', async () => {
    const killEngine = async (): Promise<void> => {
      await kill(all.engine, 'ovirt-engine');
      await eventually('the engine is back', async () => (await wordOf(machine).catch(() => '')) !== '');
    };
    // Read by the engine when it begins: nobody has to wait for a minute in the end.
    for (const option of ['TimeoutToResetVdsInSeconds=10', 'VdsStatisticsInSeconds=5'])
      await all.engine.shell(`${programs}/engine-config --set ${option}`);
    await api('POST', `${machine}/stop`, '<action/>');
    await killEngine();
    await becomes(machine, 'down');
    expect(await all.node.shell('virsh --connect qemu:///system list --all --name')).toBe('\n');
    await api('PUT', machine, '<vm><os><boot><devices><device>hd</device></devices></boot></os></vm>');
    await api('POST', `${machine}/start`, '<action/>');
    await killEngine();
    await runs();
    expect(await all.node.shell('virsh --connect qemu:///system list --name')).toBe('vm1\n\n');
  });

  describe('at its serial console, with ssh', () => {
    let session: SshSession;
    let permission = '';
    let call: readonly string[] = [];
    const inHome = (name: string): string => join(all.client.folder, '.ssh', name);
    /** Calls ssh with a key. It would look for that, and for hosts that are known, in the home of root, whatever HOME says. */
    const ssh = (key: string, words: readonly string[]): SshSession =>
      openSsh(all.client.inside, [
        ...['-F', 'none', '-i', inHome(key), '-o', 'BatchMode=yes', '-o', 'StrictHostKeyChecking=yes'],
        ...['-o', `UserKnownHostsFile=${inHome('known_hosts')}`, ...words],
      ]);
    const asWalker = (...words: readonly string[]): SshSession => ssh('walker', ['-p', '2222', `ovirt-vmconsole@${hostName}`, ...words]);

    beforeAll(async () => {
      await mkdir(inHome(''), { mode: 0o700 });
      for (const key of ['id_ed25519', 'walker'])
        expectCode(await all.client.run(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', inHome(key)]), 0);
      const lines = page.take(7, 0).trim().split('\n');
      call = lines.pop()?.split(' ') ?? [];
      await types(lines.join('\n'));
      await all.engine.shell(`${programs}/ovirt-aaa-jdbc-tool user add walker`);
      const user = await api(
        'POST',
        'users',
        '<user><user_name>walker@internal-authz</user_name><domain><name>internal-authz</name></domain></user>',
      );
      const key = (await readFile(inHome('walker.pub'), 'utf8')).trim();
      await api('POST', `users/${user['id']}/sshpublickeys`, `<ssh_public_key><content>${key}</content></ssh_public_key>`);
      const given = `<permission><role><name>UserVmManager</name></role><user id="${user['id']}"/></permission>`;
      permission = `${machine}/permissions/${(await api('POST', `${machine}/permissions`, given))['id']}`;
    });

    test('shows what the system on its disk says, and does what is typed', async () => {
      expect(call.slice(0, 2)).toEqual(['ssh', '-t']);
      session = ssh('id_ed25519', call.slice(2));
      // Keys come to nothing until the system is there.
      const knocking = setInterval(() => session.types('\r'), 1_000);
      await session.shows(prompt).finally(() => clearInterval(knocking));
      session.types("echo wal''ked\r");
      await session.shows('walked');
      const { code, shown } = await asWalker('list').ended();
      expect([code, shown]).toEqual([0, expect.stringContaining(`${machine.slice('vms/'.length)}\tvm1`)]);
    });

    test.skipIf(!hasLibgovirt)('ends with the machine, which libgovirt gives another disc, switches off and starts', async () => {
      const [disc, stopped] = await libgovirt(all.client, authority(), 'vm1', ['disc=', 'stop']);
      expect([disc, stopped]).toEqual([[true, null], true]);
      expect((await session.ended()).shown).toContain('The console was closed.');
      await becomes(machine, 'down');
      expect(await libgovirt(all.client, authority(), 'vm1', ['start'])).toEqual([true]);
      await runs();
      // Its host tells where its display is a moment after it runs.
      await eventually('its display is known', async () => 'port' in ((await api('GET', machine))['display'] as object));
      const [display] = await libgovirt(all.client, authority(), 'vm1', ['display']);
      expect(display).toMatchObject({ address: nodeName, expiry: 7200, ticket: expect.stringMatching(/^.{8}/) });
    });

    test('is nobody’s who has no permission', async () => {
      await api('DELETE', permission);
      const { code, shown } = await asWalker('connect', '--vm-name', 'vm1').ended();
      expect([code, shown]).toEqual([255, expect.stringContaining('Permission denied (publickey)')]);
    });
  });

  test('is asked to shut down, and is switched off', async () => {
    await types(page.take(9, 0));
    await becomes(machine, 'powering_down');
    await types(page.take(9, 1));
    expect(await wordOf(machine)).toBe('down');
  });

  testGuestWithAgent({ hosts: () => all, machine: () => machine, becomes, upload, looksAndReboots: () => types(page.take(8, 0)) });

  test('came to be by every command of the page, and none showed a secret to others', async () => {
    expect(page.left()).toEqual([]);
    const lines = await shell.commandLines();
    expect(lines).toContain('--upload-file debian.iso');
    for (const secret of [canaries.admin, nodePassword, '/images/']) expect(lines).not.toContain(secret);
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
