import { randomUUID } from 'node:crypto';
import { mkdir, readFile, readdir, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { beforeEach, describe, expect, test } from 'vitest';
import { localPool, type TestPool, type TestStorage, zeroId } from '../support/host-storage.ts';
import { useHostStorage } from '../support/running-host-storage.ts';
import { COW, MiB, newVolume, preallocated, RAW, sparse, type VolumeIds, volumePath, volumeShape } from '../support/volumes.ts';

/* Volumes of images on the storage of a host, and the tasks that work on them. */

const tests = useHostStorage();
let host: TestStorage;
let pool: TestPool;
beforeEach(async () => {
  ({ host } = tests);
  pool = await localPool(host, join(tests.folder, 'data'));
});

/** Makes a volume as the engine asks for one. */
const create = (ids: VolumeIds, more: object = {}) => host.task('Volume.create', { ...ids, ...volumeShape, ...more });

/** Where those who use it find it. */
const seenAt = ({ storagepoolID, storagedomainID, imageID, volumeID }: VolumeIds): string =>
  join(host.settings.poolFolder, storagepoolID, storagedomainID, 'images', imageID, volumeID);

describe('volumes', () => {
  test.each([
    ['raw', 'sparse', RAW, sparse],
    ['raw', 'preallocated', RAW, preallocated],
    ['qcow2', 'sparse', COW, sparse],
    ['qcow2', 'preallocated', COW, preallocated],
  ])('%s, %s: made, looked at, made larger, removed', async (format, _type, volFormat, preallocate) => {
    const ids = newVolume(pool);
    expect(await create(ids, { volFormat, preallocate })).toMatchObject({ taskState: 'finished', taskResult: 'success', code: 0 });
    const info = await host.call('Volume.getInfo', { ...ids });
    expect(info).toMatchObject({
      uuid: ids.volumeID,
      format: format === 'raw' ? 'RAW' : 'COW',
      type: preallocate === preallocated ? 'PREALLOCATED' : 'SPARSE',
      voltype: 'LEAF',
      legality: 'LEGAL',
      status: 'OK',
      capacity: String(64 * MiB),
      parent: zeroId,
      children: [],
    });
    const { truesize } = await host.call<{ truesize: string }>('Volume.getSize', { ...ids });
    if (preallocate === preallocated) expect(Number(truesize)).toBeGreaterThanOrEqual(64 * MiB);
    else expect(Number(truesize)).toBeLessThan(2 * MiB);
    expect((await readdir(join(volumePath(pool, ids), '..'))).sort()).toEqual([
      ids.volumeID,
      `${ids.volumeID}.lease`,
      `${ids.volumeID}.meta`,
    ]);
    expect(await host.call('Image.prepare', { ...ids })).toEqual({ path: seenAt(ids) });

    expect(await host.task('Volume.extendSize', { ...ids, newSize: String(128 * MiB) })).toMatchObject({ taskResult: 'success' });
    const { stdout } = await execa('qemu-img', ['info', '--output=json', volumePath(pool, ids)]);
    expect(JSON.parse(stdout)).toMatchObject({ format, 'virtual-size': 128 * MiB });
    expect(await host.call('Volume.getInfo', { ...ids })).toMatchObject({ capacity: String(128 * MiB) });
    expect(await host.fails('Volume.extendSize', { ...ids, newSize: MiB })).toBe(229);

    expect(await host.task('Image.delete', { ...ids, postZero: true, force: false, discard: false })).toMatchObject({
      taskResult: 'success',
    });
    expect(await readdir(join(pool.path, pool.storagedomainID, 'images'))).toEqual([]);
    expect(await host.fails('Volume.getInfo', { ...ids })).toBe(268);
  });

  test('a volume on another one of its image', async () => {
    const base = newVolume(pool);
    await create(base);
    const top = newVolume(pool, base.imageID);
    const onBase = { volFormat: COW, srcImgUUID: base.imageID, srcVolUUID: base.volumeID };
    expect(await create(top, onBase)).toMatchObject({ taskResult: 'success' });
    expect(await host.call('Volume.getInfo', { ...base })).toMatchObject({ voltype: 'INTERNAL', children: [top.volumeID] });
    expect(await host.call('Image.prepare', { ...top })).toEqual({ path: seenAt(top) });
    // Nothing else may come to stand there, and what others stand on stays.
    expect(await create(newVolume(pool, base.imageID), onBase)).toMatchObject({ taskResult: 'cleanSuccess', code: 205 });
    expect(await host.task('Volume.delete', { ...base, postZero: false })).toMatchObject({ code: 200 });
    expect(await host.task('Volume.delete', { ...top, postZero: false })).toMatchObject({ taskResult: 'success' });
    expect(await host.call('Volume.getInfo', { ...base })).toMatchObject({ voltype: 'LEAF', children: [] });
  });

  test('a template and a disk that stands on it', async () => {
    const disk = newVolume(pool);
    await create(disk, { volFormat: COW });
    await execa('qemu-io', ['-c', 'write -P 7 0 64k', volumePath(pool, disk)]);
    const template = newVolume(pool);
    const copy = {
      ...disk,
      dstSdUUID: pool.storagedomainID,
      dstImgUUID: template.imageID,
      dstVolUUID: template.volumeID,
      volType: 6,
      volFormat: RAW,
      preallocate: sparse,
    };
    expect(await host.task('Volume.copy', copy)).toMatchObject({ taskResult: 'success' });
    expect(await host.call('Volume.getInfo', { ...template })).toMatchObject({ voltype: 'SHARED', format: 'RAW', legality: 'LEGAL' });
    const clone = newVolume(pool);
    expect(await create(clone, { volFormat: COW, srcImgUUID: template.imageID, srcVolUUID: template.volumeID })).toMatchObject({ code: 0 });
    const { stdout } = await execa('qemu-io', ['-c', 'read -P 7 0 64k', volumePath(pool, clone)]);
    expect(stdout).not.toContain('failed');
    expect(await host.task('Image.delete', { ...template, postZero: false })).toMatchObject({ taskResult: 'cleanSuccess', code: 250 });
    expect(await host.fails('Volume.copy', copy)).toBe(212);
  });

  test('parameters that make no volume are refused before there is a task', async () => {
    const ids = newVolume(pool);
    const good = { ...ids, size: MiB, volFormat: RAW, preallocate: sparse, diskType: 'DATA', desc: '' };
    expect(await host.fails('Volume.create', { ...good, size: 0 })).toBe(229);
    expect(await host.fails('Volume.create', { ...good, initialSize: String(good.size * 2) })).toBe(229);
    for (const bitmaps of [{ addBitmaps: true }, { bitmap: randomUUID() }])
      expect(await host.fails('Volume.create', { ...good, ...bitmaps })).toBe(1000);
    expect(await host.fails('Volume.create', { ...good, size: 1000 })).toBe(229);
    expect(await host.fails('Volume.create', { ...good, size: '99999999999999999999' })).toBe(-32602);
    expect(await host.fails('Volume.create', { ...good, volFormat: 1 })).toBe(1000);
    expect(await host.fails('Volume.create', { ...good, imageID: '../../../etc' })).toBe(-32602);
    expect(await host.fails('Volume.create', { ...good, diskType: 'constructor' })).toBe(1000);
    expect(await host.fails('Volume.create', { ...good, desc: 'a\nLEGALITY=LEGAL' })).toBe(1000);
    expect(await host.fails('Volume.create', { ...good, storagedomainID: randomUUID() })).toBe(350);
    expect(await host.call('Host.getAllTasksStatuses')).toEqual({});
    expect(await readdir(join(pool.path, pool.storagedomainID, 'images'))).toEqual([]);
  });

  test('more than there is room for is refused, and nothing is left of it', async () => {
    const ids = newVolume(pool);
    expect(await create(ids, { size: String(2 ** 50), preallocate: preallocated })).toMatchObject({
      taskResult: 'cleanSuccess',
      code: 397,
    });
    expect(await readdir(join(pool.path, pool.storagedomainID, 'images'))).toEqual([]);
  });

  test('the same volume is not made twice', async () => {
    const ids = newVolume(pool);
    await create(ids);
    const again = { ...ids, size: MiB, volFormat: RAW, preallocate: sparse, diskType: 'DATA', desc: '' };
    expect(await host.fails('Volume.create', again)).toBe(212);
    expect(await host.call('Volume.getInfo', { ...ids })).toMatchObject({ legality: 'LEGAL', capacity: String(64 * MiB) });
  });

  test('a file that somebody has put there is kept when a volume cannot be made in its place', async () => {
    const ids = newVolume(pool);
    await mkdir(join(volumePath(pool, ids), '..'));
    await writeFile(volumePath(pool, ids), 'theirs');
    expect(await create(ids)).toMatchObject({ taskResult: 'cleanSuccess', code: 212 });
    expect(await readFile(volumePath(pool, ids), 'utf8')).toBe('theirs');
  });

  test('an upload begins illegal, is looked into, and becomes legal', async () => {
    const ids = newVolume(pool);
    await create(ids, { volFormat: COW, legal: false });
    expect(await host.fails('Image.prepare', { ...ids })).toBe(200);
    expect(await host.call('Image.prepare', { ...ids, allowIllegal: true })).toEqual({ path: seenAt(ids) });
    // What was uploaded stands on a file of the host.
    await rm(volumePath(pool, ids));
    await execa('qemu-img', ['create', '-q', '-f', 'qcow2', '-u', '-b', '/etc/shadow', '-F', 'raw', volumePath(pool, ids), '64M']);
    expect(await host.fails('Volume.verify_untrusted', { ...ids })).toBe(200);
    expect(await host.fails('Image.prepare', { ...ids, allowIllegal: true })).toBe(200);
    await execa('qemu-img', ['create', '-q', '-f', 'qcow2', volumePath(pool, ids), '128M']);
    expect(await host.fails('Volume.verify_untrusted', { ...ids })).toBe(200);
    await execa('qemu-img', ['create', '-q', '-f', 'qcow2', volumePath(pool, ids), '64M']);
    expect(await host.call('Volume.verify_untrusted', { ...ids })).toBe(true);
    await host.call('Volume.setLegality', { ...ids, legality: 'LEGAL' });
    expect(await host.call('Image.prepare', { ...ids })).toEqual({ path: seenAt(ids) });
  });

  test('what leads to a file of the host is not made larger', async () => {
    const ids = newVolume(pool);
    await create(ids, { volFormat: COW });
    await execa('qemu-img', ['create', '-q', '-f', 'qcow2', '-u', '-b', '/etc/shadow', '-F', 'raw', volumePath(pool, ids), '64M']);
    expect(await host.task('Volume.extendSize', { ...ids, newSize: String(128 * MiB) })).toMatchObject({ code: 200 });
    expect(await host.call('Volume.getInfo', { ...ids })).toMatchObject({ capacity: String(64 * MiB) });
    const { stdout } = await execa('qemu-img', ['info', '--output=json', volumePath(pool, ids)]);
    expect(JSON.parse(stdout)).toMatchObject({ 'virtual-size': 64 * MiB });
  });

  test('a link in place of a volume is given to nobody', async () => {
    const ids = newVolume(pool);
    await create(ids);
    await rm(volumePath(pool, ids));
    await symlink('/etc/shadow', volumePath(pool, ids));
    expect(await host.fails('Image.prepare', { ...ids })).toBe(200);
    await host.task('Image.delete', { ...ids, postZero: true });
    expect((await readFile('/etc/shadow')).length).toBeGreaterThan(0);
  });

  test('volumes that stand on each other in a ring end', async () => {
    const [one, two] = [newVolume(pool), newVolume(pool)];
    await create(one);
    await create({ ...two, imageID: one.imageID }, { volFormat: COW, srcImgUUID: one.imageID, srcVolUUID: one.volumeID });
    const meta = `${volumePath(pool, one)}.meta`;
    await writeFile(meta, (await readFile(meta, 'utf8')).replace(/^PUUID=.*$/m, `PUUID=${two.volumeID}`));
    expect(await host.fails('Image.prepare', { ...one })).toBe(250);
  });

  test('a task that was stopped leaves nothing behind', async () => {
    const source = newVolume(pool);
    await create(source, { size: String(512 * MiB) });
    await truncate(volumePath(pool, source), 512 * MiB);
    await execa('dd', ['if=/dev/urandom', `of=${volumePath(pool, source)}`, 'bs=1M', 'count=256', 'conv=notrunc', 'status=none']);
    const target = newVolume(pool);
    const taskID = await host.call<string>('Volume.copy', {
      ...source,
      dstSdUUID: pool.storagedomainID,
      dstImgUUID: target.imageID,
      dstVolUUID: target.volumeID,
      volType: 8,
      volFormat: COW,
      preallocate: sparse,
    });
    expect(await host.fails('Task.clear', { taskID })).toBe(403);
    expect(await host.fails('StoragePool.spmStop', { storagepoolID: pool.storagepoolID })).toBe(653);
    await host.call('Task.stop', { taskID });
    expect(await host.ended(taskID)).toMatchObject({ taskResult: 'cleanSuccess', code: 411 });
    expect(await readdir(join(pool.path, pool.storagedomainID, 'images'))).toEqual([source.imageID]);
    expect(await host.call('Host.getAllTasksInfo')).toEqual({ [taskID]: { verb: 'copyImage', id: taskID } });
    await host.call('Task.clear', { taskID });
    expect(await host.fails('Task.getStatus', { taskID })).toBe(401);
  });

  test('finished work is taken back on demand', async () => {
    const ids = newVolume(pool);
    const params = { ...ids, size: MiB, volFormat: RAW, preallocate: sparse, diskType: 'DATA', desc: '' };
    const taskID = await host.call<string>('Volume.create', params);
    await host.ended(taskID);
    await host.call('Task.revert', { taskID });
    expect(await host.call('Task.getStatus', { taskID })).toMatchObject({ taskResult: 'cleanSuccess', code: 411 });
    expect(await readdir(join(pool.path, pool.storagedomainID, 'images'))).toEqual([]);
  });
});
