import type { Turns } from '../../frame/turns.ts';
import type { Params, Verb, Verbs } from '../verbs.ts';
import type { Domains } from './domains.ts';
import { oneLine } from './domain-verbs.ts';
import { failure } from './failures.ts';
import type { Pool } from './pool.ts';
import type { Pools } from './pools.ts';
import type { QemuImg } from './qemu-img.ts';
import { noVolume, readVolumeMetadata, type VolumeMetadata, writeVolumeMetadata } from './volume-metadata.ts';
import {
  chainOf,
  childrenOf,
  hasImage,
  imageKey,
  inImage,
  listVolumes,
  missing,
  readVolume,
  verifyHeader,
  type VolumePlace,
} from './volumes.ts';

const formats: Readonly<Record<number, VolumeMetadata['format']>> = { 4: 'COW', 5: 'RAW' };
/** What older clients write for a disk with data. */
const olderDataDisk = '2';
const knownDiskTypes: readonly string[] = ['DATA', 'ISOF', 'OVFS', 'MEMD', 'MEMM', 'HEVD', 'HESD', 'HEMD', 'HECI', 'SCRD'];
const sharedVolume = 6;

/** Verbs about volumes and images. What changes anything is a task of the SPM. */
export function volumeVerbs({
  domains,
  pools,
  qemuImg,
  turns,
  seenAt,
}: {
  readonly domains: Domains;
  readonly pools: Pools;
  readonly qemuImg: QemuImg;
  readonly turns: Turns;
  /** Where a domain of a pool is seen under the names of both. */
  readonly seenAt: (pool: string, domain: string) => string;
}): Verbs {
  const placeOf = async (params: Params): Promise<VolumePlace> => ({
    domain: await domains.find(params.uuid('storagedomainID')),
    image: params.uuid('imageID'),
    volume: params.uuid('volumeID'),
  });
  const poolOf = (params: Params): Pool => pools.get(params.uuid('storagepoolID'));
  /** A verb that begins a task: `describe` checks what can be checked at once, so that the client hears of it at once. */
  const task =
    (kind: string, describe: (params: Params, pool: Pool) => Promise<Readonly<Record<string, unknown>>>): Verb =>
    async (params) => {
      const pool = poolOf(params);
      const tasks = pool.tasks();
      return tasks.begin(verbNames[kind] ?? kind, kind, await describe(params, pool));
    };
  const named = async (
    params: Params,
    pool: Pool,
  ): Promise<{ readonly place: VolumePlace; readonly names: Readonly<Record<string, string>> }> => {
    const domain = await pool.activeDomain(params.uuid('storagedomainID'));
    const place = { domain, image: params.uuid('imageID'), volume: params.uuid('volumeID') };
    return { place, names: { domain: domain.id, image: place.image, volume: place.volume } };
  };

  /** A change of the metadata of one volume, which is done before the answer. */
  const change =
    (work: (metadata: VolumeMetadata, params: Params) => VolumeMetadata): Verb =>
    async (params) => {
      const pool = poolOf(params);
      const { place } = await named(params, pool);
      // One after the other with what tasks do to the image.
      await turns.take([imageKey(place)], () =>
        pool.change(() =>
          inImage(place.domain, place.image, async (folder) => {
            const metadata = (await readVolumeMetadata(folder, place.volume)) ?? missing(place);
            await writeVolumeMetadata(folder, place.volume, work(metadata, params));
          }),
        ),
      );
    };

  const prepare = async (params: Params): Promise<{ readonly path: string }> => {
    const place = await placeOf(params);
    const chain = await chainOf(place);
    for (const [at, each] of chain.entries()) {
      if (each.metadata.legality === 'ILLEGAL' && params.optionalFlag('allowIllegal') !== true)
        throw failure('volume', `Volume ${each.volume} is illegal: it was not finished, or is being removed`);
      await verifyHeader(each, each.metadata, chain[at + 1] ?? null, qemuImg);
    }
    return { path: `${seenAt(poolOf(params).id, place.domain.id)}/images/${place.image}/${place.volume}` };
  };

  return {
    'Volume.create': task('createVolume', async (params, pool) => {
      const { place, names } = await named(params, pool);
      if ((await domains.read(place.domain)).class !== 'Data')
        throw failure('domain type', `Storage domain ${names['domain'] ?? ''} takes no volumes`);
      const parent = params.optionalUuid('srcVolUUID') ?? noVolume;
      const wanted = shapeOf(params, parent !== noVolume);
      const capacity = params.bytes('size');
      if (capacity === 0 || capacity % 512 !== 0)
        throw failure('volume size', 'The size of a volume must be a multiple of 512 bytes, and not 0');
      if ((params.optionalBytes('initialSize') ?? 0) > capacity)
        throw failure('volume size', `The initial size of a volume is at most its size, ${capacity}`);
      if (params.optionalFlag('addBitmaps') === true || (params.optionalText('bitmap') ?? '') !== '')
        throw failure('parameter', 'Volumes with bitmaps are not supported: leave out addBitmaps and bitmap');
      await refusePresent(place);
      return {
        ...names,
        ...wanted,
        capacity,
        ...(parent === noVolume ? {} : { parent, parentImage: parentImage(params, place.image) }),
        diskType: diskTypeOf(params.raw('diskType') === 2 ? '2' : (params.optionalText('diskType') ?? '2')),
        description: oneLine(params.optionalText('desc') ?? '', 'The description'),
        legal: params.optionalFlag('legal') ?? true,
        sequence: params.optionalNumber('sequence') ?? 0,
      };
    }),
    'Volume.copy': task('copyVolume', async (params, pool) => {
      const { place, names } = await named(params, pool);
      const targetDomain = await pool.activeDomain(params.uuid('dstSdUUID'));
      const target = { domain: targetDomain, image: params.uuid('dstImgUUID'), volume: params.uuid('dstVolUUID') };
      const { capacity, diskType, description } = await readVolume(place);
      await refusePresent(target);
      return {
        ...names,
        ...shapeOf(params, false),
        targetDomain: targetDomain.id,
        targetImage: target.image,
        targetVolume: target.volume,
        role: params.optionalNumber('volType') === sharedVolume ? 'SHARED' : 'LEAF',
        capacity,
        diskType,
        description: oneLine(params.optionalText('desc') ?? description, 'The description'),
      };
    }),
    'Volume.extendSize': task('extendVolume', async (params, pool) => {
      const { place, names } = await named(params, pool);
      const capacity = params.bytes('newSize');
      const metadata = await readVolume(place);
      if (capacity < metadata.capacity || capacity % 512 !== 0)
        throw failure('volume size', `The new size must be a multiple of 512 bytes, and not below ${metadata.capacity}`);
      return { ...names, capacity };
    }),
    'Volume.delete': task('deleteVolume', async (params, pool) => {
      const { place, names } = await named(params, pool);
      await readVolume(place);
      return { ...names, postZero: params.optionalFlag('postZero') ?? false };
    }),
    'Image.delete': task('deleteImage', async (params, pool) => {
      const domain = await pool.activeDomain(params.uuid('storagedomainID'));
      const image = params.uuid('imageID');
      if (!(await hasImage({ domain, image, volume: '' })))
        throw failure('image missing', `Image ${image} is not in storage domain ${domain.id}`);
      return { domain: domain.id, image, postZero: params.optionalFlag('postZero') ?? false };
    }),
    'Volume.setLegality': change((metadata, params) => {
      const legality = params.text('legality');
      if (legality !== 'LEGAL' && legality !== 'ILLEGAL') throw failure('parameter', 'legality must be LEGAL or ILLEGAL');
      if (metadata.task !== null) throw failure('volume', 'The volume is still being made');
      return { ...metadata, legality };
    }),
    'Volume.setDescription': change((metadata, params) => ({
      ...metadata,
      description: oneLine(params.text('description'), 'The description'),
    })),
    'Volume.getInfo': async (params) => {
      const place = await placeOf(params);
      const metadata = await readVolume(place);
      const stat = await inImage(place.domain, place.image, (folder) => folder.look(place.volume));
      const type = metadata.isPreallocated ? 'PREALLOCATED' : 'SPARSE';
      return {
        uuid: place.volume,
        image: metadata.image,
        domain: metadata.domain,
        pool: (await domains.read(place.domain)).pool ?? '',
        parent: metadata.parent ?? noVolume,
        children: (await childrenOf(place)).map(({ volume }) => volume),
        format: metadata.format,
        allocType: type,
        type,
        voltype: metadata.role,
        disktype: metadata.diskType,
        legality: metadata.legality,
        status: stat === null ? 'INVALID' : metadata.legality === 'ILLEGAL' ? 'ILLEGAL' : 'OK',
        capacity: String(metadata.capacity),
        apparentsize: String(stat?.size ?? 0),
        truesize: String((stat?.blocks ?? 0) * 512),
        ctime: String(metadata.created),
        mtime: '0',
        description: metadata.description,
        generation: metadata.generation,
        sequence: metadata.sequence,
        lease: { path: `${place.domain.root}/images/${place.image}/${place.volume}.lease`, offset: 0, owners: [], version: null },
      };
    },
    'Volume.getSize': async (params) => {
      const place = await placeOf(params);
      const stat = (await inImage(place.domain, place.image, (folder) => folder.look(place.volume))) ?? missing(place);
      return { truesize: String(stat.blocks * 512), apparentsize: String(stat.size) };
    },
    'Volume.verify_untrusted': async (params) => {
      const place = await placeOf(params);
      const [top, below] = await chainOf(place);
      if (top === undefined) return missing(place);
      const { virtualSize } = await verifyHeader(place, top.metadata, below ?? null, qemuImg);
      if (virtualSize > top.metadata.capacity)
        throw failure(
          'volume',
          `Volume ${place.volume} cannot be trusted: it has ${virtualSize} bytes, more than ${top.metadata.capacity}`,
        );
      return true;
    },
    'Image.prepare': prepare,
    // Files need nothing to be undone after use.
    'Image.teardown': async (params) => {
      await domains.find(params.uuid('storagedomainID'));
    },
    'Image.getVolumes': async (params) => listVolumes(await domains.find(params.uuid('storagedomainID')), params.uuid('imageID')),
  };
}

