import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Json } from '../support/api-calls.ts';
import { type DiskHost, startDiskHost } from '../support/disk-host.ts';
import { addUser, giveRole, type TestEngine } from '../support/engine.ts';
import { basic } from '../support/https-client.ts';
import { SimulatedFailure } from '../support/simulated-agent.ts';
import { addMachine } from '../support/simulated-machines.ts';
import { eventually } from '../support/waiting.ts';

const gib = 2 ** 30;
let host: DiskHost;
let engine: TestEngine;
beforeAll(async () => {
  host = await startDiskHost();
  engine = await host.engine();
});
beforeEach(() => void (host.agents.verbs = host.verbs()));
afterAll(() => host.stop());

const api = () => host.calls(engine);
const disk = (more: object = {}): object => ({
  ...{ name: `disk-${randomUUID()}`, provisioned_size: 10 * 2 ** 20, format: 'raw', sparse: true },
  storage_domains: { storage_domain: [{ name: 'data' }] },
  ...more,
});
const settled = (id: string, status = 'ok'): Promise<void> =>
  eventually(async () => expect((await api().got(`disks/${id}`))['status']).toBe(status));
const add = async (more: object = {}): Promise<string> => {
  const added = await api().got('disks', { body: disk(more) });
  expect(['locked', 'ok']).toContain(added['status']);
  const id = String(added['id']);
  await settled(id);
  return id;
};
const gone = (id: string): Promise<void> => eventually(async () => expect((await api().call(`disks/${id}`)).status).toBe(404));
const filesOf = (id: string): Promise<string[]> => readdir(join(host.pool.path, host.pool.storagedomainID, 'images', id));
const has = (id: string): boolean => existsSync(join(host.pool.path, host.pool.storagedomainID, 'images', id));
const codesOf = async (alias: string): Promise<readonly number[]> =>
  (
    await host.postgres.query<{ code: number }>('select log_type as code from audit_log where message like $1 order by audit_log_id', [
      `%${alias}%`,
    ])
  ).map(({ code }) => code);

let count = 0;
async function machine(status = 0): Promise<{ readonly id: string; readonly name: string }> {
  const name = `machine${++count}`;
  return { id: await addMachine(host.postgres, { name, memoryMb: 512, status }), name };
}
const run = (id: string, status: number): Promise<unknown> =>
  host.postgres.query('update vm_dynamic set status = $2 where vm_guid = $1', [id, status]);

