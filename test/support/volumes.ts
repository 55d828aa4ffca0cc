import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { type TestPool, zeroId } from './host-storage.ts';

/* Volumes of images, as engines ask the agents of hosts for them. */

export const MiB = 1024 * 1024;

/** Formats of volumes, and how they are allocated, by their numbers on the wire. */
export const [COW, RAW] = [4, 5] as const;
export const [preallocated, sparse] = [1, 2] as const;

export interface VolumeIds {
  readonly storagepoolID: string;
  readonly storagedomainID: string;
  readonly imageID: string;
  readonly volumeID: string;
}

/** Ids of a volume that is still to be made, of a new image or of one that is there. */
export const newVolume = ({ storagepoolID, storagedomainID }: TestPool, imageID: string = randomUUID()): VolumeIds => ({
  ...{ storagepoolID, storagedomainID, imageID },
  volumeID: randomUUID(),
});

/** What `Volume.create` is told of a volume that stands on no other. */
export const volumeShape = {
  size: String(64 * MiB),
  volFormat: RAW,
  preallocate: sparse,
  diskType: 'DATA',
  desc: '{"DiskAlias":"disk","DiskDescription":""}',
  srcImgUUID: zeroId,
  srcVolUUID: zeroId,
} as const;

/** The file of a volume on the storage. */
export const volumePath = (pool: TestPool, { imageID, volumeID }: VolumeIds): string =>
  join(pool.path, pool.storagedomainID, 'images', imageID, volumeID);
