import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readFile, readdir, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  joinPool,
  localDomain,
  localPool,
  testLeases,
  testStorage,
  type TestLeases,
  type TestPool,
  type TestStorage,
  zeroId,
} from '../support/host-storage.ts';

let folder: string;
let leases: TestLeases;
let host: TestStorage;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'host-storage-'));
  leases = testLeases();
  host = await testStorage(join(folder, 'a'), leases.of());
});
afterEach(async () => {
  await host.part.stop?.();
  await rm(folder, { recursive: true, force: true });
});

const MiB = 1024 * 1024;
const COW = 4;
const RAW = 5;
const preallocated = 1;
const sparse = 2;

interface VolumeIds {
  readonly storagepoolID: string;
  readonly storagedomainID: string;
  readonly imageID: string;
  readonly volumeID: string;
}

const newVolume = (pool: TestPool, imageID: string = randomUUID()): VolumeIds => ({
  storagepoolID: pool.storagepoolID,
  storagedomainID: pool.storagedomainID,
  imageID,
  volumeID: randomUUID(),
});

/** Makes a volume as the engine asks for one. */
const create = (ids: VolumeIds, more: object = {}) =>
  host.task('Volume.create', {
    ...ids,
    size: String(64 * MiB),
    volFormat: RAW,
    preallocate: sparse,
    diskType: 'DATA',
    desc: '{"DiskAlias":"disk","DiskDescription":""}',
    srcImgUUID: zeroId,
    srcVolUUID: zeroId,
    ...more,
  });

const seenAt = ({ storagepoolID, storagedomainID, imageID, volumeID }: VolumeIds): string =>
  join(host.settings.poolFolder, storagepoolID, storagedomainID, 'images', imageID, volumeID);

const pathOf = (pool: TestPool, { imageID, volumeID }: VolumeIds): string =>
  join(pool.path, pool.storagedomainID, 'images', imageID, volumeID);

describe('connections', () => {
  const connect = (connection: unknown, domainType = 4, more: object = {}) =>
    host.call<{ id: string; status: number }[]>('StoragePool.connectStorageServer', {
      storagepoolID: zeroId,
      domainType,
      connectionParams: [{ id: 'one', connection, ...more }],
    });

  test('each connection is told its own status', async () => {
    await mkdir(join(folder, 'data'));
    await writeFile(join(folder, 'file'), '');
    const answers = await host.call('StoragePool.connectStorageServer', {
      storagepoolID: zeroId,
      domainType: 4,
      connectionParams: ['data', 'file', 'missing'].map((id) => ({ id, connection: join(folder, id) })),
    });
    expect(answers).toEqual([
      { id: 'data', status: 0 },
      { id: 'file', status: 469 },
      { id: 'missing', status: 469 },
    ]);
  });

  test.each(['', '/', 'relative', '/a/../etc', '/a\nb', `/${'x'.repeat(300)}`])('%j is no folder of this host', async (path) => {
    expect(await connect(path)).toEqual([{ id: 'one', status: 453 }]);
  });

  test('storage that is not served is told so', async () => {
    expect(await connect('iqn.2026-01.test:disk', 3)).toEqual([{ id: 'one', status: 453 }]);
  });

  test('without the helper nothing is mounted, and the status says so', async () => {
    expect(await connect('server:/data', 1)).toEqual([{ id: 'one', status: 477 }]);
  });

  test('a domain is gone with its connection, and there again with it', async () => {
    const path = join(folder, 'data');
    const id = await localDomain(host, path);
    const params = { storagepoolID: zeroId, domainType: 4, connectionParams: [{ id: 'one', connection: `${path}/` }] };
    expect(await host.call('StoragePool.disconnectStorageServer', params)).toEqual([{ id: 'one', status: 0 }]);
    expect(await host.fails('StorageDomain.getInfo', { storagedomainID: id })).toBe(358);
    await host.call('StoragePool.connectStorageServer', params);
    expect(await host.call('StorageDomain.getInfo', { storagedomainID: id })).toMatchObject({ uuid: id, class: 'Data', role: 'Regular' });
  });
});

