import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { diskWork } from '../../src/services/engine/disks/disk-work.ts';
import type { hostCommands } from '../../src/services/engine/hosts/host-commands.ts';
import type { machineCommands } from '../../src/services/engine/machines/machine-commands.ts';
import type { storageCommands } from '../../src/services/engine/storage/storage-commands.ts';
import { nodeName, nodePassword, offerFolders, otherNodeName } from './first-machine.ts';
import type { Json } from './api-calls.ts';
import type { KillingWalk } from './killing-walk.ts';
import { eventually } from './trial.ts';
import { expectCode, type WholeHost } from './whole-host.ts';

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
export const commandNames = Object.keys(commands);

const folders = { data: '/srv/shared/data', more: '/srv/shared/more', iso: '/srv/shared/iso' } as const;
const discBytes = 8 * 1024 ** 2;
/** So often a transfer is begun anew. */
const mostTransfers = 6;
const center = async ({ api }: KillingWalk): Promise<string> => `datacenters/${(await api('GET', 'datacenters'))['data_center'][0]['id']}`;
const statusIs =
  ({ wordOf }: KillingWalk, path: string, wanted: string, word = 'status') =>
  async (): Promise<boolean> =>
    (await wordOf(path, word)) === wanted;
/** Whether an object is gone. An engine that does not answer has no say. */
const isGone =
  ({ byName }: KillingWalk, collection: string, name: string) =>
  async (): Promise<boolean> =>
    (await byName(collection, name)) === null;

async function addHost(walk: KillingWalk, at: number, address: string): Promise<void> {
  const name = `node${at + 1}`;
  const [, fingerprint = ''] = (await walk.nodes[at]!.shell('ssh-keygen -l -f /etc/ssh/ssh_host_ed25519_key.pub')).split(' ');
  const xml = `<host><name>${name}</name><address>${address}</address><root_password>${nodePassword}</root_password>
<ssh><fingerprint>${fingerprint}</fingerprint></ssh><cluster><name>Default</name></cluster></host>`;
  await walk.fulfil({
    what: `${name} is up`,
    is: async () => (await walk.byName('hosts', name))?.['status'] === 'up',
    async ask() {
      const there = await walk.byName('hosts', name);
      if (there === null) return walk.api('POST', 'hosts', xml);
      if (there['status'] === 'non_operational') return walk.api('POST', `hosts/${there['id']}/activate`, '<action/>');
      const password = `<action><root_password>${nodePassword}</root_password></action>`;
      return walk.api('POST', `hosts/${there['id']}/install`, password);
    },
  });
}

async function addDomain(walk: KillingWalk, name: keyof typeof folders): Promise<void> {
  const xml = `<storage_domain><name>${name}</name><type>${name === 'iso' ? 'iso' : 'data'}</type><host><name>node1</name></host>
<storage><type>posixfs</type><path>${folders[name]}</path><vfs_type>bind</vfs_type></storage></storage_domain>`;
  await walk.fulfil({
    what: `domain ${name} is made`,
    is: async () => (await walk.byName('storagedomains', name))?.['status'] === 'unattached',
    ask: () => walk.api('POST', 'storagedomains', xml),
  });
  await attachDomain(walk, name);
}

async function attachDomain(walk: KillingWalk, name: string): Promise<void> {
  const attached = `${await center(walk)}/storagedomains`;
  const { id } = (await walk.byName('storagedomains', name)) ?? {};
  await walk.fulfil({
    what: `domain ${name} is attached`,
    is: statusIs(walk, `${attached}/${id}`, 'active'),
    ask: () => walk.api('POST', attached, `<storage_domain id="${id}"/>`),
  });
}

/** Brings a domain into maintenance or back, or out of its data center. */
async function moveDomain(walk: KillingWalk, name: string, action: 'activate' | 'deactivate' | 'detach'): Promise<void> {
  const { id } = (await walk.byName('storagedomains', name)) ?? {};
  const attached = `${await center(walk)}/storagedomains/${id}`;
  const [is, ask] = {
    activate: [statusIs(walk, attached, 'active'), () => walk.api('POST', `${attached}/activate`, '<action/>')],
    deactivate: [statusIs(walk, attached, 'maintenance'), () => walk.api('POST', `${attached}/deactivate`, '<action/>')],
    detach: [statusIs(walk, `storagedomains/${id}`, 'unattached'), () => walk.api('DELETE', attached)],
  }[action] as [() => Promise<boolean>, () => Promise<unknown>];
  await walk.fulfil({ what: `${action} ${name}`, is, ask });
}

