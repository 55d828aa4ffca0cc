import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { beforeEach, expect, it } from 'vitest';
import type { Json } from '../support/api-calls.ts';
import type { DiskHost } from '../support/disk-host.ts';
import { useDiskHost } from '../support/running-disk-host.ts';
import { SimulatedFailure } from '../support/simulated-agent.ts';
import { eventually } from '../support/waiting.ts';

const size = 4 * 2 ** 20;
const tests = useDiskHost();
const { api, hanging, killEngine } = tests;
let host: DiskHost;
beforeEach(() => void ({ host } = tests));

const settled = (path: string, status: string): Promise<void> =>
  eventually(async () => expect((await api().got(path))['status']).toBe(status));
const gone = (path: string): Promise<void> => eventually(async () => expect((await api().call(path)).status).toBe(404));
const attachments = async (owner: string): Promise<readonly Json[]> =>
  ((await api().got(`${owner}/diskattachments?follow=disk`))['disk_attachment'] ?? []) as readonly Json[];
const fileOf = ({ disk }: Json): string =>
  join(host.pool.path, host.pool.storagedomainID, 'images', String((disk as Json)['id']), String((disk as Json)['image_id']));
/** What a guest would read. */
async function contentOf(attachment: Json): Promise<Buffer> {
  const raw = join(host.daemon.folder, 'content.raw');
  await execa('qemu-img', [
    'convert',
    '-O',
    'raw',
    '-f',
    String((attachment['disk'] as Json)['format']) === 'cow' ? 'qcow2' : 'raw',
    fileOf(attachment),
    raw,
  ]);
  return readFile(raw);
}

let count = 0;
/** A virtual machine with a disk of each format, on which something is written. */
async function machine(): Promise<string> {
  const { id } = await api().got('vms', { body: { name: `machine${++count}`, cluster: { name: 'Default' }, template: { name: 'Blank' } } });
  for (const [at, format] of ['raw', 'cow'].entries()) {
    const disk = { provisioned_size: size, format, sparse: true, storage_domains: { storage_domain: [{ name: 'data' }] } };
    const added = await api().got(`vms/${String(id)}/diskattachments`, { body: { interface: 'virtio', bootable: at === 0, disk } });
    await settled(`disks/${String(added['id'])}`, 'ok');
  }
  for (const [at, one] of (await attachments(`vms/${String(id)}`)).entries())
    await execa('qemu-io', [
      '-f',
      String((one['disk'] as Json)['format']) === 'cow' ? 'qcow2' : 'raw',
      '-c',
      `write -P ${at + 7} 1M 1M`,
      fileOf(one),
    ]);
  return String(id);
}

