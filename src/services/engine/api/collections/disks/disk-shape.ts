import { randomUUID } from 'node:crypto';
import type { Database } from '../../../../frame/database.ts';
import { backups, contentTypes, volumeFormats, volumeTypes } from '../../../disks/disk-words.ts';
import { Refusal } from '../../../http/refusal.ts';
import { domainTypes } from '../../../storage/storage-kinds.ts';
import { storageStatusWord } from '../../../storage/storage-status.ts';
import { incomplete, invalidValue, outOfRange, rejected } from '../../fault.ts';
import { insertSql } from '../../insert.ts';
import type { Values } from '../../search/values.ts';
import type { Entity } from '../../types.ts';
import { type Occasion, textOf } from '../collection.ts';
import { numberIn } from '../stored.ts';

/* What clients say of a disk, as it is stored. */

/** A storage domain that a disk is to lie on. */
export interface DomainOfDisk {
  readonly id: string;
  readonly name: string;
  readonly pool: string;
  readonly wipe: boolean;
}

/** A disk that is to be made. */
export interface NewDisk {
  readonly id: string;
  readonly alias: string;
  readonly domain: DomainOfDisk;
  /** The rows of it, by their tables and columns. */
  readonly rows: { readonly base_disks: object; readonly images: object };
}

/** The largest disk, in bytes: 1 PiB. */
const largest = 2 ** 50;
/** Storage counts in sectors. */
const sector = 512;

/** Bytes that a client named, in whole sectors. Throws a refusal (400). */
export function sizeOf(value: unknown): number {
  const size = Number(value);
  if (!Number.isSafeInteger(size) || size <= 0 || size > largest)
    throw outOfRange(`provisioned_size must be a number of bytes from 1 to ${largest}.`);
  return Math.ceil(size / sector) * sector;
}

const flag = (entity: Entity, name: string, otherwise: boolean): boolean => (typeof entity[name] === 'boolean' ? entity[name] : otherwise);

const given = (entity: Entity, name: string): boolean => entity[name] !== undefined && entity[name] !== null;

function word<Words extends Readonly<Record<string, number>>>(entity: Entity, name: string, words: Words, otherwise: keyof Words): number {
  const wanted = textOf(entity, name).toLowerCase() || String(otherwise);
  const found = Object.hasOwn(words, wanted) ? words[wanted] : undefined;
  if (found === undefined) throw invalidValue(name, Object.keys(words));
  return found;
}

/** Name and description, as far as a client named them. Throws a refusal (400) for what cannot be stored. */
export function namesOf(entity: Entity): { readonly disk_alias?: string; readonly disk_description?: string } {
  const named = given(entity, 'alias') ? textOf(entity, 'alias') : given(entity, 'name') ? textOf(entity, 'name') : null;
  if (named !== null && named.trim() === '') throw rejected('The name of a disk must not be empty.');
  if (named !== null && named.length > 255) throw outOfRange('name may have 255 characters at most.');
  if (textOf(entity, 'description').length > 500) throw outOfRange('description may have 500 characters at most.');
  return {
    ...(named === null ? {} : { disk_alias: named }),
    ...(given(entity, 'description') ? { disk_description: textOf(entity, 'description') } : {}),
  };
}

/** The storage domain that a client named for a disk. Throws refusals (400, 404). */
async function domainNamed({ members, asker, place }: Occasion, disk: Entity): Promise<string> {
  if (place.parent !== null && place.collection.below?.rel === 'storagedomains') return place.parent;
  const list = disk['storage_domains'];
  const [first] = Array.isArray(list) ? (list as readonly Entity[]) : [];
  const named = first ?? (disk['storage_domain'] as Entity | null | undefined);
  if (named === undefined || named === null) throw incomplete('disk', ['storage_domains'], 'add');
  if (Array.isArray(list) && list.length > 1) throw rejected('A disk lies on one storage domain.');
  return members.resolve('storagedomains', named, asker);
}

/**
 * The storage domain, if there is room for so many bytes on it. Throws a refusal (409) unless it takes disks now.
 * @param bytes null where nothing is added
 * @param what `add disk X`, for the refusal
 */
