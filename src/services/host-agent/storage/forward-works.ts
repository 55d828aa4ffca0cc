import { rm } from 'node:fs/promises';
import { type Params, VerbFailure } from '../verbs.ts';
import { failure } from './failures.ts';
import type { Work } from './tasks.ts';
import { makeRoom, removeUnfinished } from './volume-files.ts';
import { readVolumeMetadata, writeVolumeMetadata } from './volume-metadata.ts';
import { chainOf, childrenOf, hasImage, imageKey, inImage, inImages, listVolumes, missing, readVolume, verifyHeader } from './volumes.ts';
import { wipe } from './wipe.ts';
import { placesOf, refuseChildren, type VolumeWorkParts } from './work-places.ts';

/**
 * What tasks do to remove volumes and to make them larger: it is carried through when it was broken off. A volume is illegal from the first step of
 * its removal on.
 */
export function forwardWorks(parts: VolumeWorkParts): Readonly<Record<'deleteVolume' | 'deleteImage' | 'extendVolume', Work>> {
  const { qemuImg, turns } = parts;
  const { placeOf, locked } = placesOf(parts);

  const refuseSharedImage = async (params: Params): Promise<void> => {
    const domain = await parts.domain(params.uuid('domain'));
    const image = params.uuid('image');
    if (!(await hasImage({ domain, image, volume: '' }))) return;
    for (const volume of await listVolumes(domain, image)) {
      const stranger = (await childrenOf({ domain, image, volume })).find((child) => child.image !== image);
      if (stranger !== undefined) throw failure('image', `Image ${image} cannot be removed: image ${stranger.image} stands on it`);
    }
  };

  const refuseShrinking = async (params: Params): Promise<void> => {
    const place = await placeOf(params);
    const { capacity, role } = await readVolume(place);
    const bytes = params.bytes('capacity');
    if (capacity > bytes) throw failure('volume size', `Volume ${place.volume} has ${capacity} bytes, more than ${bytes}`);
    if (role !== 'LEAF') throw failure('volume size', `Others stand on volume ${place.volume}, so it keeps its size`);
  };

  return {
    deleteVolume: forward(
      async (params) => refuseChildren(await placeOf(params)),
      async (params, course) => {
        const place = await placeOf(params);
        const { assert } = course;
        await locked([place], async () => {
          if (!(await hasImage(place))) return;
          await inImage(place.domain, place.image, async (folder) => {
            const metadata = await readVolumeMetadata(folder, place.volume);
            assert();
            if (metadata !== null) await writeVolumeMetadata(folder, place.volume, { ...metadata, legality: 'ILLEGAL' });
            if (params.optionalFlag('postZero') === true) await wipe(folder, place.volume, course);
          });
          await removeUnfinished(place, assert);
        });
      },
    ),

    deleteImage: forward(refuseSharedImage, async (params, course) => {
      const domain = await parts.domain(params.uuid('domain'));
      const image = params.uuid('image');
      const { assert } = course;
      await turns.take([imageKey({ domain, image })], async () => {
        await inImages(domain, async (folder) => {
          const gone = `.${image}.removed`;
          assert();
          if ((await folder.look(image)) !== null) await folder.rename(image, gone);
          if ((await folder.look(gone)) === null) return;
          if (params.optionalFlag('postZero') === true)
            await folder.within(gone, async (inside) => {
              for (const name of await inside.names()) if (!/\.(meta|lease)$/.test(name)) await wipe(inside, name, course);
            });
          assert();
          await rm(folder.at(gone), { recursive: true, force: true });
          await folder.sync();
        });
      });
    }),

    extendVolume: forward(refuseShrinking, async (params, { assert, signal }) => {
      const place = await placeOf(params);
      const bytes = params.bytes('capacity');
      await locked([place], async () => {
        const [{ metadata } = missing(place), below = null] = await chainOf(place);
        if (metadata.capacity > bytes)
          throw failure('volume size', `Volume ${place.volume} has ${metadata.capacity} bytes, more than ${bytes}`);
        if (metadata.isPreallocated) await makeRoom(place.domain, bytes - metadata.capacity);
        const { virtualSize } = await verifyHeader(place, metadata, below, qemuImg);
        await inImage(place.domain, place.image, async (folder) => {
          assert();
          await folder.sweep();
          if (virtualSize < bytes)
            await folder.withFile(place.volume, 'write', (file) =>
              qemuImg.resize({ file, format: metadata.format }, bytes, metadata.isPreallocated && metadata.format === 'RAW', signal),
            );
          assert();
          await writeVolumeMetadata(folder, place.volume, { ...metadata, capacity: bytes, generation: metadata.generation + 1 });
        });
      });
    }),
  };
}

/**
 * Work that goes on where it was broken off, and is the same as often as it is done.
 * @param check throws VerbFailure where it may not be done
 */
const forward = (check: Work['run'], run: Work['run']): Work => ({
  isForward: true,
  async run(params, course) {
    await check(params, course);
    await run(params, course);
  },
  async recover(params, course) {
    try {
      await check(params, course);
    } catch (error) {
      if (error instanceof VerbFailure) return 'undone';
      throw error;
    }
    await run(params, course);
    return 'finished';
  },
});
