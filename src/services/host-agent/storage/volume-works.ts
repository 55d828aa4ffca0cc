import { rm } from 'node:fs/promises';
import { type Params, VerbFailure } from '../verbs.ts';
import type { Domain } from './domains.ts';
import { failure } from './failures.ts';
import type { Folder } from './folder.ts';
import type { QemuImg } from './qemu-img.ts';
import type { Course, Work } from './tasks.ts';
import type { Turns } from './turns.ts';
import { makeData, makeRoom, removeUnfinished, volumeModes } from './volume-files.ts';
import { type VolumeMetadata, leaseName, metaName, readVolumeMetadata, writeVolumeMetadata } from './volume-metadata.ts';
import {
  type VolumePlace,
  backingPath,
  chainOf,
  childrenOf,
  hasImage,
  imageKey,
  inImage,
  inImages,
  listVolumes,
  missing,
  readVolume,
  verifyHeader,
} from './volumes.ts';
import { wipe } from './wipe.ts';

export interface VolumeWorkParts {
  /** A domain of the pool that may be worked on. */
  readonly domain: (id: string) => Promise<Domain>;
  readonly qemuImg: QemuImg;
  readonly turns: Turns;
  /** Seconds since 1970. */
  readonly now: () => number;
}

/** How the parameters are called that say where a volume is. */
type Names = readonly [string, string, string];

/**
 * What tasks do with volumes. A volume that is being made is illegal until the last step, so it is never taken for whole; one that is removed is
 * illegal from the first step on. What is broken off is taken back when something is made, and carried through when something is removed or made larger.
 */
export function volumeWorks(
  parts: VolumeWorkParts,
): Readonly<Record<'createVolume' | 'copyVolume' | 'deleteVolume' | 'deleteImage' | 'extendVolume', Work>> {
  const { qemuImg, turns, now } = parts;
  const placeOf = async (params: Params, [domain, image, volume]: Names = ['domain', 'image', 'volume']): Promise<VolumePlace> => ({
    domain: await parts.domain(params.uuid(domain)),
    image: params.uuid(image),
    volume: params.uuid(volume),
  });
  const targetOf = (params: Params): Promise<VolumePlace> => placeOf(params, ['targetDomain', 'targetImage', 'targetVolume']);
  const locked = <T>(places: readonly VolumePlace[], work: () => Promise<T>): Promise<T> =>
    turns.take([...new Set(places.map(imageKey))], work);

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
      await removeUnfinished(place, assert);
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
            await inImage(source.domain, source.image, (from) =>
              qemuImg.convert(
                { folder: from, name: source.volume, format: top.format },
                { path: `${folder.path}/${target.volume}`, format: metadata.format, isPreallocated: metadata.isPreallocated },
                course.signal,
              ),
            );
          });
        });
      },
      recover: async (params, course) => takeBack(await targetOf(params), course),
    },

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
        const metadata = await readVolume(place);
        if (metadata.capacity > bytes)
          throw failure('volume size', `Volume ${place.volume} has ${metadata.capacity} bytes, more than ${bytes}`);
        if (metadata.isPreallocated) await makeRoom(place.domain, bytes - metadata.capacity);
        await inImage(place.domain, place.image, async (folder) => {
          assert();
          await folder.sweep();
          const { virtualSize } = await qemuImg.info(folder, place.volume, metadata.format);
          if (virtualSize < bytes)
            await qemuImg.resize(
              folder,
              place.volume,
              metadata.format,
              bytes,
              metadata.isPreallocated && metadata.format === 'RAW',
              signal,
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

async function refuseChildren(place: VolumePlace): Promise<void> {
  const [child] = (await hasImage(place)) ? await childrenOf(place) : [];
  if (child !== undefined) throw failure('volume', `Volume ${place.volume} cannot be removed: ${child.volume} stands on it`);
}
