import type { Turns } from '../../frame/turns.ts';
import type { Params } from '../verbs.ts';
import type { Domain } from './domains.ts';
import { failure } from './failures.ts';
import type { QemuImg } from './qemu-img.ts';
import { childrenOf, hasImage, imageKey, type VolumePlace } from './volumes.ts';

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

/** How works find the volumes that their parameters name, and keep others from them. */
export interface WorkPlaces {
  placeOf(params: Params): Promise<VolumePlace>;
  /** The same for what is made of it. */
  targetOf(params: Params): Promise<VolumePlace>;
  /** Has work on images wait for other work on them. */
  locked<T>(places: readonly VolumePlace[], work: () => Promise<T>): Promise<T>;
}

/** Makes them for works of one pool. */
export function placesOf({ domain: domainOf, turns }: Pick<VolumeWorkParts, 'domain' | 'turns'>): WorkPlaces {
  const find = async (params: Params, [domain, image, volume]: Names): Promise<VolumePlace> => ({
    domain: await domainOf(params.uuid(domain)),
    image: params.uuid(image),
    volume: params.uuid(volume),
  });
  return {
    placeOf: (params) => find(params, ['domain', 'image', 'volume']),
    targetOf: (params) => find(params, ['targetDomain', 'targetImage', 'targetVolume']),
    locked: (places, work) => turns.take([...new Set(places.map(imageKey))], work),
  };
}

/** Throws VerbFailure (200) where others stand on a volume. */
export async function refuseChildren(place: VolumePlace): Promise<void> {
  const [child] = (await hasImage(place)) ? await childrenOf(place) : [];
  if (child !== undefined) throw failure('volume', `Volume ${place.volume} cannot be removed: ${child.volume} stands on it`);
}
