import { randomUUID } from 'node:crypto';
import { lstat, readdir, readlink, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import type { Leases } from '../../src/services/host-agent/storage/leases.ts';
import { joinPool, localDomain, localPool, testStorage, type TestLeases, type TestStorage, zeroId } from '../support/host-storage.ts';
import { useHostStorage } from '../support/running-host-storage.ts';
import { MiB, newVolume, RAW, sparse } from '../support/volumes.ts';
import { eventually } from '../support/waiting.ts';

/* Pools of storage domains, and the host that manages one. */

const tests = useHostStorage();
let folder: string;
let host: TestStorage;
let leases: TestLeases;
beforeEach(() => void ({ folder, host, leases } = tests));

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
    expect(await host.fails('StoragePool.spmStart', { storagepoolID, domVersion: 4 })).toBe(394);
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

  test('links by which machines are started stay while others come and go', async () => {
    const pool = await localPool(host, join(folder, 'data'));
    const { storagepoolID, storagedomainID } = pool;
    const links = join(host.settings.poolFolder, storagepoolID);
    const known = async () => Promise.all(['mastersd', storagedomainID].map(async (name) => (await lstat(join(links, name))).ino));
    const before = await known();
    const second = await localDomain(host, join(folder, 'more'));
    await host.call('StorageDomain.attach', { storagepoolID, storagedomainID: second });
    const refresh = () => host.call('StoragePool.refresh', { storagepoolID, masterSdUUID: storagedomainID, masterVersion: 1 });
    await Promise.all([
      host.call('StorageDomain.activate', { storagepoolID, storagedomainID: second }),
      refresh(),
      joinPool(host, pool, 1),
    ]);
    expect(await known()).toEqual(before);
    // One whose storage is away for a moment keeps its own; one that moved has it led there.
    await rename(join(folder, 'more'), join(folder, 'away'));
    await refresh();
    expect(await readlink(join(links, second))).toBe(join(folder, 'more', second));
    const connectionParams = [{ id: randomUUID(), connection: join(folder, 'away') }];
    await host.call('StoragePool.connectStorageServer', { storagepoolID, domainType: 4, connectionParams });
    await refresh();
    expect(await readlink(join(links, second))).toBe(join(folder, 'away', second));
    expect((await readdir(links)).sort()).toEqual(['mastersd', storagedomainID, second].sort());
  });

  test('a domain of one pool is not taken by another', async () => {
    const first = await localPool(host, join(folder, 'data'));
    const second = await localPool(host, join(folder, 'other'));
    const stolen = { storagepoolID: second.storagepoolID, storagedomainID: first.storagedomainID };
    expect(await host.fails('StorageDomain.attach', stolen)).toBe(380);
    const params = { storagepoolID: randomUUID(), name: 'x', masterSdUUID: first.storagedomainID, masterVersion: 1, domainList: [] };
    expect(await host.fails('StoragePool.create', params)).toBe(380);
  });

  test('is made once, whoever asks for it again while it is being made', async () => {
    const id = await localDomain(host, join(folder, 'data'));
    const params = { storagepoolID: randomUUID(), name: 'x', masterSdUUID: id, masterVersion: 1, domainList: [id] };
    const outcomes = await Promise.allSettled([1, 2].map(() => host.call('StoragePool.create', params)));
    expect(outcomes.filter(({ status }) => status === 'rejected')).toMatchObject([{ reason: { code: 316 } }]);
  });

  test('is told to be there only when the lease is given back with which it was made', async () => {
    const gate = Promise.withResolvers<undefined>();
    const own = leases.of();
    const leave: typeof own.leave = (...which) => gate.promise.then(() => own.leave(...which));
    const maker = await testStorage(join(folder, 'maker'), { ...own, leave });
    const id = await localDomain(maker, join(folder, 'data'));
    const params = { storagepoolID: randomUUID(), name: 'x', masterSdUUID: id, masterVersion: 1, domainList: [id] };
    const first = maker.call('StoragePool.create', params);
    await eventually(async () =>
      expect(await maker.call('StorageDomain.getInfo', { storagedomainID: id })).toMatchObject({ pool: [params.storagepoolID] }),
    );
    let isAnswered = false;
    const again = maker.fails('StoragePool.create', params).finally(() => (isAnswered = true));
    await maker.call('StorageDomain.getInfo', { storagedomainID: id });
    expect(isAnswered).toBe(false);
    gate.resolve(undefined);
    await first;
    expect(await again).toBe(316);
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

  test('what an agent that was killed while it made a pool has left is given back before the next one makes one', async () => {
    const given: number[] = [];
    const other: Leases = { ...leases.of(), leaveEverywhere: async (hostId) => void given.push(hostId) };
    const next = await testStorage(join(folder, 'b'), { ...other, join: async () => Promise.reject(new Error(`after ${given.join()}`)) });
    const storagedomainID = await localDomain(next, join(folder, 'data'));
    const params = { storagepoolID: randomUUID(), name: 'Default', masterSdUUID: storagedomainID, masterVersion: 1, domainList: [] };
    await expect(next.call('StoragePool.create', params)).rejects.toThrow('after 250');
    await next.part.stop?.();
  });

  test('whoever leaves before a place is there does not get one afterwards', async () => {
    const pool = await localPool(host, join(folder, 'data'));
    const other = leases.of();
    const [asked, left] = [Promise.withResolvers<undefined>(), vi.fn(() => Promise.resolve())];
    const slow: Leases = {
      ...other,
      // sanlock goes on with it though nobody waits any more.
      join: (_places, _hostId, signal) =>
        new Promise((_resolve, reject) => {
          asked.resolve(undefined);
          signal.addEventListener('abort', () => reject(new Error('nobody waits')));
        }),
      leave: left,
    };
    const second = await testStorage(join(folder, 'b'), slow, undefined, { localFolder: host.settings.localFolder });
    await joinPool(second, pool, 2);
    await asked.promise;
    await second.call('StoragePool.disconnect', { storagepoolID: pool.storagepoolID, hostID: 2 });
    expect(left).toHaveBeenCalledWith(expect.objectContaining({ domain: pool.storagedomainID }), 2);
    await second.part.stop?.();
  });

  test('whoever loses the role changes nothing any more', async () => {
    const pool = await localPool(host, join(folder, 'data'));
    leases.lose(pool.storagedomainID);
    expect(await host.fails('StorageDomain.activate', pool as never)).toBe(654);
    expect(await host.fails('Volume.create', { ...newVolume(pool), size: MiB, volFormat: RAW, preallocate: sparse })).toBe(654);
    expect(await host.call('StoragePool.getSpmStatus', { storagepoolID: pool.storagepoolID })).toMatchObject({ spmStatus: 'Free' });
    expect(host.log()).toContain('the role of the SPM is lost');
    // When the storage is back, so is whoever had it.
    expect(await host.task('StoragePool.spmStart', { storagepoolID: pool.storagepoolID })).toMatchObject({ taskResult: 'success' });
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
