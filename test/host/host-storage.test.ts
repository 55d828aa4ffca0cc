import { randomUUID } from 'node:crypto';
import { chown, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { TaskStatus } from '../../src/services/host-agent/storage/tasks.ts';
import { folder as hostFolder } from '../support/host-image.ts';
import { bootStorageHost, newPoolIds, shared, type StorageHost } from '../support/storage-host.ts';
import { whyNoHosts } from '../support/test-host.ts';

const obstacle = await whyNoHosts();
const zeroId = '00000000-0000-0000-0000-000000000000';
const vdsm = 36;

describe.skipIf(obstacle !== null)(`storage that two hosts share${obstacle === null ? '' : ` (${obstacle})`}`, { timeout: 600_000 }, () => {
  let folder: string;
  let hosts: readonly [StorageHost, StorageHost];
  const pool = newPoolIds();
  const connection = { id: randomUUID(), connection: shared, vfs_type: 'bind' };
  const connectStorage = (host: StorageHost, more: object = {}) =>
    host.call('StoragePool.connectStorageServer', {
      storagepoolID: zeroId,
      domainType: 6,
      connectionParams: [{ ...connection, ...more }],
    });
  const join = (host: StorageHost, hostID: number) =>
    host.call('StoragePool.connect', {
      ...pool,
      hostID,
      scsiKey: '',
      masterSdUUID: pool.storagedomainID,
      masterVersion: 1,
      domainDict: {},
    });
  /** A busy machine may not get to the storage in the two seconds that a lease gives it here; then the agent tries again by itself. */
  const startSpm = async (host: StorageHost): Promise<TaskStatus> => {
    const outcome = await host.task('StoragePool.spmStart', { storagepoolID: pool.storagepoolID });
    return outcome.code === 661 ? startSpm(host) : outcome;
  };
  const startSpmWhenFree = async (host: StorageHost): Promise<TaskStatus> => {
    const outcome = await startSpm(host);
    return outcome.code === 651 ? startSpmWhenFree(host) : outcome;
  };
  const spm = async (host: StorageHost): Promise<unknown> => (await host.call('StoragePool.getSpmStatus', pool)).result;
  const volume = { ...pool, imageID: randomUUID(), size: '1048576', volFormat: 5, preallocate: 2, diskType: 'DATA', desc: '' };

  beforeAll(async () => {
    await mkdir(hostFolder, { recursive: true });
    folder = await mkdtemp(`${hostFolder}/shared-`);
    await mkdir(`${folder}/pool`);
    await chown(`${folder}/pool`, vdsm, vdsm);
    hosts = [await bootStorageHost(folder), await bootStorageHost(folder)];
  });
  afterAll(async () => {
    for (const host of hosts) await host.remove();
    await rm(folder, { recursive: true, force: true });
  });

  test('is mounted by the helper, guarded, and nothing else is', async () => {
    const [host] = hosts;
    expect(await connectStorage(host)).toEqual({ result: [{ id: connection.id, status: 0 }] });
    expect(await host.shell('grep " /rhev/data-center/mnt/_srv_shared_pool " /proc/self/mountinfo')).toMatch(/nosuid,nodev,noexec/);
    expect(await connectStorage(host, { connection: '/etc' })).toEqual({ result: [{ id: connection.id, status: 453 }] });
    expect(await connectStorage(host, { mnt_options: 'suid' })).toEqual({ result: [{ id: connection.id, status: 453 }] });
    expect(await connectStorage(host, { connection: 'nowhere.test:/x', vfs_type: 'nfs' })).toEqual({
      result: [{ id: connection.id, status: 477 }],
    });
    expect(await host.shell('ls /rhev/data-center/mnt')).toBe('_srv_shared_pool\n');
    const other = await host.run([
      'runuser',
      '-u',
      'nobody',
      '--',
      'curl',
      '--unix-socket',
      '/run/ovirt-host-helper/socket',
      'http://x/mount',
    ]);
    expect(other.code).not.toBe(0);
    const [, exposure = ''] =
      /exposure level for ovirt-host-helper.service: ([\d.]+)/.exec(await host.shell('systemd-analyze security ovirt-host-helper')) ?? [];
    expect(Number(exposure)).toBeLessThanOrEqual(3);
  });

  test('holds a pool, made with a lease as everything else is', async () => {
    const [host] = hosts;
    const domain = { storagedomainID: pool.storagedomainID, domainType: 6, typeArgs: shared, name: 'data', domainClass: 1, version: 5 };
    expect(await host.call('StorageDomain.create', domain)).toEqual({ result: true });
    const made = { ...pool, name: 'Default', masterSdUUID: pool.storagedomainID, masterVersion: 1, domainList: [pool.storagedomainID] };
    expect(await host.call('StoragePool.create', made)).toEqual({ result: true });
    expect(await connectStorage(hosts[1])).toEqual({ result: [{ id: connection.id, status: 0 }] });
  });

  test('has one SPM of two hosts that race for it', async () => {
    await Promise.all([join(hosts[0], 1), join(hosts[1], 2)]);
    const outcomes = await Promise.all(hosts.map(startSpm));
    expect(outcomes.map(({ code }) => code).sort((a, b) => a - b)).toEqual([0, 651]);
    const winner = outcomes[0]?.code === 0 ? 0 : 1;
    const states = await Promise.all(hosts.map(spm));
    expect(states[winner]).toMatchObject({ spmStatus: 'SPM', spmId: winner + 1 });
    expect(states[1 - winner]).toMatchObject({ spmStatus: 'Free', spmId: winner + 1 });
    const [first, second] = winner === 0 ? hosts : ([hosts[1], hosts[0]] as const);
    expect(await second.call('StorageDomain.activate', pool)).toMatchObject({ code: 654 });
    expect(await first.call('StorageDomain.activate', pool)).toEqual({ result: true });
    // The first host has it from here on.
    if (winner === 0) return;
    await first.call('StoragePool.spmStop', pool);
    expect(await startSpm(second)).toMatchObject({ code: 0 });
  });

  test('is changed by nobody who has lost the role', async () => {
    const [host] = hosts;
    // What sanlock does to whoever holds a lease that it cannot renew.
    await host.shell('pkill -KILL -u vdsm -x cat');
    expect(await host.call('Volume.create', { ...volume, volumeID: randomUUID() })).toMatchObject({ code: 654 });
    expect(await startSpm(host)).toMatchObject({ code: 0 });
    expect(await host.task('Volume.create', { ...volume, volumeID: randomUUID() })).toMatchObject({ taskResult: 'success' });
  });

  test('is changed by nobody whose sanlock has died, until that is back', async () => {
    const [host] = hosts;
    await host.shell('pkill -KILL -x sanlock');
    await vi.waitFor(async () =>
      expect(await host.call('Volume.create', { ...volume, volumeID: randomUUID() })).toMatchObject({ code: 654 }),
    );
    expect(await host.shell('pgrep -u vdsm -x cat || true')).toBe('');
    expect(await host.task('StoragePool.spmStart', { storagepoolID: pool.storagepoolID })).toMatchObject({ code: 661 });
    await host.shell('systemctl restart sanlock');
    expect(await startSpmWhenFree(host)).toMatchObject({ code: 0 });
  });

  test('has another SPM as soon as an agent is killed, and what was begun comes to its end', async () => {
    const [host, other] = hosts;
    const begun = await host.call('Volume.create', { ...volume, volumeID: randomUUID(), size: String(2 ** 28), preallocate: 1 });
    expect(begun).toMatchObject({ result: expect.any(String) as string });
    await host.shell('kill -KILL $(systemctl show --property=MainPID --value agent)');
    expect(await startSpmWhenFree(other)).toMatchObject({ code: 0 });
    const tasks = Object.values((await other.call<Record<string, { taskState: string }>>('Host.getAllTasksStatuses', {})).result ?? {});
    expect(tasks.filter(({ taskState }) => taskState !== 'finished')).toEqual([]);
    expect(await other.call('StoragePool.spmStop', pool)).toEqual({ result: true });
    await host.begin();
    await connectStorage(host);
    // It has the number of the agent that was killed; this one gets another.
    await join(host, 3);
    expect(await startSpm(host)).toMatchObject({ code: 0 });
  });

  test('has another SPM when the power of one was cut, and not before its lease has run out', async () => {
    const [host, other] = hosts;
    await host.cutPower();
    expect(await startSpm(other)).toMatchObject({ code: 651 });
    expect(await startSpmWhenFree(other)).toMatchObject({ code: 0, taskResult: 'success' });
    expect(await spm(other)).toMatchObject({ spmStatus: 'SPM', spmId: 2 });
  });
});