describe('a disk', () => {
  it.each([
    ['raw', true, 'RAW', 'SPARSE', 'DATA', 'data'],
    ['raw', false, 'RAW', 'PREALLOCATED', 'DATA', 'data'],
    ['cow', true, 'COW', 'SPARSE', 'DATA', 'data'],
    ['raw', true, 'RAW', 'SPARSE', 'ISOF', 'iso'],
  ] as const)('is made on the storage: %s, sparse %s', async (format, sparse, storedFormat, storedType, type, content) => {
    const name = `${format}, ${sparse ? 'klein' : 'groß'} & <„${content}“> \u{1f4be}`;
    const id = await add({ name, format, sparse, content_type: content, description: 'first\nsecond', wipe_after_delete: true });
    const shown = await api().got(`disks/${id}`);
    expect(shown).toMatchObject({
      ...{ id, name, alias: name, description: 'first\nsecond', format, sparse: String(sparse), content_type: content },
      ...{ provisioned_size: String(10 * 2 ** 20), status: 'ok', storage_type: 'image', shareable: 'false', wipe_after_delete: 'true' },
      storage_domains: { storage_domain: [{ id: host.pool.storagedomainID }] },
    });
    if (!sparse) expect(Number(shown['actual_size'])).toBeGreaterThanOrEqual(10 * 2 ** 20);
    const info = await host.storage.call<Json>('Volume.getInfo', {
      ...{ storagepoolID: host.pool.storagepoolID, storagedomainID: host.pool.storagedomainID, imageID: id },
      volumeID: shown['image_id'],
    });
    expect(info).toMatchObject({
      ...{ format: storedFormat, type: storedType, disktype: type, legality: 'LEGAL', capacity: String(10 * 2 ** 20) },
    });
    expect(JSON.parse(String(info['description']))).toEqual({ DiskAlias: name, DiskDescription: 'first\nsecond' });
    expect(await codesOf(name)).toEqual([2020, 2021]);
    const [told] = await host.postgres.query(
      `select c.vm_disk_name, c.storage_domain_id, c.vm_disk_size_mb::integer, c.vm_disk_format, d.vm_disk_status
       from dwh_vm_disk_configuration_history_view c join dwh_vm_disks_history_view d using (vm_disk_id) where vm_disk_id = $1`,
      [id],
    );
    expect(told).toEqual({
      ...{ vm_disk_name: name, storage_domain_id: host.pool.storagedomainID, vm_disk_size_mb: 10, vm_disk_status: 1 },
      vm_disk_format: format === 'cow' ? 4 : 5,
    });
    expect((await api().got(`storagedomains/${host.pool.storagedomainID}/disks`))['disk']).toContainEqual(expect.objectContaining({ id }));
    expect((await api().got(`disks?search=${encodeURIComponent(`alias="${name}"`)}`))['disk']).toHaveLength(1);
    await api().got(`disks/${id}`, { method: 'DELETE' });
    await gone(id);
    expect(has(id)).toBe(false);
    expect(await codesOf(name)).toEqual([2020, 2021, 2110, 2014]);
  });

  it.each([
    [{ provisioned_size: 0 }, 400, 'provisioned_size'],
    [{ provisioned_size: -5 }, 400, 'provisioned_size'],
    [{ provisioned_size: 2 ** 51 }, 400, 'provisioned_size'],
    [{ provisioned_size: 'much' }, 400, 'provisioned_size must be a number'],
    [{ provisioned_size: undefined, format: undefined }, 400, 'Disk [provisioned_size, format] required for add'],
    [{ format: 'vmdk' }, 400, 'format must be one of: cow, raw'],
    [{ content_type: 'memory' }, 400, 'content_type must be one of: data, iso'],
    [{ format: 'cow', shareable: true }, 400, 'must have the format raw'],
    [{ format: 'cow', content_type: 'iso' }, 400, 'must have the format raw'],
    [{ backup: 'incremental' }, 400, 'format cow'],
    [{ name: '' }, 400, 'must not be empty'],
    [{ name: 'x'.repeat(256) }, 400, '255'],
    [{ description: 'x'.repeat(501) }, 400, '500'],
    [{ initial_size: 11 * 2 ** 20 }, 400, 'initial_size'],
    [{ storage_domains: undefined }, 400, 'storage_domains'],
    [{ storage_domains: { storage_domain: [{ name: 'nowhere' }] } }, 404, 'none of the storagedomains'],
    [{ sparse: false, provisioned_size: 99 * gib }, 409, 'too little room on storage domain data'],
  ])('that cannot be is refused: %j', async (more, status, detail) => {
    const before = await host.postgres.query('select count(*) from base_disks');
    const [found, said] = await api().fault('disks', { body: disk(more) });
    expect([found, said]).toEqual([status, expect.stringContaining(detail)]);
    expect(await host.postgres.query('select count(*) from base_disks')).toEqual(before);
  });

  it('needs a storage domain that is active', async () => {
    await host.postgres.query('update storage_pool_iso_map set status = 6');
    try {
      expect(await api().fault('disks', { body: disk() })).toEqual([409, expect.stringContaining('maintenance')]);
    } finally {
      await host.postgres.query('update storage_pool_iso_map set status = 3');
    }
  });

  it('has its size in whole sectors', async () => {
    const id = await add({ provisioned_size: 1_000_001 });
    expect((await api().got(`disks/${id}`))['provisioned_size']).toBe(String(Math.ceil(1_000_001 / 512) * 512));
  });

  it('goes when the storage has no room for it, and leaves nothing', async () => {
    host.agents.verbs['Volume.create'] = () => {
      throw new SimulatedFailure(397, 'there is no room left on the storage');
    };
    const { id, name } = await api().got('disks', { body: disk() });
    await gone(String(id));
    expect(has(String(id))).toBe(false);
    expect(await codesOf(String(name))).toEqual([2020, 2022]);
    const [event] = await host.postgres.query<{ message: string; domain: string }>(
      'select message, storage_domain_id as domain from audit_log where log_type = 2022 order by audit_log_id desc limit 1',
    );
    expect(event).toEqual({ message: expect.stringContaining('no room') as string, domain: host.pool.storagedomainID });
  });

  it('is kept as illegal where the storage does not say that it is gone', async () => {
    const id = await add();
    host.agents.verbs['Image.delete'] = () => {
      throw new SimulatedFailure(250, 'the image cannot be used');
    };
    await api().got(`disks/${id}`, { method: 'DELETE' });
    await settled(id, 'illegal');
    expect(await api().fault('imagetransfers', { body: { disk: { id } } })).toEqual([409, expect.stringContaining('illegal')]);
    host.agents.verbs = host.verbs();
    await api().got(`disks/${id}`, { method: 'DELETE' });
    await gone(id);
  });

  it('is changed, and becomes larger but never smaller', async () => {
    const id = await add({ format: 'cow' });
    const changed = await api().got(`disks/${id}`, { method: 'PUT', body: { name: 'änders', description: 'x', wipe_after_delete: true } });
    expect(changed).toMatchObject({ name: 'änders', description: 'x', wipe_after_delete: 'true', status: 'ok' });
    expect(await api().fault(`disks/${id}`, { method: 'PUT', body: { provisioned_size: 2 ** 20 } })).toEqual([
      ...[400, expect.stringContaining('cannot become smaller')],
    ]);
    expect(await api().fault(`disks/${id}`, { method: 'PUT', body: { format: 'raw' } })).toEqual([409, expect.stringContaining('format')]);
    await api().got(`disks/${id}`, { method: 'PUT', body: { provisioned_size: gib } });
    await eventually(async () =>
      expect(await api().got(`disks/${id}`)).toMatchObject({ status: 'ok', provisioned_size: String(gib), name: 'änders' }),
    );
  });

  it('is made once by an engine that is killed while it is made', async () => {
    for (const verb of ['Volume.create', 'Task.getStatus', 'Task.clear', 'Volume.getInfo']) {
      const well = host.verbs()[verb]!;
      let calls = 0;
      // The host does it, and the engine never hears so.
      host.agents.verbs[verb] = async (params, of) => {
        calls++;
        await well(params, of);
        return new Promise(() => undefined);
      };
      const { id, name } = await api().got('disks', { body: disk({ format: 'cow' }) });
      await eventually(() => expect(calls, verb).toBeGreaterThan(0));
      await engine.end('SIGKILL');
      host.agents.verbs = host.verbs();
      engine = await host.engine();
      await settled(String(id));
      expect(
        (await filesOf(String(id))).filter((file) => file.endsWith('.meta')),
        verb,
      ).toHaveLength(1);
      expect(await codesOf(String(name)), verb).toEqual([2020, 2021]);
      expect(await host.postgres.query('select * from command_locks')).toEqual([]);
    }
  });

  it('is removed by the next engine where one was killed while it removed it', async () => {
    const id = await add();
    const well = host.verbs()['Image.delete']!;
    let calls = 0;
    host.agents.verbs['Image.delete'] = async (params, of) => {
      calls++;
      await well(params, of);
      return new Promise(() => undefined);
    };
    await api().got(`disks/${id}`, { method: 'DELETE' });
    await eventually(() => expect(calls).toBe(1));
    await engine.end('SIGKILL');
    host.agents.verbs = host.verbs();
    engine = await host.engine();
    await gone(id);
    expect(has(id)).toBe(false);
  });
});

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
    const well = host.verbs()['Image.delete']!;
    let hung = false;
    host.agents.verbs['Image.delete'] = async (params, of) => {
      const done = await well(params, of);
      if (params['imageID'] !== ids[1]) return done;
      hung = true;
      return new Promise(() => undefined);
    };
    await api().got(`vms/${vm}`, { method: 'DELETE' });
    await eventually(() => expect(hung).toBe(true));
    expect(await api().got(`vms/${vm}`)).toMatchObject({ status: 'image_locked' });
    await engine.end('SIGKILL');
    host.agents.verbs = host.verbs();
    engine = await host.engine();
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