describe('domains', () => {
  test('a new domain has the layout that uploaders and other agents expect', async () => {
    const path = join(folder, 'data');
    const id = await localDomain(host, path);
    expect((await readdir(path)).sort()).toEqual([id]);
    expect((await readdir(join(path, id))).sort()).toEqual(['dom_md', 'images', 'master']);
    expect((await readdir(join(path, id, 'dom_md'))).sort()).toEqual(['ids', 'inbox', 'leases', 'metadata', 'outbox', 'xleases']);
    const metadata = await readFile(join(path, id, 'dom_md', 'metadata'), 'utf8');
    expect(metadata).toContain(`\nSDUUID=${id}\n`);
    expect(metadata).toMatch(/\nVERSION=5\n_SHA_CKSUM=[0-9a-f]{40}\n$/);
    expect(await host.call('Host.getStorageDomains', { domainClass: 1 })).toEqual([id]);
    expect(await host.call('Host.getStorageDomains', { domainClass: 2 })).toEqual([]);
  });

  test('a domain of ISO files lists them by a pattern, and nothing but files', async () => {
    const path = join(folder, 'iso');
    const id = await localDomain(host, path, 2);
    const files = join(path, id, 'images', '11111111-1111-1111-1111-111111111111');
    await writeFile(join(files, 'Debian.ISO'), 'x'.repeat(10));
    await writeFile(join(files, '.half.iso'), '');
    await writeFile(join(files, 'readme.txt'), '');
    await mkdir(join(files, 'folder.iso'));
    await symlink('/etc/passwd', join(files, 'passwd.iso'));
    const stats = (pattern: string, caseSensitive: boolean) =>
      host.call('StorageDomain.getFileStats', { storagedomainID: id, pattern, caseSensitive });
    expect(await stats('*.iso', false)).toEqual({
      'Debian.ISO': { status: 0, size: '10', ctime: expect.stringMatching(/^\d+$/) as string },
    });
    expect(await stats('*.iso', true)).toEqual({});
    expect(
      await host.fails('StorageDomain.getFileStats', { storagedomainID: await localDomain(host, join(folder, 'd')), pattern: '*' }),
    ).toBe(372);
  });

  test('a name cannot smuggle a line into the metadata', async () => {
    await localDomain(host, join(folder, 'data'));
    const params = { storagedomainID: randomUUID(), domainType: 4, typeArgs: join(folder, 'data'), domainClass: 1, version: 5 };
    expect(await host.fails('StorageDomain.create', { ...params, name: 'x\nPOOL_UUID=y' })).toBe(1000);
    expect(await host.fails('StorageDomain.create', { ...params, name: 'x'.repeat(300) })).toBe(387);
    expect(await host.fails('StorageDomain.create', { ...params, name: 'x', typeArgs: '/elsewhere' })).toBe(360);
    expect(await host.fails('StorageDomain.create', { ...params, name: 'x', version: 9 })).toBe(394);
    expect(await host.fails('StorageDomain.create', { ...params, name: 'x', domainType: 3 })).toBe(372);
    expect((await readdir(join(folder, 'data'))).length).toBe(1);
  });

  test('the same domain is not made twice', async () => {
    const id = await localDomain(host, join(folder, 'data'));
    const params = { storagedomainID: id, domainType: 4, typeArgs: join(folder, 'data'), name: 'x', domainClass: 1, version: 5 };
    expect(await host.fails('StorageDomain.create', params)).toBe(365);
  });

  test.each([
    ['torn', (text: string) => text.slice(0, text.length / 2)],
    ['forged', (text: string) => text.replace('ROLE=Regular', 'ROLE=Master')],
    ['huge', () => 'A=B\n'.repeat(1_000_000)],
    ['of another domain', () => 'CLASS=Data\nSDUUID=1\n'],
  ])('metadata that is %s is refused, and no other domain suffers', async (_what, change) => {
    const [bad, good] = [await localDomain(host, join(folder, 'bad')), await localDomain(host, join(folder, 'good'))];
    const file = join(folder, 'bad', bad, 'dom_md', 'metadata');
    await writeFile(file, change(await readFile(file, 'utf8')));
    expect([350, 379]).toContain(await host.fails('StorageDomain.getInfo', { storagedomainID: bad }));
    expect(await host.call('Host.getStorageDomains')).toEqual([good]);
  });

  test('a link in place of a folder or file of a domain is not followed', async () => {
    const path = join(folder, 'data');
    const id = await localDomain(host, path);
    await rename(join(path, id, 'dom_md', 'metadata'), join(folder, 'metadata'));
    await symlink(join(folder, 'metadata'), join(path, id, 'dom_md', 'metadata'));
    expect(await host.fails('StorageDomain.getInfo', { storagedomainID: id })).toBe(379);
    await rm(join(path, id, 'dom_md', 'metadata'));
    await rename(join(folder, 'metadata'), join(path, id, 'dom_md', 'metadata'));
    await rename(join(path, id, 'images'), join(folder, 'elsewhere'));
    await symlink(join(folder, 'elsewhere'), join(path, id, 'images'));
    await expect(host.call('StorageDomain.getImages', { storagedomainID: id })).rejects.toThrow(/ENOTDIR|ELOOP/);
  });

  test('a copy of a whole storage is not taken for the original', async () => {
    const id = await localDomain(host, join(folder, 'data'));
    await localDomain(host, join(folder, 'copy'));
    await execa('cp', ['-a', join(folder, 'data', id), join(folder, 'copy')]);
    const other = await testStorage(join(folder, 'b'), leases.of(), undefined, { localFolder: host.settings.localFolder });
    expect(await other.fails('StorageDomain.getInfo', { storagedomainID: id })).toBe(350);
    await other.part.stop?.();
  });

  test('formatting removes a domain that belongs to nobody', async () => {
    const id = await localDomain(host, join(folder, 'data'));
    await host.call('StorageDomain.format', { storagedomainID: id, autoDetach: false });
    expect(await readdir(join(folder, 'data'))).toEqual([]);
    expect(await host.fails('StorageDomain.format', { storagedomainID: id, autoDetach: false })).toBe(358);
  });
});

