import type { Params } from '../verbs.ts';
import { failure } from './failures.ts';
import type { Folder } from './folder.ts';
import type { Course, Work } from './tasks.ts';
import { makeData, makeRoom, removeEmptyImage, removeUnfinished, volumeModes } from './volume-files.ts';
import { type VolumeMetadata, leaseName, metaName, readVolumeMetadata, writeVolumeMetadata } from './volume-metadata.ts';
import {
  type VolumePlace,
  backingPath,
  chainOf,
  hasImage,
  inImage,
  inImages,
  missing,
  readVolume,
  verifyHeader,
  withVolumes,
} from './volumes.ts';
import { placesOf, refuseChildren, type VolumeWorkParts } from './work-places.ts';

/**
 * What tasks do to make volumes. One that is being made is illegal until the last step, so it is never taken for whole, and what is broken off is
 * taken back.
 */
export function makingWorks(parts: VolumeWorkParts): Readonly<Record<'createVolume' | 'copyVolume', Work>> {
  const { qemuImg, now } = parts;
  const { placeOf, targetOf, locked } = placesOf(parts);
  const metadataFrom = (params: Params, { domain, image }: VolumePlace, parent: string | null): VolumeMetadata => ({
    domain: domain.id,
    image,
    parent,
    capacity: params.bytes('capacity'),
    format: params.text('format') === 'COW' ? 'COW' : 'RAW',
    isPreallocated: params.flag('isPreallocated'),
    role: params.optionalText('role') === 'SHARED' ? 'SHARED' : 'LEAF',
    diskType: params.text('diskType'),
    legality: 'ILLEGAL',
    description: params.text('description'),
    created: now(),
    generation: 0,
    sequence: params.optionalNumber('sequence') ?? 0,
    task: null,
  });

  /** Takes a volume back that its task has not finished, and says whether it was finished. */
  const takeBack = (place: VolumePlace, { assert, task }: Course): Promise<'finished' | 'undone'> =>
    locked([place], async () => {
      assert();
      const metadata = (await hasImage(place))
        ? await inImage(place.domain, place.image, (folder) => readVolumeMetadata(folder, place.volume))
        : null;
      if (metadata !== null && metadata.task !== task) {
        await inImage(place.domain, place.image, (folder) => folder.sweep());
        return 'finished';
      }
      // Without metadata nothing of it was made, and whatever is there is somebody else's.
      await (metadata === null ? removeEmptyImage(place, assert) : removeUnfinished(place, assert));
      return 'undone';
    });

  /** Makes a volume: `fill` makes what is in it. */
  const make = async (
    place: VolumePlace,
    metadata: VolumeMetadata,
    { legal, course: { assert, task } }: { readonly legal: boolean; readonly course: Course },
    fill: (folder: Folder) => Promise<void>,
  ): Promise<void> => {
    assert();
    await inImages(place.domain, async (folder) => {
      await folder.makeFolder(place.image, volumeModes.folder);
      await folder.sync();
    });
    await inImage(place.domain, place.image, async (folder) => {
      if ((await folder.look(metaName(place.volume))) !== null || (await folder.look(place.volume)) !== null)
        throw failure('volume exists', `Volume ${place.volume} is in image ${place.image} already`);
      await writeVolumeMetadata(folder, place.volume, { ...metadata, task });
      assert();
      await folder.create(leaseName(place.volume), volumeModes.file);
      assert();
      await fill(folder);
      assert();
      await folder.sync();
      if (metadata.parent !== null) await setRole(folder, metadata.parent, 'LEAF', 'INTERNAL');
      assert();
      await writeVolumeMetadata(folder, place.volume, { ...metadata, legality: legal ? 'LEGAL' : 'ILLEGAL' });
    });
  };

  return {
    createVolume: {
      async run(params, course) {
        const place = await placeOf(params);
        const parentId = params.optionalUuid('parent') ?? null;
        const parent = parentId === null ? null : { ...place, image: params.uuid('parentImage'), volume: parentId };
        const metadata = metadataFrom(params, place, parentId);
        await locked([place, ...(parent === null ? [] : [parent])], async () => {
          const below = parent === null ? null : await checkParent(parent, place, metadata);
          if (metadata.isPreallocated) await makeRoom(place.domain, metadata.capacity);
          const backing = parent === null || below === null ? null : { path: backingPath(parent), format: below.format };
          await make(place, metadata, { legal: params.optionalFlag('legal') ?? true, course }, (folder) =>
            makeData(folder, place.volume, { ...metadata, backing }, qemuImg, course.signal),
          );
        });
      },
      recover: async (params, course) => takeBack(await placeOf(params), course),
      async revert(params, { assert }) {
        const place = await placeOf(params);
        await locked([place], async () => {
          assert();
          await refuseChildren(place);
          await removeUnfinished(place, assert);
        });
      },
    },

    copyVolume: {
      async run(params, course) {
        const [source, target] = [await placeOf(params), await targetOf(params)];
        await locked([source, target], async () => {
          const chain = await chainOf(source);
          for (const [at, each] of chain.entries()) await verifyHeader(each, each.metadata, chain[at + 1] ?? null, qemuImg);
          const top = chain[0]?.metadata ?? missing(source);
          const metadata = { ...metadataFrom(params, target, null), capacity: top.capacity };
          if (metadata.isPreallocated) await makeRoom(target.domain, metadata.capacity);
          await make(target, metadata, { legal: true, course }, async (folder) => {
            await folder.create(target.volume, volumeModes.file);
            await folder.withFile(target.volume, 'write', async (file) => {
              await withVolumes(chain, (images) =>
                qemuImg.convert(images, { file, format: metadata.format, isPreallocated: metadata.isPreallocated }, course.signal),
              );
              // The program leaves it to the cache of the system.
              await file.sync();
            });
          });
        });
      },
      recover: async (params, course) => takeBack(await targetOf(params), course),
    },
  };
}

/** Has a parent stand for what it is when something comes to stand on it, or goes. */
async function setRole(folder: Folder, volume: string, from: VolumeMetadata['role'], to: VolumeMetadata['role']): Promise<void> {
  const metadata = await readVolumeMetadata(folder, volume);
  if (metadata?.role === from) await writeVolumeMetadata(folder, volume, { ...metadata, role: to });
}

async function checkParent(parent: VolumePlace, { image }: VolumePlace, wanted: VolumeMetadata): Promise<VolumeMetadata> {
  const below = await readVolume(parent);
  if (below.legality !== 'LEGAL') throw failure('volume not created', `Volume ${parent.volume}, on which it is to stand, is not legal`);
  if (parent.image !== image && below.role !== 'SHARED')
    throw failure('volume not created', `Volume ${parent.volume} is of another image and not shared`);
  if (parent.image === image && below.role === 'INTERNAL')
    throw failure('volume not created', `Another volume stands on ${parent.volume} already`);
  if (wanted.capacity < below.capacity)
    throw failure('volume size', `The volume must have at least the ${below.capacity} bytes of the one that it stands on`);
  return below;
}
