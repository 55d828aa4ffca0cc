import { randomUUID } from 'node:crypto';
import { cp, mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TaskStatus } from '../../src/services/host-agent/storage/tasks.ts';
import {
  joinPool,
  localDomain,
  localPool,
  testLeases,
  testStorage,
  type TestPool,
  type TestStorage,
  zeroId,
} from '../support/host-storage.ts';

const killed = fileURLToPath(new URL('../support/killed-host.ts', import.meta.url));
const MiB = 1024 * 1024;

let folder: string;
let pool: TestPool;
let storage: string;
let localFolder: string;
/** An image with a volume that another one stands on, and that one. */
const image = randomUUID();
const [base, top] = [randomUUID(), randomUUID()];
let second: string;

const shape = { volFormat: 4, preallocate: 2, diskType: 'DATA', desc: '', size: String(16 * MiB) };

/** A pool on a storage whose copy each kill has for itself. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'host-killed-'));
  storage = join(folder, 'storage');
  const host = await testStorage(join(folder, 'first'), testLeases().of());
  ({ localFolder } = host.settings);
  pool = await localPool(host, storage);
  const ids = { storagepoolID: pool.storagepoolID, storagedomainID: pool.storagedomainID, imageID: image };
  await host.task('Volume.create', { ...ids, ...shape, volumeID: base, srcVolUUID: zeroId });
  await host.task('Volume.create', { ...ids, ...shape, volumeID: top, srcImgUUID: image, srcVolUUID: base });
  second = await localDomain(host, join(storage, 'second'));
  await host.call('StoragePool.spmStop', { storagepoolID: pool.storagepoolID });
  await host.part.stop?.();
  await cp(storage, `${storage}-before`, { recursive: true });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const ids = () => ({ storagepoolID: pool.storagepoolID, storagedomainID: pool.storagedomainID, imageID: image });
const [newImage, newVolume] = [randomUUID(), randomUUID()];

interface Story {
  readonly what: string;
  readonly verb: string;
  readonly isTask: boolean;
  readonly params: () => Readonly<Record<string, unknown>>;
  /** What must hold after the next start, whatever the moment was. */
  readonly holds: (host: TestStorage, task: TaskStatus | undefined) => Promise<void>;
}

const images = (): Promise<string[]> => readdir(join(storage, pool.storagedomainID, 'images'));
const volumes = async (of: string): Promise<string[]> => (await readdir(join(storage, pool.storagedomainID, 'images', of))).sort();
const whole = (volume: string): string[] => [volume, `${volume}.lease`, `${volume}.meta`];

/** The image is as it was before. */
const untouched = async (host: TestStorage): Promise<void> => {
  expect(await volumes(image)).toEqual([...whole(base), ...whole(top)].sort());
  expect(await host.call('Volume.getInfo', { ...ids(), volumeID: base })).toMatchObject({ legality: 'LEGAL', voltype: 'INTERNAL' });
  expect(await host.call('Volume.getInfo', { ...ids(), volumeID: top })).toMatchObject({ legality: 'LEGAL', voltype: 'LEAF' });
};

/** A new volume is there as a whole, or not at all. */
const wholeOrNothing = async (host: TestStorage, task: TaskStatus | undefined): Promise<void> => {
  await untouched(host);
  if ((await images()).includes(newImage)) {
    expect(task).toMatchObject({ taskResult: 'success' });
    expect(await volumes(newImage)).toEqual(whole(newVolume));
    expect(await host.call('Volume.getInfo', { ...ids(), imageID: newImage, volumeID: newVolume })).toMatchObject({ legality: 'LEGAL' });
    await host.call('Image.prepare', { ...ids(), imageID: newImage, volumeID: newVolume });
  } else {
    expect(await images()).toEqual([image]);
    if (task !== undefined) expect(task).toMatchObject({ taskResult: 'cleanSuccess', code: 411 });
  }
};