describe('pools', () => {
  test('the first domain of a data center, as the engine goes about it', async () => {
    const pool = await localPool(host, join(folder, 'data'));
    const { storagepoolID, storagedomainID } = pool;
    expect(await host.call('Host.getConnectedStoragePools')).toEqual([storagepoolID]);
    expect(await host.call('StoragePool.getSpmStatus', { storagepoolID })).toEqual({ spmId: 1, spmStatus: 'SPM', spmLver: 2 });
    expect(await host.call('StoragePool.getInfo', { storagepoolID })).toMatchObject({
      info: {
        name: 'Default',
        master_uuid: storagedomainID,
        master_ver: 1,
        spm_id: 1,
        domains: `${storagedomainID}:Active`,
        pool_status: 'connected',
      },
      dominfo: { [storagedomainID]: { status: 'Active', diskfree: expect.stringMatching(/^\d+$/) as string } },
    });
    expect(await host.call('StorageDomain.getInfo', { storagedomainID })).toMatchObject({ role: 'Master', pool: [storagepoolID] });
    expect((await readdir(join(host.settings.poolFolder, storagepoolID))).sort()).toEqual(['mastersd', storagedomainID].sort());
  });

  test('a second domain comes and goes', async () => {
    const { storagepoolID, storagedomainID: master } = await localPool(host, join(folder, 'data'));
    const storagedomainID = await localDomain(host, join(folder, 'more'));
    const both = { storagepoolID, storagedomainID };
    await host.call('StorageDomain.attach', both);
    await host.call('StorageDomain.attach', both);
    await host.call('StorageDomain.activate', both);
    expect(await host.fails('StorageDomain.detach', both)).toBe(356);
    expect(await host.fails('StorageDomain.format', { storagedomainID, autoDetach: true })).toBe(380);
    expect(
      await host.fails('StorageDomain.deactivate', { storagepoolID, storagedomainID: master, masterSdUUID: zeroId, masterVersion: 1 }),
    ).toBe(383);
    await host.call('StorageDomain.deactivate', { ...both, masterSdUUID: zeroId, masterVersion: 0 });
    await host.call('StorageDomain.detach', { ...both, masterSdUUID: zeroId, masterVersion: 0 });
    expect(await host.fails('StorageDomain.activate', both)).toBe(354);
    await host.call('StorageDomain.format', { storagedomainID, autoDetach: false });
    const last = { storagepoolID, storagedomainID: master };
    expect(await host.fails('StorageDomain.detach', last)).toBe(383);
    await host.call('StorageDomain.deactivate', { ...last, masterSdUUID: zeroId, masterVersion: 1 });
    await host.call('StoragePool.destroy', { storagepoolID });
    expect(await host.call('StorageDomain.getInfo', { storagedomainID: master })).toMatchObject({ role: 'Regular', pool: [] });
    expect(await host.call('Host.getConnectedStoragePools')).toEqual([]);
  });

  test('a domain of one pool is not taken by another', async () => {
    const first = await localPool(host, join(folder, 'data'));
    const second = await localPool(host, join(folder, 'other'));
    const stolen = { storagepoolID: second.storagepoolID, storagedomainID: first.storagedomainID };
    expect(await host.fails('StorageDomain.attach', stolen)).toBe(380);
    const params = { storagepoolID: randomUUID(), name: 'x', masterSdUUID: first.storagedomainID, masterVersion: 1, domainList: [] };
    expect(await host.fails('StoragePool.create', params)).toBe(380);
  });

  test('a domain of ISO files is no master', async () => {
    const id = await localDomain(host, join(folder, 'iso'), 2);
    const params = { storagepoolID: randomUUID(), name: 'x', masterSdUUID: id, masterVersion: 1, domainList: [id] };
    expect(await host.fails('StoragePool.create', params)).toBe(317);
  });

  test('of two hosts one is the SPM, and the other may change nothing', async () => {
    const pool = await localPool(host, join(folder, 'data'));
    const { storagepoolID, storagedomainID } = pool;
    const other = await testStorage(join(folder, 'b'), leases.of(), undefined, { localFolder: host.settings.localFolder });
    await joinPool(other, pool, 2);
    expect(await other.call('StoragePool.getSpmStatus', { storagepoolID })).toMatchObject({ spmId: 1, spmStatus: 'Free' });
    expect(await other.task('StoragePool.spmStart', { storagepoolID })).toMatchObject({ taskResult: 'cleanSuccess', code: 651 });
    expect(await other.fails('StorageDomain.activate', { storagepoolID, storagedomainID })).toBe(654);
    expect(await other.fails('Image.delete', { ...newVolume(pool), postZero: false })).toBe(654);
    await host.call('StoragePool.spmStop', { storagepoolID });
    expect(await other.task('StoragePool.spmStart', { storagepoolID })).toMatchObject({ taskResult: 'success' });
    expect(await host.call('StoragePool.getSpmStatus', { storagepoolID })).toEqual({ spmId: 2, spmStatus: 'Free', spmLver: 3 });
    await other.part.stop?.();
  });

  test('whoever has the role keeps it, and its tasks, when told to take it again', async () => {
    const pool = await localPool(host, join(folder, 'data'));
    const params = { ...newVolume(pool), size: MiB, volFormat: RAW, preallocate: sparse, diskType: 'DATA', desc: '' };
    const taskID = await host.call<string>('Volume.create', params);
    expect(await host.task('StoragePool.spmStart', { storagepoolID: pool.storagepoolID })).toMatchObject({ taskResult: 'success' });
    expect(await host.ended(taskID)).toMatchObject({ taskResult: 'success' });
    expect(await host.call('StoragePool.getSpmStatus', { storagepoolID: pool.storagepoolID })).toMatchObject({ spmLver: 2 });
  });

  test('whoever loses the role changes nothing any more', async () => {
    const pool = await localPool(host, join(folder, 'data'));
    leases.lose(pool.storagedomainID);
    expect(await host.fails('StorageDomain.activate', pool as never)).toBe(654);
    expect(await host.fails('Volume.create', { ...newVolume(pool), size: MiB, volFormat: RAW, preallocate: sparse })).toBe(654);
    expect(await host.call('StoragePool.getSpmStatus', { storagepoolID: pool.storagepoolID })).toMatchObject({ spmStatus: 'Free' });
    expect(host.log()).toContain('the role of the SPM is lost');
  });

  test('a lost master is replaced by another domain of the pool', async () => {
    const { storagepoolID, path } = await localPool(host, join(folder, 'data'));
    const next = await localDomain(host, join(folder, 'more'));
    await host.call('StorageDomain.attach', { storagepoolID, storagedomainID: next });
    await host.call('StoragePool.spmStop', { storagepoolID });
    await host.call('StoragePool.disconnect', { storagepoolID, hostID: 1 });
    await rename(path, `${path}-lost`);
    const master = { storagepoolID, masterSdUUID: next, masterVersion: 2 };
    await host.call('StoragePool.reconstructMaster', { ...master, hostId: 1, name: 'Default', domainDict: { [next]: 'attached' } });
    expect(await host.fails('StoragePool.connect', { ...master, masterVersion: 1, hostID: 1 })).toBe(326);
    await host.call('StoragePool.connect', { ...master, hostID: 1 });
    expect(await host.task('StoragePool.spmStart', { storagepoolID })).toMatchObject({ taskResult: 'success' });
  });
});

