import { rmdir, statfs } from 'node:fs/promises';
import type { Domain } from './domains.ts';
import { errorCode, failure } from './failures.ts';
import type { Folder } from './folder.ts';
import { type QemuImg, type VolumeFormat } from './qemu-img.ts';
import { leaseName, metaName, readVolumeMetadata, writeVolumeMetadata } from './volume-metadata.ts';
import { type VolumePlace, childrenOf, hasImage, inImage, inImages } from './volumes.ts';

/** Hypervisors reach images by the group that they have in common with the agent. */
export const volumeModes = { folder: 0o755, file: 0o660 } as const;

/** Throws VerbFailure (397) where a storage does not have so many bytes left. */
export async function makeRoom(domain: Domain, bytes: number): Promise<void> {
  const { bsize, bavail } = await statfs(domain.root);
  if (bsize * bavail < bytes)
    throw failure('no space', `Storage domain ${domain.id} has ${bsize * bavail} bytes left, and ${bytes} are needed`);
}

/** Makes the file of a volume, which must not be there yet. It is on the disk afterwards. */
export async function makeData(
  folder: Folder,
  volume: string,
  {
    format,
    capacity,
    isPreallocated,
    backing,
  }: {
    readonly format: VolumeFormat;
    readonly capacity: number;
    readonly isPreallocated: boolean;
    readonly backing: { readonly path: string; readonly format: VolumeFormat } | null;
  },
  qemuImg: QemuImg,
  signal: AbortSignal,
): Promise<void> {
  // With its mode from the beginning; the program that fills it leaves that as it is.
  const isWhole = format === 'RAW' && !isPreallocated;
  await folder.create(volume, volumeModes.file, isWhole ? capacity : 0);
  if (isWhole) return;
  await folder.withFile(volume, 'write', async (file) => {
    await qemuImg.create({ file, format, bytes: capacity, isPreallocated, backing }, signal);
    await file.sync();
  });
}

/**
 * Removes all that there is of a volume that is not finished or not wanted any more; what it stands on is a leaf again then, and an image without
 * volumes is gone. What says that there is a volume goes last, so that this can be done again when it was broken off.
 */
export async function removeUnfinished(place: VolumePlace, assert: () => void): Promise<void> {
  const { domain, image, volume } = place;
  if (!(await hasImage(place))) return;
  await inImage(domain, image, async (folder) => {
    assert();
    await folder.sweep();
    const metadata = await readVolumeMetadata(folder, volume).catch(() => null);
    for (const name of [volume, leaseName(volume)]) {
      assert();
      await folder.remove(name);
    }
    await folder.sync();
    const parent = metadata?.parent ?? null;
    const below = parent === null ? null : await readVolumeMetadata(folder, parent);
    if (parent !== null && below?.role === 'INTERNAL') {
      const others = (await childrenOf({ ...place, volume: parent })).filter((one) => one.volume !== volume);
      assert();
      if (others.length === 0) await writeVolumeMetadata(folder, parent, { ...below, role: 'LEAF' });
    }
    assert();
    await folder.remove(metaName(volume));
    await folder.sync();
  });
  await removeEmptyImage(place, assert);
}

/** Removes an image in which there is nothing. */
export async function removeEmptyImage(place: VolumePlace, assert: () => void): Promise<void> {
  if (!(await hasImage(place))) return;
  await inImage(place.domain, place.image, async (folder) => {
    assert();
    await folder.sweep();
  });
  await inImages(place.domain, async (folder) => {
    assert();
    // Only where nothing is in it any more.
    await rmdir(folder.at(place.image)).catch((error: unknown) => {
      if (!['ENOTEMPTY', 'EEXIST', 'ENOENT'].includes(errorCode(error))) throw error;
    });
    await folder.sync();
  });
}
