import { isUuid } from '../../frame/uuid.ts';
import type { Domain } from './domains.ts';
import { errorCode, failure, failureOf } from './failures.ts';
import { type Folder, inFolder } from './folder.ts';
import { type ImageInfo, type OpenImage, type QemuImg, formatNames } from './qemu-img.ts';
import { type VolumeMetadata, readVolumeMetadata } from './volume-metadata.ts';

/** Where a volume is. */
export interface VolumePlace {
  readonly domain: Domain;
  readonly image: string;
  readonly volume: string;
}

const images = 'images';
/** Deeper ones are not made; a ring would never end. */
const deepest = 100;

/** What work on an image needs for itself. */
export const imageKey = ({ domain, image }: Pick<VolumePlace, 'domain' | 'image'>): string => `${domain.id}/${image}`;

/** Works in the folder of an image. Throws VerbFailure (268) where there is none. */
export const inImage = <T>({ mount, id }: Domain, image: string, work: (folder: Folder) => Promise<T>): Promise<T> =>
  inFolder(mount, [id, images, image], work).catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') throw failure('image missing', `Image ${image} is not in storage domain ${id}`);
    throw failureOf(error, 'image', `Image ${image} in storage domain ${id} cannot be used`);
  });

/** Works in the folder of all images. */
export const inImages = <T>({ mount, id }: Domain, work: (folder: Folder) => Promise<T>): Promise<T> => inFolder(mount, [id, images], work);

/** Images of a domain, by their names. */
export const listImages = (domain: Domain): Promise<readonly string[]> =>
  inImages(domain, async (folder) => (await folder.names()).filter(isUuid).sort());

export const hasImage = ({ domain, image }: VolumePlace): Promise<boolean> =>
  inImages(domain, async (folder) => (await folder.look(image)) !== null);

/** Volumes of an image, finished or not. */
export const listVolumes = (domain: Domain, image: string): Promise<readonly string[]> => inImage(domain, image, volumesIn);

const volumesIn = async (folder: Folder): Promise<readonly string[]> =>
  (await folder.names())
    .map((name) => /^(.*)\.meta$/.exec(name)?.[1] ?? '')
    .filter(isUuid)
    .sort();

/** Reads what is known of a volume. Throws VerbFailure (201) where it is not there. */
export const readVolume = ({ domain, image, volume }: VolumePlace): Promise<VolumeMetadata> =>
  inImage(domain, image, async (folder) => (await readVolumeMetadata(folder, volume)) ?? missing({ domain, image, volume }));

export const missing = ({ domain, image, volume }: VolumePlace): never => {
  throw failure('volume missing', `Volume ${volume} is not in image ${image} of storage domain ${domain.id}`);
};

/** A volume and those below it, the lowest last. Throws VerbFailure where one is missing, or where they go round in a circle. */
export async function chainOf(place: VolumePlace): Promise<readonly (VolumePlace & { readonly metadata: VolumeMetadata })[]> {
  const chain: (VolumePlace & { readonly metadata: VolumeMetadata })[] = [];
  let next: VolumePlace | null = place;
  while (next !== null) {
    if (chain.length >= deepest) throw failure('image', `Volume ${place.volume} stands on more than ${deepest} others`);
    const metadata: VolumeMetadata = await readVolume(next);
    chain.push({ ...next, metadata });
    next = metadata.parent === null ? null : await parentPlace(next, metadata.parent);
  }
  return chain;
}

/** Where the parent of a volume is: in the same image, or a shared one in another. */
async function parentPlace({ domain, image }: VolumePlace, parent: string): Promise<VolumePlace> {
  const isHere = await inImage(domain, image, async (folder) => (await readVolumeMetadata(folder, parent)) !== null);
  if (isHere) return { domain, image, volume: parent };
  for (const other of await listImages(domain)) {
    if (other === image) continue;
    const metadata = await inImage(domain, other, (folder) => readVolumeMetadata(folder, parent));
    if (metadata?.role === 'SHARED') return { domain, image: other, volume: parent };
  }
  throw failure('volume missing', `Volume ${parent}, on which image ${image} stands, is not in storage domain ${domain.id}`);
}

/** Volumes that stand on one, in its own image or, if it is shared, in any. */
export async function childrenOf({ domain, image, volume }: VolumePlace): Promise<readonly VolumePlace[]> {
  const found: VolumePlace[] = [];
  const own = await inImage(domain, image, (folder) => readVolumeMetadata(folder, volume));
  for (const each of own?.role === 'SHARED' ? await listImages(domain) : [image])
    await inImage(domain, each, async (folder) => {
      for (const name of await volumesIn(folder)) {
        const metadata = await readVolumeMetadata(folder, name);
        if (metadata?.parent === volume) found.push({ domain, image: each, volume: name });
      }
    });
  return found;
}

/** Opens volumes, and works with all of them. Throws VerbFailure where one is missing. */
export async function withVolumes<T>(
  chain: readonly (VolumePlace & { readonly metadata: VolumeMetadata })[],
  work: (open: readonly OpenImage[]) => Promise<T>,
): Promise<T> {
  const [first, ...rest] = chain;
  if (first === undefined) return work([]);
  return inImage(first.domain, first.image, (folder) =>
    folder.withFile(first.volume, 'read', (file) => withVolumes(rest, (open) => work([{ file, format: first.metadata.format }, ...open]))),
  );
}

/** What a volume says in its header of the one it stands on, seen from the folder of its image. */
export const backingPath = ({ image, volume }: VolumePlace): string => `../${image}/${volume}`;

/**
 * Looks into the header of a volume, which a guest or an upload may have written: it must be of the format that is known of it, and lead to the
 * volume below it and nowhere else. Throws VerbFailure (200). Returns what QEMU says.
 */
export async function verifyHeader(
  place: VolumePlace,
  metadata: VolumeMetadata,
  parent: VolumePlace | null,
  qemuImg: QemuImg,
): Promise<ImageInfo> {
  const flawed = (why: string): Error => failure('volume', `Volume ${place.volume} cannot be trusted: ${why}`);
  const info = await inImage(place.domain, place.image, async (folder) => {
    const stat = await folder.look(place.volume);
    if (stat === null) return missing(place);
    if (!stat.isFile()) throw flawed('it is not a file');
    return folder.withFile(place.volume, 'read', (file) => qemuImg.info({ file, format: metadata.format }));
  }).catch((error: unknown) => {
    throw failureOf(error, 'volume', `Volume ${place.volume} is not an image of the format ${formatNames[metadata.format]}`);
  });
  if (info.hasDataFile) throw flawed('its data lie in another file');
  if (metadata.format === 'RAW') return info;
  const wanted = parent === null ? null : backingPath(parent);
  if (info.backing !== wanted) throw flawed(`it stands on ${info.backing ?? 'nothing'}, not on ${wanted ?? 'nothing'}`);
  return info;
}
