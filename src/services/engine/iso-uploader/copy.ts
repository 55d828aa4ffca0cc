import { Problem } from '../tool.ts';
import type { Place } from './domains.ts';
import type { Source } from './source.ts';

/** The image group under which ISO domains keep their files. */
export const isoFolder = '11111111-1111-1111-1111-111111111111';

/** Who files of storage domains belong to on every host: `vdsm` and `kvm`. */
export const owner = { user: 36, group: 36 } as const;
export const fileMode = 0o640;

export interface Wanted {
  readonly source: Source;
  /** Where to; without an id where the one domain below the folder is to be found. */
  readonly place: Omit<Place, 'id'> & { readonly id: string | null };
  readonly force: boolean;
  /** Told how many bytes were sent so far. */
  readonly passed: (bytes: number) => void;
}

/** Why a file was not taken. */
export const flaws = {
  noFolder: ({ place }: Wanted): Problem =>
    new Problem(`${place.host}:${place.path} has no ISO storage domain${place.id === null ? '' : ` ${place.id}`}, or several.`),
  exists: ({ source }: Wanted): Problem => new Problem(`${source.name} is there already. --force replaces it.`),
  noSpace: ({ source, place }: Wanted): Problem =>
    new Problem(`There is not enough space for ${source.name} (${source.size} bytes) on ${place.host}.`),
  incomplete: ({ source }: Wanted): Problem => new Problem(`${source.name} has not arrived as a whole.`),
} as const;