async function moveHost(walk: KillingWalk, name: string, action: 'activate' | 'deactivate'): Promise<void> {
  const path = await walk.pathOf('hosts', name);
  await walk.fulfil({
    what: `${action} ${name}`,
    is: statusIs(walk, path, action === 'activate' ? 'up' : 'maintenance'),
    ask: () => walk.api('POST', `${path}/${action}`, '<action/>'),
  });
}

const diskXml = (name: string, more: string): string =>
  `<disk><name>${name}</name>${more}<storage_domains><storage_domain><name>data</name></storage_domain></storage_domains></disk>`;

async function makeDisk(walk: KillingWalk, name: string, more: string): Promise<void> {
  await walk.fulfil({
    what: `disk ${name} is there`,
    is: async () => (await walk.byName('disks', name))?.['status'] === 'ok',
    ask: () => walk.api('POST', 'disks', diskXml(name, more)),
  });
}

/** The transfer of a disk that is under way. Throws what was refused where there is none. */
async function openTransfer(walk: KillingWalk, disk: string, refusal: unknown): Promise<Json> {
  await walk.settled();
  const { image_transfer: all = [] } = (await walk.api('GET', 'imagetransfers')) as { image_transfer?: readonly Json[] };
  const found = all.find((one) => (one['disk'] as Json)['id'] === disk && !String(one['phase']).startsWith('finished'));
  if (found === undefined) throw refusal;
  return found;
}

/** Sends a file to a disk, or fetches its content into one. Throws where it breaks off. */
async function transferOnce(walk: KillingWalk, disk: string, direction: 'upload' | 'download', file: string): Promise<void> {
  const path = await walk.pathOf('disks', disk);
  const words = `<disk id="${path.slice('disks/'.length)}"/><direction>${direction}</direction><format>raw</format>`;
  // One whose answer was lost is found by its disk.
  const begun = await walk
    .api('POST', 'imagetransfers', `<image_transfer>${words}</image_transfer>`)
    .catch((error: unknown) => openTransfer(walk, path.slice('disks/'.length), error));
  const id = `imagetransfers/${begun['id']}`;
  try {
    await eventually('it is open', async () => (await walk.wordOf(id, 'phase')) === 'transferring');
    const url = String(await walk.wordOf(id, 'proxy_url'));
    const curl = ['curl', '--silent', '--show-error', '--fail', '--cacert', walk.engine.path('/etc/pki/ovirt-engine/ca.pem')];
    expectCode(await walk.client.run([...curl, direction === 'upload' ? '--upload-file' : '--output', file, url]), 0);
    const is = async (): Promise<boolean> => String(await walk.wordOf(id, 'phase')).startsWith('finished');
    await walk.fulfil({ what: `the ${direction} of ${disk} ends`, is, ask: () => walk.api('POST', `${id}/finalize`, '<action/>') });
    expect(await walk.wordOf(id, 'phase')).toBe('finished_success');
  } catch (error) {
    await walk.api('POST', `${id}/cancel`, '<action/>').catch(() => undefined);
    await eventually('it is over', async () => (await walk.stages.open()).length === 0);
    throw error;
  }
}

async function download(walk: KillingWalk, disk: string, file: string): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      return await transferOnce(walk, disk, 'download', file);
    } catch (error) {
      if (tries === mostTransfers) throw error;
    }
  }
}

/** Makes a disk of a file. An upload that has broken off takes its disk along. */
async function upload(walk: KillingWalk, disk: string, more: string, file: string): Promise<void> {
  for (let tries = 1; ; tries++) {
    await makeDisk(walk, disk, more);
    try {
      return await transferOnce(walk, disk, 'upload', file);
    } catch (error) {
      if (tries === mostTransfers) throw error;
    }
  }
}

const hash = async (file: string): Promise<string> =>
  createHash('sha256')
    .update(await readFile(file))
    .digest('hex');

/** Processes of QEMU that run a machine, on all hosts. */
async function qemus({ nodes }: KillingWalk): Promise<readonly string[]> {
  // A host whose power is gone runs nothing.
  const found = await Promise.all(nodes.map((node) => node.shell('pidof qemu-system-x86_64 || true').catch(() => '')));
  return found.flatMap((line) => line.trim().split(/\s+/)).filter((pid) => pid !== '');
}

