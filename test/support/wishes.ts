import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { expect } from 'vitest';
import type { Json } from './api-calls.ts';
import { nodePassword } from './first-machine.ts';
import type { KillingWalk } from './killing-walk.ts';
import { eventually } from './trial.ts';
import { expectCode, type WholeHost } from './whole-host.ts';

/*
 * What is wanted of an engine while somebody is killed, each until it is so: hosts, storage that two of them share, disks, virtual machines.
 */

export const folders = { data: '/srv/shared/data', more: '/srv/shared/more', iso: '/srv/shared/iso' } as const;
/** So often a transfer is begun anew. */
const mostTransfers = 6;
export const center = async ({ api }: KillingWalk): Promise<string> =>
  `datacenters/${(await api('GET', 'datacenters'))['data_center'][0]['id']}`;
export const statusIs =
  ({ wordOf }: KillingWalk, path: string, wanted: string, word = 'status') =>
  async (): Promise<boolean> =>
    (await wordOf(path, word)) === wanted;
/** Whether an object is gone. An engine that does not answer has no say. */
export const isGone =
  ({ byName }: KillingWalk, collection: string, name: string) =>
  async (): Promise<boolean> =>
    (await byName(collection, name)) === null;

export async function addHost(walk: KillingWalk, at: number, address: string): Promise<void> {
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

export async function addDomain(walk: KillingWalk, name: keyof typeof folders): Promise<void> {
  const xml = `<storage_domain><name>${name}</name><type>${name === 'iso' ? 'iso' : 'data'}</type><host><name>node1</name></host>
<storage><type>posixfs</type><path>${folders[name]}</path><vfs_type>bind</vfs_type></storage></storage_domain>`;
  await walk.fulfil({
    what: `domain ${name} is made`,
    is: async () => (await walk.byName('storagedomains', name))?.['status'] === 'unattached',
    ask: () => walk.api('POST', 'storagedomains', xml),
  });
  await attachDomain(walk, name);
}

export async function attachDomain(walk: KillingWalk, name: string): Promise<void> {
  const attached = `${await center(walk)}/storagedomains`;
  const { id } = (await walk.byName('storagedomains', name)) ?? {};
  await walk.fulfil({
    what: `domain ${name} is attached`,
    is: statusIs(walk, `${attached}/${id}`, 'active'),
    ask: () => walk.api('POST', attached, `<storage_domain id="${id}"/>`),
  });
}

/** Brings a domain into maintenance or back, or out of its data center. */
export async function moveDomain(walk: KillingWalk, name: string, action: 'activate' | 'deactivate' | 'detach'): Promise<void> {
  const { id } = (await walk.byName('storagedomains', name)) ?? {};
  const attached = `${await center(walk)}/storagedomains/${id}`;
  const [is, ask] = {
    activate: [statusIs(walk, attached, 'active'), () => walk.api('POST', `${attached}/activate`, '<action/>')],
    deactivate: [statusIs(walk, attached, 'maintenance'), () => walk.api('POST', `${attached}/deactivate`, '<action/>')],
    detach: [statusIs(walk, `storagedomains/${id}`, 'unattached'), () => walk.api('DELETE', attached)],
  }[action] as [() => Promise<boolean>, () => Promise<unknown>];
  await walk.fulfil({ what: `${action} ${name}`, is, ask });
}

export async function moveHost(walk: KillingWalk, name: string, action: 'activate' | 'deactivate'): Promise<void> {
  const path = await walk.pathOf('hosts', name);
  await walk.fulfil({
    what: `${action} ${name}`,
    is: statusIs(walk, path, action === 'activate' ? 'up' : 'maintenance'),
    ask: () => walk.api('POST', `${path}/${action}`, '<action/>'),
  });
}

export const diskXml = (name: string, more: string): string =>
  `<disk><name>${name}</name>${more}<storage_domains><storage_domain><name>data</name></storage_domain></storage_domains></disk>`;

export async function makeDisk(walk: KillingWalk, name: string, more: string): Promise<void> {
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

export async function download(walk: KillingWalk, disk: string, file: string): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      return await transferOnce(walk, disk, 'download', file);
    } catch (error) {
      if (tries === mostTransfers) throw error;
    }
  }
}

/** Makes a disk of a file. An upload that has broken off takes its disk along. */
export async function upload(walk: KillingWalk, disk: string, more: string, file: string): Promise<void> {
  for (let tries = 1; ; tries++) {
    await makeDisk(walk, disk, more);
    try {
      return await transferOnce(walk, disk, 'upload', file);
    } catch (error) {
      if (tries === mostTransfers) throw error;
    }
  }
}

export const hash = async (file: string): Promise<string> =>
  createHash('sha256')
    .update(await readFile(file))
    .digest('hex');

/** Processes of QEMU that run a machine, on all hosts. */
export async function qemus({ nodes }: KillingWalk): Promise<readonly string[]> {
  // A host whose power is gone runs nothing.
  const found = await Promise.all(nodes.map((node) => node.shell('pidof qemu-system-x86_64 || true').catch(() => '')));
  return found.flatMap((line) => line.trim().split(/\s+/)).filter((pid) => pid !== '');
}

/** Does something on the one host that runs a machine. */
export async function onlyNode<T>({ nodes }: KillingWalk, work: (node: WholeHost) => Promise<T>): Promise<T> {
  for (const node of nodes) if ((await node.run(['pidof', 'qemu-system-x86_64'])).code === 0) return work(node);
  throw new Error('no host runs a machine');
}

export async function startMachine(walk: KillingWalk, name: string): Promise<void> {
  const path = await walk.pathOf('vms', name);
  await walk.fulfil({
    what: `machine ${name} runs`,
    is: async () => /^(powering_up|up)$/.test(String(await walk.wordOf(path))),
    ask: () => walk.api('POST', `${path}/start`, '<action/>'),
  });
  expect(await qemus(walk)).toHaveLength(1);
}

export async function stopMachine(walk: KillingWalk, name: string): Promise<void> {
  const path = await walk.pathOf('vms', name);
  await walk.fulfil({
    what: `machine ${name} is down`,
    is: statusIs(walk, path, 'down'),
    ask: () => walk.api('POST', `${path}/stop`, '<action/>'),
  });
  expect(await qemus(walk)).toEqual([]);
}

export const spmOf = async (walk: KillingWalk): Promise<string | null> => {
  const { host = [] } = (await walk.api('GET', 'hosts')) as { host?: readonly { name: string; spm: { status: string } }[] };
  return host.find(({ spm }) => spm.status === 'spm')?.name ?? null;
};
