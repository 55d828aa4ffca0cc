import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DiskHost } from '../support/disk-host.ts';
import { diskCalls, useDiskHost } from '../support/running-disk-host.ts';
import { SimulatedFailure } from '../support/simulated-agent.ts';
import { eventually } from '../support/waiting.ts';

const tests = useDiskHost();
const { api, hanging, killEngine } = tests;
const { add, codesOf, disk, gone, has, machine, settled } = diskCalls(tests);
const gib = 2 ** 30;
let host: DiskHost;
beforeEach(() => void ({ host } = tests));

const run = (id: string, status: number): Promise<unknown> =>
  host.postgres.query('update vm_dynamic set status = $2 where vm_guid = $1', [id, status]);

describe('the disks of a virtual machine', () => {
  afterEach(() => host.postgres.query('update vm_dynamic set status = 0 where status <> 15'));

  it('are added with it, or were there before', async () => {
    const { id: vm, name } = await machine();
    const added = await api().got(`vms/${vm}/diskattachments`, {
      body: { bootable: true, interface: 'virtio', disk: disk({ name: undefined }) },
    });
    expect(added).toMatchObject({ bootable: 'true', active: 'true', interface: 'virtio', read_only: 'false' });
    await settled(String(added['id']));
    const followed = await api().got(`vms/${vm}/diskattachments?follow=disk`);
    expect(followed['disk_attachment'][0]).toMatchObject({ id: added['id'], disk: { name: `${name}_Disk1`, status: 'ok' } });
    expect(await codesOf(`${name}_Disk1`)).toEqual([78, 97]);
    const [event] = await host.postgres.query(
      'select vm_id, vm_name from audit_log where log_type = 97 order by audit_log_id desc limit 1',
    );
    expect(event).toEqual({ vm_id: vm, vm_name: name });
    const other = await add();
    const second = await api().got(`vms/${vm}/diskattachments`, { body: { interface: 'virtio_scsi', active: false, disk: { id: other } } });
    expect(second).toMatchObject({ id: other, active: 'false', interface: 'virtio_scsi', vm: { id: vm } });
    expect(await api().fault(`vms/${vm}/diskattachments`, { body: { interface: 'sata', disk: { id: other } } })).toEqual([
      ...[409, expect.stringContaining('already')],
    ]);
    expect(await api().fault(`vms/${vm}/diskattachments/${other}`, { method: 'PUT', body: { bootable: true } })).toEqual([
      409,
      expect.stringContaining('another disk'),
    ]);
    await api().got(`vms/${vm}/diskattachments/${other}`, {
      ...{ method: 'PUT', body: { interface: 'sata', active: true, disk: { name: 'renamed' } } },
    });
    expect(await api().got(`vms/${vm}/diskattachments/${other}?follow=disk`)).toMatchObject({
      ...{ interface: 'sata', active: 'true', disk: { name: 'renamed' } },
    });
    await api().got(`vms/${vm}/diskattachments/${other}`, { method: 'DELETE' });
    expect((await api().got(`disks/${other}`))['status']).toBe('ok');
    await api().got(`vms/${vm}/diskattachments/${String(added['id'])}?detach_only=false`, { method: 'DELETE' });
    await gone(String(added['id']));
    expect((await api().got(`vms/${vm}/diskattachments`))['disk_attachment'] ?? []).toEqual([]);
  });

  it('are shared only where they may be', async () => {
    const [one, two] = [await machine(), await machine()];
    const [mine, ours] = [await add(), await add({ shareable: true })];
    const attach = (vm: string, id: string) => api().call(`vms/${vm}/diskattachments`, { body: { interface: 'virtio', disk: { id } } });
    expect((await attach(one.id, mine)).status).toBe(201);
    expect((await attach(two.id, mine)).status).toBe(409);
    expect([(await attach(one.id, ours)).status, (await attach(two.id, ours)).status]).toEqual([201, 201]);
    expect((await api().fault(`disks/${ours}`, { method: 'PUT', body: { shareable: false } }))[0]).toBe(409);
    const iso = await add({ content_type: 'iso' });
    expect((await attach(one.id, iso)).status).toBe(400);
  });

  it('stay as they are while it runs', async () => {
    const { id: vm, name } = await machine();
    const id = await add();
    await api().got(`vms/${vm}/diskattachments`, { body: { interface: 'virtio', disk: { id } } });
    await run(vm, 1);
    const refused = [409, expect.stringContaining(name)];
    expect(await api().fault(`vms/${vm}/diskattachments`, { body: { interface: 'virtio', disk: disk() } })).toEqual(refused);
    expect(await api().fault(`vms/${vm}/diskattachments/${id}`, { method: 'PUT', body: { interface: 'sata' } })).toEqual(refused);
    expect(await api().fault(`vms/${vm}/diskattachments/${id}`, { method: 'DELETE' })).toEqual(refused);
    expect(await api().fault(`disks/${id}`, { method: 'DELETE' })).toEqual(refused);
    expect(await api().fault(`disks/${id}`, { method: 'PUT', body: { provisioned_size: gib } })).toEqual(refused);
    expect(await api().fault('imagetransfers', { body: { disk: { id } } })).toEqual(refused);
    await api().got(`disks/${id}`, { method: 'PUT', body: { description: 'that is no matter of the machine' } });
  });

  it('go with it, but for those that others have as well, or that are to stay', async () => {
    const { id: vm, name } = await machine();
    const other = await machine();
    const [mine, ours] = [await add(), await add({ shareable: true })];
    for (const id of [mine, ours]) await api().got(`vms/${vm}/diskattachments`, { body: { interface: 'virtio', disk: { id } } });
    await api().got(`vms/${other.id}/diskattachments`, { body: { interface: 'virtio', disk: { id: ours } } });
    await api().got(`vms/${vm}`, { method: 'DELETE' });
    await eventually(async () => expect((await api().call(`vms/${vm}`)).status).toBe(404));
    expect([has(mine), (await api().call(`disks/${mine}`)).status]).toEqual([false, 404]);
    expect([has(ours), (await api().got(`disks/${ours}`))['status']]).toEqual([true, 'ok']);
    expect(await codesOf(`VM ${name}`)).toEqual([2111, 113]);
    await api().got(`vms/${other.id}?detach_only=true`, { method: 'DELETE' });
    expect((await api().got(`disks/${ours}`))['status']).toBe('ok');
  });

  it('stay with it where one cannot be removed', async () => {
    const { id: vm, name } = await machine();
    const ids = [await add(), await add(), await add()].toSorted();
    for (const id of ids) await api().got(`vms/${vm}/diskattachments`, { body: { interface: 'virtio', disk: { id } } });
    const well = host.verbs()['Image.delete']!;
    host.agents.verbs['Image.delete'] = (params, of) => {
      if (params['imageID'] === ids[1]) throw new SimulatedFailure(250, 'the image cannot be used');
      return well(params, of);
    };
    await api().got(`vms/${vm}`, { method: 'DELETE' });
    await eventually(async () => expect(await codesOf(`VM ${name}`)).toEqual([2111, 59]));
    expect(await api().got(`vms/${vm}`)).toMatchObject({ status: 'down' });
    expect((await api().call(`disks/${ids[0]}`)).status).toBe(404);
    // Nobody knows how much is left of the second one; the third was not touched.
    expect([(await api().got(`disks/${ids[1]}`))['status'], (await api().got(`disks/${ids[2]}`))['status']]).toEqual(['illegal', 'ok']);
    host.agents.verbs = host.verbs();
    await api().got(`vms/${vm}`, { method: 'DELETE' });
    await eventually(async () => expect((await api().call(`vms/${vm}`)).status).toBe(404));
    await gone(String(ids[1]));
  });

  it('go with it, by the next engine where one was killed meanwhile', async () => {
    const { id: vm } = await machine();
    const ids = [await add(), await add()].toSorted();
    for (const id of ids) await api().got(`vms/${vm}/diskattachments`, { body: { interface: 'virtio', disk: { id } } });
    const hangs = hanging('Image.delete', ({ imageID }) => imageID === ids[1]);
    await api().got(`vms/${vm}`, { method: 'DELETE' });
    await hangs();
    expect(await api().got(`vms/${vm}`)).toMatchObject({ status: 'image_locked' });
    await killEngine();
    await eventually(async () => expect((await api().call(`vms/${vm}`)).status).toBe(404));
    expect(ids.map(has)).toEqual([false, false]);
  });

  it('stay where they were given to another machine while it was removed', async () => {
    const { id: vm } = await machine();
    const other = await machine();
    const ids = [await add(), await add({ shareable: true })].toSorted();
    for (const id of ids) await api().got(`vms/${vm}/diskattachments`, { body: { interface: 'virtio', disk: { id } } });
    const [well, door] = [host.verbs()['Image.delete']!, Promise.withResolvers<undefined>()];
    host.agents.verbs['Image.delete'] = async (params, of) => {
      await door.promise;
      return well(params, of);
    };
    await host.postgres.query('update base_disks set shareable = true where disk_id = any($1::uuid[])', [ids]);
    await api().got(`vms/${vm}`, { method: 'DELETE' });
    await host.postgres.query(`insert into disk_vm_element (disk_id, vm_id, disk_interface) values ($1, $2, 'VirtIO')`, [ids[1], other.id]);
    door.resolve(undefined);
    await eventually(async () => expect((await api().call(`vms/${vm}`)).status).toBe(404));
    expect(ids.map(has)).toEqual([false, true]);
    expect((await api().got(`disks/${ids[1]}`))['status']).toBe('ok');
  });

  it('are given to one of two machines that want one at the same moment', async () => {
    const machines = await Promise.all(Array.from({ length: 6 }, () => machine()));
    const id = await add();
    const answers = await Promise.all(
      machines.map((one) => api().call(`vms/${one.id}/diskattachments`, { body: { interface: 'virtio', disk: { id } } })),
    );
    expect(answers.map(({ status }) => status).toSorted()).toEqual([201, 409, 409, 409, 409, 409]);
  });

  it('are neither removed nor enlarged nor transferred where it is started in the same moment', async () => {
    const { id: mine, name } = await machine();
    const id = await add();
    await api().got(`vms/${mine}/diskattachments`, { body: { disk: { id }, interface: 'virtio' } });
    // Between the statement that locks the disk, which saw the machine down, and what the command does first.
    await host.postgres.query(
      `create function start_meanwhile() returns trigger language plpgsql as $$ begin update vm_dynamic set status = 9 where vm_guid = '${mine}'; return null; end $$`,
    );
    await host.postgres.query(
      'create trigger start_meanwhile after insert on command_entities for each row execute function start_meanwhile()',
    );
    const changes = [
      [`disks/${id}`, { method: 'DELETE' }, 2015],
      [`disks/${id}`, { method: 'PUT', body: { provisioned_size: 20 * 2 ** 20 } }, 372],
      ['imagetransfers', { body: { disk: { id }, direction: 'upload' } }, 1038],
    ] as const;
    const { alias } = await api().got(`disks/${id}`);
    try {
      for (const [path, request, code] of changes) {
        await api().got(path, request);
        await settled(id);
        const told = await host.postgres.query<{ message: string }>(
          'select message from audit_log where log_type = $1 and message like $2',
          [code, `%${String(alias)}%`],
        );
        expect(told.map(({ message }) => message)).toEqual([
          expect.stringContaining(`Virtual machine ${name} was started in the same moment.`),
        ]);
        await run(mine, 0);
      }
      // A disc in the drive of one that is started is needed as well.
      await run(mine, 0);
      const disc = await add({ content_type: 'iso' });
      await host.postgres.query('update vm_dynamic set current_cd = $2 where vm_guid = $1', [mine, disc]);
      await run(mine, 0);
      await api().got(`disks/${disc}`, { method: 'DELETE' });
      await settled(disc);
      expect(has(disc)).toBe(true);
    } finally {
      await host.postgres.query('drop function start_meanwhile cascade');
      await host.postgres.query('delete from image_transfers');
    }
    expect(has(id)).toBe(true);
    expect((await api().got(`disks/${id}`))['provisioned_size']).toBe(String(10 * 2 ** 20));
  });

  it('stay as they are once a machine is started, whoever was there before', async () => {
    const { id: vm, name } = await machine();
    const id = await add();
    await api().got(`vms/${vm}/diskattachments`, { body: { interface: 'virtio', disk: { id } } });
    await run(vm, 9);
    for (const sql of ['delete from disk_vm_element where vm_id = $1', 'update disk_vm_element set is_plugged = false where vm_id = $1'])
      await expect(host.postgres.query(sql, [vm])).rejects.toThrow(`Virtual machine ${name} would have to be down.`);
  });
});