/** What VDSM calls the tasks of these verbs. */
const verbNames: Readonly<Record<string, string>> = {
  createVolume: 'createVolume',
  copyVolume: 'copyImage',
  extendVolume: 'extendVolumeSize',
  deleteVolume: 'deleteVolume',
  deleteImage: 'deleteImage',
};

function shapeOf(params: Params, hasParent: boolean): { readonly format: VolumeMetadata['format']; readonly isPreallocated: boolean } {
  const format = formats[params.number('volFormat')];
  const preallocate = params.number('preallocate');
  if (format === undefined) throw failure('parameter', 'volFormat must be 4 (cow) or 5 (raw)');
  if (preallocate !== 1 && preallocate !== 2) throw failure('parameter', 'preallocate must be 1 (preallocated) or 2 (sparse)');
  const isPreallocated = preallocate === 1;
  if (hasParent && (format === 'RAW' || isPreallocated))
    throw failure('parameter', 'A volume that stands on another one must be cow and sparse');
  return { format, isPreallocated };
}

function parentImage(params: Params, image: string): string {
  const other = params.optionalUuid('srcImgUUID') ?? noVolume;
  return other === noVolume ? image : other;
}

function diskTypeOf(word: string): string {
  const type = word === olderDataDisk ? 'DATA' : word;
  if (!knownDiskTypes.includes(type)) throw failure('parameter', `There is no type of disk ${JSON.stringify(word)}`);
  return type;
}

async function refusePresent(place: VolumePlace): Promise<void> {
  if (!(await hasImage(place))) return;
  const isThere = await inImage(place.domain, place.image, async (folder) => (await readVolumeMetadata(folder, place.volume)) !== null);
  if (isThere) throw failure('volume exists', `Volume ${place.volume} is in image ${place.image} already`);
}
