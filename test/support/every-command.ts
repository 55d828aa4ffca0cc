import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { diskWork } from '../../src/services/engine/disks/disk-work.ts';
import type { hostCommands } from '../../src/services/engine/hosts/host-commands.ts';
import type { machineCommands } from '../../src/services/engine/machines/machine-commands.ts';
import type { storageCommands } from '../../src/services/engine/storage/storage-commands.ts';
import { nodeName, offerFolders, otherNodeName } from './first-machine.ts';
import type { KillingWalk } from './killing-walk.ts';
import { eventually } from './trial.ts';
import {
  addDomain,
  addHost,
  center,
  download,
  folders,
  hash,
  isGone,
  makeDisk,
  moveDomain,
  moveHost,
  onlyNode,
  qemus,
  spmOf,
  startMachine,
  statusIs,
  stopMachine,
  upload,
} from './wishes.ts';

/*
 * A way through every command that an engine has, on two compute hosts with storage that they share.
 */

type CommandName =
  | keyof ReturnType<typeof hostCommands>
  | keyof ReturnType<typeof storageCommands>
  | keyof ReturnType<typeof machineCommands>
  | keyof ReturnType<typeof diskWork>
  | 'InstallHost';
/** All of them: one that is new has to be added here, and to a chapter. */
const commands: Readonly<Record<CommandName, true>> = {
  ...{ InstallHost: true, ActivateHost: true, MaintainHost: true, RefreshHost: true },
  ...{ AddStorageDomain: true, RemoveStorageDomain: true, AttachStorageDomain: true, DetachStorageDomain: true },
  ...{ ActivateStorageDomain: true, DeactivateStorageDomain: true, ForceSelectSpm: true },
  ...{ StartMachine: true, StopMachine: true, ShutdownMachine: true, RebootMachine: true, ResetMachine: true },
  ...{ ResumeMachine: true, ChangeCd: true, RemoveMachine: true },
  ...{ AddDisk: true, RemoveDisk: true, ExtendDisk: true, CopyDisks: true, TransferImage: true },
};
/** Names of commands that did not begin on the way. */
export const leftOut = ({ stages }: KillingWalk): readonly string[] => {
  const begun = new Set([...stages.begun].map((stage) => stage.split(':', 1)[0]));
  return Object.keys(commands).filter((name) => !begun.has(name));
};

const discBytes = 8 * 1024 ** 2;

export interface Chapter {
  readonly title: string;
  readonly go: (walk: KillingWalk) => Promise<void>;
}