const stories: readonly Story[] = [
  {
    what: 'a volume is made',
    verb: 'Volume.create',
    isTask: true,
    params: () => ({ ...ids(), ...shape, imageID: newImage, volumeID: newVolume, srcVolUUID: zeroId }),
    holds: wholeOrNothing,
  },
  {
    what: 'a volume is made that stands on another one',
    verb: 'Volume.create',
    isTask: true,
    params: () => ({ ...ids(), ...shape, volumeID: newVolume, srcImgUUID: image, srcVolUUID: top }),
    async holds(host, task) {
      const above = (await volumes(image)).includes(newVolume);
      if (!above) return untouched(host);
      expect(task).toMatchObject({ taskResult: 'success' });
      expect(await volumes(image)).toEqual([...whole(base), ...whole(top), ...whole(newVolume)].sort());
      expect(await host.call('Volume.getInfo', { ...ids(), volumeID: top })).toMatchObject({ voltype: 'INTERNAL', children: [newVolume] });
      await host.call('Image.prepare', { ...ids(), volumeID: newVolume });
    },
  },
  {
    what: 'a volume is copied',
    verb: 'Volume.copy',
    isTask: true,
    params: () => ({
      ...ids(),
      volumeID: top,
      dstSdUUID: pool.storagedomainID,
      dstImgUUID: newImage,
      dstVolUUID: newVolume,
      volType: 6,
      volFormat: 5,
      preallocate: 2,
    }),
    holds: wholeOrNothing,
  },
  {
    what: 'a volume is removed',
    verb: 'Volume.delete',
    isTask: true,
    params: () => ({ ...ids(), volumeID: top, postZero: true }),
    async holds(host, task) {
      if (task === undefined) return untouched(host);
      expect(task).toMatchObject({ taskResult: 'success' });
      expect(await volumes(image)).toEqual(whole(base));
      expect(await host.call('Volume.getInfo', { ...ids(), volumeID: base })).toMatchObject({ voltype: 'LEAF', legality: 'LEGAL' });
    },
  },
  {
    what: 'an image is removed',
    verb: 'Image.delete',
    isTask: true,
    params: () => ({ ...ids(), postZero: false }),
    async holds(host, task) {
      if (task === undefined) return untouched(host);
      expect(task).toMatchObject({ taskResult: 'success' });
      expect(await images()).toEqual([]);
    },
  },
  {
    what: 'a volume is made larger',
    verb: 'Volume.extendSize',
    isTask: true,
    params: () => ({ ...ids(), volumeID: top, newSize: 32 * MiB }),
    async holds(host, task) {
      await untouched(host);
      const { stdout } = await execa('qemu-img', ['info', '--output=json', join(storage, pool.storagedomainID, 'images', image, top)]);
      const { capacity } = await host.call<{ capacity: string }>('Volume.getInfo', { ...ids(), volumeID: top });
      expect(JSON.parse(stdout)).toMatchObject({ 'virtual-size': Number(capacity) });
      expect(Number(capacity)).toBe(task === undefined ? 16 * MiB : 32 * MiB);
    },
  },
  {
    what: 'a domain is attached',
    verb: 'StorageDomain.attach',
    isTask: false,
    params: () => ({ storagepoolID: pool.storagepoolID, storagedomainID: second }),
    async holds(host) {
      const both = { storagepoolID: pool.storagepoolID, storagedomainID: second };
      await host.call('StorageDomain.attach', both);
      await host.call('StorageDomain.activate', both);
      expect(await host.call('StorageDomain.getInfo', { storagedomainID: second })).toMatchObject({ pool: [pool.storagepoolID] });
    },
  },
  {
    what: 'a domain is made',
    verb: 'StorageDomain.create',
    isTask: false,
    params: () => ({ storagedomainID: newImage, domainType: 4, typeArgs: storage, name: 'x', domainClass: 1, version: 5 }),
    async holds(host) {
      if ((await host.call<string[]>('Host.getStorageDomains')).includes(newImage))
        expect(await host.call('StorageDomain.getInfo', { storagedomainID: newImage })).toMatchObject({ class: 'Data', role: 'Regular' });
      else await host.call('StorageDomain.create', stories.find(({ what }) => what === 'a domain is made')!.params());
      await host.call('StorageDomain.format', { storagedomainID: newImage });
      expect((await readdir(storage)).filter((name) => name.includes(newImage))).toEqual([]);
    },
  },
  {
    what: 'a domain is removed',
    verb: 'StorageDomain.format',
    isTask: false,
    params: () => ({ storagedomainID: second }),
    async holds(host) {
      const place = join(storage, 'second');
      if ((await readdir(place)).length > 0) await host.call('StorageDomain.format', { storagedomainID: second });
      expect(await readdir(place)).toEqual([]);
      expect(await host.fails('StorageDomain.format', { storagedomainID: second })).toBe(358);
      expect(await host.fails('StorageDomain.getInfo', { storagedomainID: second })).toBe(358);
    },
  },
];

describe('an agent is killed before each change of the disk while', { timeout: 600_000 }, () => {
  test.each(stories)('$what', async ({ verb, isTask, params, holds }) => {
    let moments = 0;
    for (let killBefore = 1; ; killBefore++) {
      await rm(storage, { recursive: true });
      await cp(`${storage}-before`, storage, { recursive: true });
      const order = { folder: join(folder, 'killed'), localFolder, pool, verb, params: params(), isTask, killBefore };
      const { exitCode, signal, stderr } = await execa(process.execPath, [killed, JSON.stringify(order)], { reject: false });
      if (signal !== 'SIGKILL') expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });

      const host = await testStorage(join(folder, 'next'), testLeases().of(), undefined, { localFolder });
      await joinPool(host, pool, 1);
      expect(await host.task('StoragePool.spmStart', { storagepoolID: pool.storagepoolID })).toMatchObject({ taskResult: 'success' });
      const known = Object.keys(await host.call<Record<string, TaskStatus>>('Host.getAllTasksStatuses'));
      const statuses = await Promise.all(known.map((id) => host.ended(id)));
      await holds(host, statuses[0]).catch((error: unknown) => {
        throw new Error(`killed before change ${killBefore}: ${host.log()}`, { cause: error });
      });
      for (const { taskID } of statuses) await host.call('Task.clear', { taskID });
      expect(await readdir(join(storage, pool.storagedomainID, 'master', 'tasks'))).toEqual([]);
      expect((await readFile(join(storage, pool.storagedomainID, 'dom_md', 'metadata'), 'utf8')).length).toBeGreaterThan(0);
      await host.part.stop?.();
      moments = killBefore;
      if (signal !== 'SIGKILL') break;
    }
    expect(moments).toBeGreaterThan(2);
  });
});