describe('volumes', () => {
  let pool: TestPool;
  beforeEach(async () => {
    pool = await localPool(host, join(folder, 'data'));
  });

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
    expect((await readdir(join(pathOf(pool, ids), '..'))).sort()).toEqual([ids.volumeID, `${ids.volumeID}.lease`, `${ids.volumeID}.meta`]);
    expect(await host.call('Image.prepare', { ...ids })).toEqual({ path: seenAt(ids) });

    expect(await host.task('Volume.extendSize', { ...ids, newSize: String(128 * MiB) })).toMatchObject({ taskResult: 'success' });
    const { stdout } = await execa('qemu-img', ['info', '--output=json', pathOf(pool, ids)]);
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
    await execa('qemu-io', ['-c', 'write -P 7 0 64k', pathOf(pool, disk)]);
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
    const { stdout } = await execa('qemu-io', ['-c', 'read -P 7 0 64k', pathOf(pool, clone)]);
    expect(stdout).not.toContain('failed');
    expect(await host.task('Image.delete', { ...template, postZero: false })).toMatchObject({ taskResult: 'cleanSuccess', code: 250 });
    expect(await host.fails('Volume.copy', copy)).toBe(212);
  });

  test('parameters that make no volume are refused before there is a task', async () => {
    const ids = newVolume(pool);
    const good = { ...ids, size: MiB, volFormat: RAW, preallocate: sparse, diskType: 'DATA', desc: '' };
    expect(await host.fails('Volume.create', { ...good, size: 0 })).toBe(229);
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
    await mkdir(join(pathOf(pool, ids), '..'));
    await writeFile(pathOf(pool, ids), 'theirs');
    expect(await create(ids)).toMatchObject({ taskResult: 'cleanSuccess', code: 212 });
    expect(await readFile(pathOf(pool, ids), 'utf8')).toBe('theirs');
  });

  test('an upload begins illegal, is looked into, and becomes legal', async () => {
    const ids = newVolume(pool);
    await create(ids, { volFormat: COW, legal: false });
    expect(await host.fails('Image.prepare', { ...ids })).toBe(200);
    expect(await host.call('Image.prepare', { ...ids, allowIllegal: true })).toEqual({ path: seenAt(ids) });
    // What was uploaded stands on a file of the host.
    await rm(pathOf(pool, ids));
    await execa('qemu-img', ['create', '-q', '-f', 'qcow2', '-u', '-b', '/etc/shadow', '-F', 'raw', pathOf(pool, ids), '64M']);
    expect(await host.fails('Volume.verify_untrusted', { ...ids })).toBe(200);
    expect(await host.fails('Image.prepare', { ...ids, allowIllegal: true })).toBe(200);
    await execa('qemu-img', ['create', '-q', '-f', 'qcow2', pathOf(pool, ids), '128M']);
    expect(await host.fails('Volume.verify_untrusted', { ...ids })).toBe(200);
    await execa('qemu-img', ['create', '-q', '-f', 'qcow2', pathOf(pool, ids), '64M']);
    expect(await host.call('Volume.verify_untrusted', { ...ids })).toBe(true);
    await host.call('Volume.setLegality', { ...ids, legality: 'LEGAL' });
    expect(await host.call('Image.prepare', { ...ids })).toEqual({ path: seenAt(ids) });
  });

  test('what leads to a file of the host is not made larger', async () => {
    const ids = newVolume(pool);
    await create(ids, { volFormat: COW });
    await execa('qemu-img', ['create', '-q', '-f', 'qcow2', '-u', '-b', '/etc/shadow', '-F', 'raw', pathOf(pool, ids), '64M']);
    expect(await host.task('Volume.extendSize', { ...ids, newSize: String(128 * MiB) })).toMatchObject({ code: 200 });
    expect(await host.call('Volume.getInfo', { ...ids })).toMatchObject({ capacity: String(64 * MiB) });
    const { stdout } = await execa('qemu-img', ['info', '--output=json', pathOf(pool, ids)]);
    expect(JSON.parse(stdout)).toMatchObject({ 'virtual-size': 64 * MiB });
  });

  test('a link in place of a volume is given to nobody', async () => {
    const ids = newVolume(pool);
    await create(ids);
    await rm(pathOf(pool, ids));
    await symlink('/etc/shadow', pathOf(pool, ids));
    expect(await host.fails('Image.prepare', { ...ids })).toBe(200);
    await host.task('Image.delete', { ...ids, postZero: true });
    expect((await readFile('/etc/shadow')).length).toBeGreaterThan(0);
  });

  test('volumes that stand on each other in a ring end', async () => {
    const [one, two] = [newVolume(pool), newVolume(pool)];
    await create(one);
    await create({ ...two, imageID: one.imageID }, { volFormat: COW, srcImgUUID: one.imageID, srcVolUUID: one.volumeID });
    const meta = `${pathOf(pool, one)}.meta`;
    await writeFile(meta, (await readFile(meta, 'utf8')).replace(/^PUUID=.*$/m, `PUUID=${two.volumeID}`));
    expect(await host.fails('Image.prepare', { ...one })).toBe(250);
  });

  test('a task that was stopped leaves nothing behind', async () => {
    const source = newVolume(pool);
    await create(source, { size: String(512 * MiB) });
    await truncate(pathOf(pool, source), 512 * MiB);
    await execa('dd', ['if=/dev/urandom', `of=${pathOf(pool, source)}`, 'bs=1M', 'count=256', 'conv=notrunc', 'status=none']);
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