/** Does something on the one host that runs a machine. */
async function onlyNode<T>({ nodes }: KillingWalk, work: (node: WholeHost) => Promise<T>): Promise<T> {
  for (const node of nodes) if ((await node.run(['pidof', 'qemu-system-x86_64'])).code === 0) return work(node);
  throw new Error('no host runs a machine');
}

async function startMachine(walk: KillingWalk, name: string): Promise<void> {
  const path = await walk.pathOf('vms', name);
  await walk.fulfil({
    what: `machine ${name} runs`,
    is: async () => /^(powering_up|up)$/.test(String(await walk.wordOf(path))),
    ask: () => walk.api('POST', `${path}/start`, '<action/>'),
  });
  expect(await qemus(walk)).toHaveLength(1);
}

async function stopMachine(walk: KillingWalk, name: string): Promise<void> {
  const path = await walk.pathOf('vms', name);
  await walk.fulfil({
    what: `machine ${name} is down`,
    is: statusIs(walk, path, 'down'),
    ask: () => walk.api('POST', `${path}/stop`, '<action/>'),
  });
  expect(await qemus(walk)).toEqual([]);
}

const spmOf = async (walk: KillingWalk): Promise<string | null> => {
  const { host = [] } = (await walk.api('GET', 'hosts')) as { host?: readonly { name: string; spm: { status: string } }[] };
  return host.find(({ spm }) => spm.status === 'spm')?.name ?? null;
};

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

/** The power of a host goes while it manages the storage and runs a machine. */
export const powerCut: Chapter = {
  title:
    'the power of a host is cut while it makes a disk: another one makes it, and has its machine when somebody confirms that it is off',
  async go(walk) {
    await walk.fulfil({
      what: 'machine vm2 is there',
      is: async () => (await walk.byName('vms', 'vm2')) !== null,
      ask: () =>
        walk.api(
          'POST',
          'vms',
          `<vm><name>vm2</name><cluster><name>Default</name></cluster><template><name>Blank</name></template><memory>${2 ** 26}</memory></vm>`,
        ),
    });
    await startMachine(walk, 'vm2');
    const machine = await walk.pathOf('vms', 'vm2');
    const host = `hosts/${(await walk.api('GET', machine))['host'].id}`;
    const victim = String(await walk.wordOf(host, 'name'));
    await walk.fulfil({
      what: `${victim} manages the storage`,
      is: async () => (await spmOf(walk)) === victim,
      ask: () => walk.api('POST', `${host}/forceselectspm`, '<action/>'),
    });

    const node = walk.nodes[victim === 'node1' ? 0 : 1]!;
    let isCut = false;
    walk.stages.onBegin = async (stage) => {
      if (isCut || !stage.startsWith('AddDisk')) return;
      isCut = true;
      await node.cutPower();
    };
    await walk.api('POST', 'disks', diskXml('cut', '<provisioned_size>1048576</provisioned_size><format>raw</format>'));
    await eventually('the host is missed', statusIs(walk, host, 'non_responsive'), 120_000);
    expect(isCut).toBe(true);
    await eventually('its machine is unknown', statusIs(walk, machine, 'unknown'));
    await expect(walk.api('POST', `${machine}/start`, '<action/>')).rejects.toThrow('409');
    // Its lease has to run out first.
    await eventually(
      'another host manages the storage',
      async () => (await spmOf(walk)) !== victim && (await spmOf(walk)) !== null,
      240_000,
    );
    // Either that one has finished it, or nothing is left of it.
    await walk.settled();
    await makeDisk(walk, 'cut', '<provisioned_size>1048576</provisioned_size><format>raw</format>');

    await walk.api('POST', `${host}/fence`, '<action><fence_type>manual</fence_type></action>');
    await eventually('its machine is down', statusIs(walk, machine, 'down'));
    await startMachine(walk, 'vm2');
    await node.boot();
    await walk.rewire(node);
    await eventually('the host is up again', statusIs(walk, host, 'up'), 180_000);
    expect(await qemus(walk)).toHaveLength(1);
    await stopMachine(walk, 'vm2');
    for (const [collection, name] of [
      ['vms', 'vm2'],
      ['disks', 'cut'],
    ] as const) {
      const path = await walk.pathOf(collection, name);
      await walk.fulfil({ what: `${name} is gone`, is: isGone(walk, collection, name), ask: () => walk.api('DELETE', path) });
    }
  },
};

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