export const chapters: readonly Chapter[] = [
  {
    title: 'hosts are added',
    async go(walk) {
      await addHost(walk, 0, nodeName);
      await addHost(walk, 1, otherNodeName);
      for (const node of walk.nodes) {
        await writeFile(node.path('/etc/ovirt-host-agent/host-agent.conf.d/99-leases.conf'), 'LEASE_IO_SECONDS="2"\n');
        await offerFolders(node, Object.values(folders));
        await node.shell('systemctl restart ovirt-host-agent');
      }
      for (const name of ['node1', 'node2']) await eventually(`${name} is up`, statusIs(walk, await walk.pathOf('hosts', name), 'up'));
    },
  },
  {
    title: 'storage domains are made and attached',
    async go(walk) {
      await addDomain(walk, 'data');
      await eventually('the data center is up', statusIs(walk, await center(walk), 'up'), 120_000);
      await addDomain(walk, 'more');
      await addDomain(walk, 'iso');
    },
  },
  {
    title: 'disks are made, enlarged and removed',
    async go(walk) {
      await makeDisk(walk, 'other', '<provisioned_size>1048576</provisioned_size><format>raw</format>');
      const path = await walk.pathOf('disks', 'other');
      await walk.fulfil({
        what: 'the disk is larger',
        is: async () => Number(await walk.wordOf(path, 'provisioned_size')) === 2097152 && (await walk.wordOf(path)) === 'ok',
        ask: () => walk.api('PUT', path, '<disk><provisioned_size>2097152</provisioned_size></disk>'),
      });
      await walk.fulfil({ what: 'the disk is gone', is: isGone(walk, 'disks', 'other'), ask: () => walk.api('DELETE', path) });
    },
  },
  {
    title: 'an image is uploaded, converted by its host, and comes back as it was',
    async go(walk) {
      const [sent, back] = [join(walk.client.folder, 'sent'), join(walk.client.folder, 'back')];
      await writeFile(sent, Buffer.alloc(discBytes, 'What was sent. '));
      await upload(walk, 'disk1', `<provisioned_size>${discBytes}</provisioned_size><format>cow</format>`, sent);
      await download(walk, 'disk1', back);
      expect(await hash(back)).toBe(await hash(sent));
    },
  },
  {
    title: 'a machine is started, goes on, gets another disc, and is switched off',
    async go(walk) {
      const disc = join(walk.client.folder, 'disc');
      await writeFile(disc, Buffer.alloc(2 ** 20, 'A disc. '));
      const kind = '<format>raw</format><content_type>iso</content_type>';
      await upload(walk, 'disc', `<provisioned_size>${2 ** 20}</provisioned_size>${kind}`, disc);
      const vm = `<vm><name>vm1</name><cluster><name>Default</name></cluster><template><name>Blank</name></template><memory>${2 ** 26}</memory></vm>`;
      await walk.api('POST', 'vms', vm);
      const [path, disk, image] = [
        await walk.pathOf('vms', 'vm1'),
        await walk.pathOf('disks', 'disk1'),
        await walk.pathOf('disks', 'disc'),
      ];
      const attachment = `<interface>virtio</interface><active>true</active><disk id="${disk.slice('disks/'.length)}"/>`;
      await walk.api('POST', `${path}/diskattachments`, `<disk_attachment><bootable>true</bootable>${attachment}</disk_attachment>`);
      await startMachine(walk, 'vm1');

      const drive = `${path}/cdroms/00000000-0000-0000-0000-000000000000?current=true`;
      await walk.fulfil({
        what: 'the disc is in the drive',
        is: async () => (await walk.api('GET', drive))['file']?.id === image.slice('disks/'.length),
        ask: () => walk.api('PUT', drive, `<cdrom><file id="${image.slice('disks/'.length)}"/></cdrom>`),
      });
      expect(await onlyNode(walk, (node) => node.shell('virsh --connect qemu:///system domblklist vm1'))).toContain('/images/');

      await onlyNode(walk, (node) => node.shell('virsh --connect qemu:///system suspend vm1'));
      await eventually('it is paused', statusIs(walk, path, 'paused'));
      await walk.fulfil({
        what: 'it goes on',
        is: async () => /^(powering_up|up)$/.test(String(await walk.wordOf(path))),
        ask: () => walk.api('POST', `${path}/start`, '<action/>'),
      });
      expect(await qemus(walk)).toHaveLength(1);

      // Nobody does these twice, and people are told that.
      for (const action of ['reset', 'reboot', 'shutdown']) {
        await walk.api('POST', `${path}/${action}`, '<action/>').catch(() => undefined);
        await walk.settled();
        expect(await qemus(walk)).toHaveLength(1);
      }
      await stopMachine(walk, 'vm1');
    },
  },
  {
    title: 'disks are copied for a template and a machine, which are removed with them',
    async go(walk) {
      const source = await walk.pathOf('vms', 'vm1');
      await walk.fulfil({
        what: 'the template is there',
        is: async () => (await walk.byName('templates', 'copies'))?.['status'] === 'ok',
        ask: () => walk.api('POST', 'templates', `<template><name>copies</name><vm id="${source.slice('vms/'.length)}"/></template>`),
      });
      const template = await walk.pathOf('templates', 'copies');
      await walk.fulfil({ what: 'the template is gone', is: isGone(walk, 'templates', 'copies'), ask: () => walk.api('DELETE', template) });
      await walk.fulfil({ what: 'the machine is gone', is: isGone(walk, 'vms', 'vm1'), ask: () => walk.api('DELETE', source) });
      expect(await isGone(walk, 'disks', 'disk1')()).toBe(true);
      expect(await walk.nodes[0]!.shell(`ls ${folders.data}/*/images | wc -l`)).toBe('1\n');
    },
  },
  {
    title: 'the storage pool manager is another host, which goes into maintenance and comes back',
    async go(walk) {
      const first = await spmOf(walk);
      const other = first === 'node1' ? 'node2' : 'node1';
      const path = await walk.pathOf('hosts', other);
      await walk.fulfil({
        what: `${other} manages the storage`,
        is: async () => (await spmOf(walk)) === other,
        ask: () => walk.api('POST', `${path}/forceselectspm`, '<action/>'),
      });
      await walk.api('POST', `${path}/refresh`, '<action/>');
      await walk.settled();
      await moveHost(walk, other, 'deactivate');
      await moveHost(walk, other, 'activate');
      await moveHost(walk, other, 'deactivate');
      await eventually('the first one manages it again', async () => (await spmOf(walk).catch(() => null)) === first, 120_000);
      await walk.fulfil({
        what: 'the host is set up again',
        is: statusIs(walk, path, 'up'),
        ask: () =>
          walk.api('POST', `${path}/install`, '<action><ssh><authentication_method>publickey</authentication_method></ssh></action>'),
      });
      expect(await spmOf(walk)).toBe(first);
    },
  },
];

/** All is taken apart. */
export const endings: readonly Chapter[] = [
  {
    title: 'domains are deactivated, activated, detached and removed, the master last',
    async go(walk) {
      await moveDomain(walk, 'more', 'deactivate');
      await moveDomain(walk, 'more', 'activate');
      const disc = await walk.pathOf('disks', 'disc');
      await walk.fulfil({ what: 'the disc is gone', is: isGone(walk, 'disks', 'disc'), ask: () => walk.api('DELETE', disc) });
      for (const name of ['more', 'iso', 'data'] as const) {
        await moveDomain(walk, name, 'deactivate');
        await moveDomain(walk, name, 'detach');
        const path = await walk.pathOf('storagedomains', name);
        await walk.fulfil({
          what: `${name} is removed`,
          is: isGone(walk, 'storagedomains', name),
          ask: () => walk.api('DELETE', `${path}?format=true&host=node1`),
        });
        expect(await walk.nodes[0]!.shell(`ls ${folders[name]}`)).toBe('');
      }
      expect(await walk.wordOf(await center(walk))).toBe('uninitialized');
    },
  },
  {
    title: 'hosts are removed',
    async go(walk) {
      for (const name of ['node1', 'node2']) {
        await moveHost(walk, name, 'deactivate');
        const path = await walk.pathOf('hosts', name);
        await walk.fulfil({ what: `${name} is gone`, is: isGone(walk, 'hosts', name), ask: () => walk.api('DELETE', path) });
      }
      for (const node of walk.nodes) expect(await node.shell('grep /rhev/data-center/mnt /proc/self/mountinfo || true')).toBe('');
    },
  },
];