describe('a transfer', () => {
  it('shows its addresses to whoever may change the disk, and not to every administrator', async () => {
    const id = await add();
    await host.postgres.query(
      `insert into image_transfers (transfer_id, disk_id, phase, direction, image_format, daemon_uri, proxy_uri)
       values (gen_random_uuid(), $1, 2, 1, 5, 'https://host/images/ticket', 'https://engine/images/ticket')`,
      [id],
    );
    await addUser(host.postgres, 'tagger', 'Canary-Tagger-1');
    await giveRole(host.postgres, 'tagger', 'TagManager');
    const shown = async (how: { as?: string }): Promise<Json> =>
      ((await api().got('imagetransfers', how))['image_transfer'] as readonly Json[])[0] ?? {};
    expect(await shown({})).toMatchObject({ transfer_url: 'https://host/images/ticket', proxy_url: 'https://engine/images/ticket' });
    const seen = await shown({ as: basic('tagger@internal', 'Canary-Tagger-1') });
    expect([seen['phase'], seen['transfer_url'], seen['proxy_url']]).toEqual(['transferring', undefined, undefined]);
  });
});

describe('a host that says nonsense', () => {
  it('makes a disk all the same', async () => {
    const well = host.verbs()['Volume.getInfo']!;
    host.agents.verbs['Volume.getInfo'] = async (params, of) => ({ ...((await well(params, of)) as object), truesize: '1.5' });
    expect((await api().got(`disks/${await add()}`))['actual_size']).toBe('1');
  });
});
