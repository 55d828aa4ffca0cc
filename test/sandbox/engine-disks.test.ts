import { readdir } from 'node:fs/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Json } from '../support/api-calls.ts';
import type { DiskHost } from '../support/disk-host.ts';
import { addUser, giveRole } from '../support/engine.ts';
import { basic } from '../support/https-client.ts';
import { diskCalls, useDiskHost } from '../support/running-disk-host.ts';
import { SimulatedFailure } from '../support/simulated-agent.ts';
import { eventually } from '../support/waiting.ts';

const tests = useDiskHost();
const { api, hanging, killEngine } = tests;
const { add, codesOf, disk, gone, has, imageOf, settled } = diskCalls(tests);
const gib = 2 ** 30;
let host: DiskHost;
beforeEach(() => void ({ host } = tests));

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
      const hangs = hanging(verb);
      const { id, name } = await api().got('disks', { body: disk({ format: 'cow' }) });
      await hangs();
      await killEngine();
      await settled(String(id));
      expect(
        (await readdir(imageOf(String(id)))).filter((file) => file.endsWith('.meta')),
        verb,
      ).toHaveLength(1);
      expect(await codesOf(String(name)), verb).toEqual([2020, 2021]);
      expect(await host.postgres.query('select * from command_locks')).toEqual([]);
    }
  });

  it('is removed by the next engine where one was killed while it removed it', async () => {
    const id = await add();
    const hangs = hanging('Image.delete');
    await api().got(`disks/${id}`, { method: 'DELETE' });
    await hangs();
    await killEngine();
    await gone(id);
    expect(has(id)).toBe(false);
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
