import { isUuid } from '../../frame/uuid.ts';
import { failure } from './failures.ts';
import type { Folder } from './folder.ts';
import type { VolumeFormat } from './qemu-img.ts';
import { formatRecord, parseRecord } from './record.ts';

/** What a volume is to others: nothing stands on it; one of the same image does; those of other images may. */
export type VolumeRole = 'LEAF' | 'INTERNAL' | 'SHARED';
export type Legality = 'LEGAL' | 'ILLEGAL' | 'FAKE';

/** What is known of a volume, in the file `VOLUME.meta` beside it. */
export interface VolumeMetadata {
  readonly domain: string;
  readonly image: string;
  /** The volume below it; null for none. */
  readonly parent: string | null;
  /** Bytes that a guest sees. */
  readonly capacity: number;
  readonly format: VolumeFormat;
  readonly isPreallocated: boolean;
  readonly role: VolumeRole;
  readonly diskType: string;
  readonly legality: Legality;
  readonly description: string;
  /** Seconds since 1970. */
  readonly created: number;
  readonly generation: number;
  readonly sequence: number;
  /** The task that is making it; null when it is made. What another task has made is not for one to take back. */
  readonly task: string | null;
}

export const noVolume = '00000000-0000-0000-0000-000000000000';
const mostBytes = 8 * 1024;
/** Longer ones do not fit into the place that other kinds of storage have for it. */
export const longestDescription = 210;
export const metaName = (volume: string): string => `${volume}.meta`;
export const leaseName = (volume: string): string => `${volume}.lease`;

const formats = ['RAW', 'COW'] as const satisfies readonly VolumeFormat[];
const roles = ['LEAF', 'INTERNAL', 'SHARED'] as const satisfies readonly VolumeRole[];
const legalities = ['LEGAL', 'ILLEGAL', 'FAKE'] as const satisfies readonly Legality[];

/** Reads what is known of a volume; null where there is no such volume. Throws VerbFailure (200) where it cannot be understood. */
export async function readVolumeMetadata(folder: Folder, volume: string): Promise<VolumeMetadata | null> {
  if ((await folder.look(metaName(volume))) === null) return null;
  const flawed = (why: string): Error => failure('volume', `The metadata of volume ${folder.path}/${volume} cannot be used: ${why}`);
  let entries: ReadonlyMap<string, string>;
  try {
    entries = parseRecord(await folder.read(metaName(volume), mostBytes));
  } catch (error) {
    throw flawed(error instanceof Error ? error.message : String(error));
  }
  const text = (key: string): string => entries.get(key) ?? '';
  const number = (key: string, otherwise?: number): number => {
    const value = entries.get(key) ?? otherwise?.toString() ?? '';
    if (!/^\d{1,16}$/.test(value) || !Number.isSafeInteger(Number(value))) throw flawed(`${key} is not a number`);
    return Number(value);
  };
  const uuid = (key: string): string => (isUuid(text(key)) ? text(key) : complain(flawed(`${key} is not a UUID`)));
  const oneOf = <T extends string>(key: string, allowed: readonly T[]): T =>
    allowed.find((one) => one === text(key)) ?? complain(flawed(`${key} is not known`));
  const parent = uuid('PUUID');
  return {
    domain: uuid('DOMAIN'),
    image: uuid('IMAGE'),
    parent: parent === noVolume ? null : parent,
    capacity: number('CAP'),
    format: oneOf('FORMAT', formats),
    isPreallocated: text('TYPE') === 'PREALLOCATED',
    role: oneOf('VOLTYPE', roles),
    diskType: text('DISKTYPE'),
    legality: oneOf('LEGALITY', legalities),
    description: text('DESCRIPTION'),
    created: number('CTIME', 0),
    generation: number('GEN', 0),
    sequence: number('SEQ', 0),
    task: entries.has('TASK') ? uuid('TASK') : null,
  };
}

const complain = (error: Error): never => {
  throw error;
};

/** Replaces what is known of a volume, in one moment. */
export async function writeVolumeMetadata(folder: Folder, volume: string, metadata: VolumeMetadata): Promise<void> {
  const entries: Readonly<Record<string, string | number>> = {
    CAP: metadata.capacity,
    CTIME: metadata.created,
    DESCRIPTION: metadata.description,
    DISKTYPE: metadata.diskType,
    DOMAIN: metadata.domain,
    FORMAT: metadata.format,
    GEN: metadata.generation,
    IMAGE: metadata.image,
    LEGALITY: metadata.legality,
    PUUID: metadata.parent ?? noVolume,
    SEQ: metadata.sequence,
    TYPE: metadata.isPreallocated ? 'PREALLOCATED' : 'SPARSE',
    VOLTYPE: metadata.role,
    ...(metadata.task === null ? {} : { TASK: metadata.task }),
  };
  const text = formatRecord(new Map(Object.entries(entries).map(([key, value]) => [key, String(value)])));
  await folder.replace(metaName(volume), text, 0o644);
}