it('a template has copies of the disks of the machine that it is made of, and machines have copies of those', async () => {
  const vm = await machine();
  const { id: template, status } = await api().got('templates', { body: { name: 'copied', vm: { id: vm } } });
  expect(['locked', 'ok']).toContain(status);
  await settled(`templates/${String(template)}`, 'ok');
  const [before, disks] = [await attachments(`vms/${vm}`), await attachments(`templates/${String(template)}`)];
  expect(
    disks.map(({ bootable, interface: by, disk }) => [
      String(bootable),
      String(by),
      String((disk as Json)['format']),
      String((disk as Json)['status']),
    ]),
  ).toEqual([
    ['true', 'virtio', 'raw', 'ok'],
    ['false', 'virtio', 'cow', 'ok'],
  ]);
  for (const [at, one] of disks.entries()) expect((await contentOf(one)).equals(await contentOf(before[at]!))).toBe(true);
  const made = await api().got('vms', { body: { name: 'fromcopy', cluster: { name: 'Default' }, template: { name: 'copied' } } });
  await settled(`vms/${String(made['id'])}`, 'down');
  const copies = await attachments(`vms/${String(made['id'])}`);
  for (const [at, one] of copies.entries()) expect((await contentOf(one)).equals(await contentOf(before[at]!))).toBe(true);
  // Each has disks of its own, and those of the template stay as they are.
  expect(new Set([...before, ...disks, ...copies].map(({ id }) => String(id))).size).toBe(6);
  const fixed = String(disks[0]?.['id']);
  for (const answer of [
    await api().fault(`disks/${fixed}`, { method: 'DELETE' }),
    await api().fault(`disks/${fixed}`, { method: 'PUT', body: { provisioned_size: size * 2 } }),
    await api().fault('imagetransfers', { body: { disk: { id: fixed } } }),
    await api().fault(`vms/${vm}/diskattachments`, { body: { interface: 'sata', disk: { id: fixed } } }),
  ])
    expect(answer).toEqual([409, expect.stringContaining('template copied')]);
  expect((await api().fault(`templates/${String(template)}`, { method: 'DELETE' }))[0]).toBe(409);
  await api().got(`vms/${String(made['id'])}`, { method: 'DELETE' });
  await gone(`vms/${String(made['id'])}`);
  await api().got(`templates/${String(template)}`, { method: 'DELETE' });
  await gone(`templates/${String(template)}`);
  expect(disks.map((one) => existsSync(fileOf(one)))).toEqual([false, false]);
  expect(before.map((one) => existsSync(fileOf(one)))).toEqual([true, true]);
});

it('nothing is left of a template whose disks could not be copied', async () => {
  const vm = await machine();
  const well = host.verbs()['Volume.copy']!;
  let calls = 0;
  host.agents.verbs['Volume.copy'] = (params, of) => {
    if (++calls > 1) throw new SimulatedFailure(397, 'there is no room left on the storage');
    return well(params, of);
  };
  const { id } = await api().got('templates', { body: { name: 'noroom', vm: { id: vm } } });
  await gone(`templates/${String(id)}`);
  expect(await host.postgres.query(`select 1 from images where volume_classification = 1`)).toEqual([]);
  expect(await host.postgres.query('select * from command_locks')).toEqual([]);
  expect((await attachments(`vms/${vm}`)).map(({ disk }) => String((disk as Json)['status']))).toEqual(['ok', 'ok']);
});

it('is finished by the next engine where one was killed while disks were copied', async () => {
  const vm = await machine();
  const hangs = hanging('Volume.copy', (_params, call) => call === 2);
  const { id } = await api().got('templates', { body: { name: 'killed', vm: { id: vm } } });
  await hangs();
  // The machine cannot change meanwhile.
  expect((await api().fault(`vms/${vm}`, { method: 'DELETE' }))[0]).toBe(409);
  await killEngine();
  await settled(`templates/${String(id)}`, 'ok');
  const [before, disks] = [await attachments(`vms/${vm}`), await attachments(`templates/${String(id)}`)];
  for (const [at, one] of disks.entries()) expect((await contentOf(one)).equals(await contentOf(before[at]!))).toBe(true);
});

it('a template is not made of a machine that runs, or of none', async () => {
  const vm = await machine();
  await host.postgres.query('update vm_dynamic set status = 1 where vm_guid = $1', [vm]);
  expect(await api().fault('templates', { body: { name: 'running', vm: { id: vm } } })).toEqual([409, expect.stringContaining('down')]);
  await host.postgres.query('update vm_dynamic set status = 0 where vm_guid = $1', [vm]);
  expect(await api().fault('templates', { body: { name: 'nothing' } })).toEqual([400, 'Template [vm] required for add']);
  expect((await api().fault('templates', { body: { vm: { id: vm } } }))[0]).toBe(400);
  const [disk] = await attachments(`vms/${vm}`);
  await host.postgres.query('update images set imagestatus = 4 where image_group_id = $1', [disk?.['id']]);
  expect(await api().fault('templates', { body: { name: 'illegal', vm: { id: vm } } })).toEqual([409, expect.stringContaining('illegal')]);
});