export async function needRoom(database: Database, domain: string, bytes: number | null, what: string): Promise<DomainOfDisk> {
  const [row] = await database.query<Record<string, unknown>>(
    `select d.storage_name as name, d.storage_domain_type as type, d.wipe_after_delete as wipe, m.storage_pool_id as pool, m.status,
       d.critical_space_action_blocker::bigint * ${2 ** 30} as blocker, s.available_disk_size::text as available
     from storage_domain_static d left join storage_domain_dynamic s using (id) left join storage_pool_iso_map m on m.storage_id = d.id
     where d.id = $1`,
    [domain],
  );
  if (row === undefined) throw new Refusal(404, 'There is no storage domain with this id.');
  const name = String(row['name']);
  if (Number(row['type']) !== domainTypes.master && Number(row['type']) !== domainTypes.data)
    throw new Refusal(409, `Cannot ${what}: storage domain ${name} does not take disks.`);
  const status = row['pool'] === null ? 'unattached' : storageStatusWord(row['status']);
  if (status !== 'active')
    throw new Refusal(409, `Cannot ${what}: storage domain ${name} is ${status.replaceAll('_', ' ')}, and would have to be active.`);
  const available = row['available'] === null ? null : Number(row['available']);
  if (bytes !== null && available !== null && available - bytes < Number(row['blocker']))
    throw new Refusal(409, `Cannot ${what}: there is too little room on storage domain ${name}. Free some there, or take another one.`);
  return { id: domain, name, pool: String(row['pool']), wipe: row['wipe'] === true };
}

/**
 * A new disk, as a client described it.
 * @param otherwise the name of one that is given none; its own id where it is left out
 */
export async function newDisk(occasion: Occasion, disk: Entity, otherwise?: string): Promise<NewDisk> {
  const missing = ['provisioned_size', 'format'].filter((name) => !given(disk, name));
  if (missing.length > 0) throw incomplete('disk', missing, 'add');
  const id = randomUUID();
  const size = sizeOf(disk['provisioned_size']);
  const format = word(disk, 'format', volumeFormats, 'raw');
  const isSparse = flag(disk, 'sparse', true);
  const content = word(disk, 'content_type', contentTypes, 'data');
  const isShareable = flag(disk, 'shareable', false);
  const isBackedUp = numberIn(backups, 'backup')(textOf(disk, 'backup') || 'none');
  const alias = namesOf(disk).disk_alias ?? otherwise ?? id;
  if (isShareable && format !== volumeFormats.raw) throw rejected('A disk that is shared must have the format raw.');
  if (content === contentTypes.iso && format !== volumeFormats.raw) throw rejected('An ISO image must have the format raw.');
  if (content === contentTypes.iso && isShareable) throw rejected('An ISO image is used by any number of machines without being shared.');
  if (isBackedUp === 1 && format !== volumeFormats.cow) throw rejected('Incremental backup is for disks with the format cow.');
  const initial = given(disk, 'initial_size') ? Number(disk['initial_size']) : 0;
  // What a guest sees is not all that is in a qcow2 image, and clients say how large their file is.
  const most = format === volumeFormats.cow ? Math.ceil(size * 1.1) + 2 ** 20 : size;
  if (initial < 0 || initial > most) throw outOfRange('initial_size must be a number of bytes from 0 to provisioned_size.');
  const domain = await needRoom(occasion.database, await domainNamed(occasion, disk), isSparse ? initial : size, `add disk ${alias}`);
  return {
    ...{ id, alias, domain },
    rows: {
      base_disks: {
        disk_id: id,
        ...namesOf(disk),
        disk_alias: alias,
        disk_content_type: content,
        propagate_errors: flag(disk, 'propagate_errors', false),
        shareable: isShareable,
        wipe_after_delete: flag(disk, 'wipe_after_delete', domain.wipe),
        backup: isBackedUp,
      },
      images: {
        image_guid: randomUUID(),
        image_group_id: id,
        size,
        volume_type: isSparse ? volumeTypes.sparse : volumeTypes.preallocated,
        volume_format: format,
      },
    },
  };
}

/** The parts of a statement that make the rows of a disk: `disk` returns its id and its alias. */
export const insertDisk = (values: Values, { rows, domain }: NewDisk): readonly (readonly [string, string])[] => [
  ['disk', `${insertSql(values, 'base_disks', rows.base_disks)} returning disk_id, disk_alias`],
  ['image', `${insertSql(values, 'images', rows.images)} returning image_guid`],
  [
    'mapped',
    `insert into image_storage_domain_map (image_id, storage_domain_id) select image_guid, ${values.add(domain.id)}::uuid from image`,
  ],
];
