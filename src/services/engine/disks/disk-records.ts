import type { Database } from '../../frame/database.ts';
import { CommandFailure } from '../commands/command.ts';
import { type DiskStatus, diskStatusWord } from './disk-status.ts';
import { contentTypes, volumeFormats, volumeTypes } from './disk-words.ts';

/** A disk with its image, as commands need it. */
export interface DiskRecord {
  readonly id: string;
  readonly alias: string;
  readonly description: string;
  readonly image: string;
  /** The storage domain that it lies on. */
  readonly domain: string;
  /** The data center of that; null while it is detached. */
  readonly pool: string | null;
  /** Bytes that a guest sees. */
  readonly size: number;
  readonly isCow: boolean;
  readonly isSparse: boolean;
  readonly isIso: boolean;
  readonly wipe: boolean;
  readonly status: DiskStatus;
}

const textOrNull = (value: unknown): string | null => (typeof value === 'string' ? value : null);

/** A disk; null where there is none. */
export async function findDisk(database: Database, id: string): Promise<DiskRecord | null> {
  const [row] = await database.query<Record<string, unknown>>(
    `select d.disk_id as id, d.disk_alias as alias, d.disk_description as description, i.image_guid as image, m.storage_domain_id as domain,
       p.storage_pool_id as pool, i.size::text as size, i.volume_format as format, i.volume_type as type, d.disk_content_type as content,
       d.wipe_after_delete as wipe, i.imagestatus as status
     from base_disks d join images i on i.image_group_id = d.disk_id and i.active
       join image_storage_domain_map m on m.image_id = i.image_guid
       left join storage_pool_iso_map p on p.storage_id = m.storage_domain_id
     where d.disk_id = $1`,
    [id],
  );
  if (row === undefined) return null;
  return {
    id: String(row['id']),
    alias: String(row['alias']),
    description: String(row['description']),
    image: String(row['image']),
    domain: String(row['domain']),
    pool: textOrNull(row['pool']),
    size: Number(row['size']),
    isCow: row['format'] === volumeFormats.cow,
    isSparse: row['type'] === volumeTypes.sparse,
    isIso: row['content'] === contentTypes.iso,
    wipe: row['wipe'] === true,
    status: diskStatusWord(row['status']),
  };
}

/** A disk whose storage domain is in a data center. */
export type AttachedDisk = DiskRecord & { readonly pool: string };

/** A disk in a data center. Throws CommandFailure where it is gone, or its storage domain is detached. */
export async function needDisk(database: Database, id: string): Promise<AttachedDisk> {
  const disk = await findDisk(database, id);
  if (disk === null) throw new CommandFailure('The disk has been removed.');
  return attached(disk);
}

/** The disk with its data center. Throws CommandFailure where its storage domain is detached. */
export function attached(disk: DiskRecord): AttachedDisk {
  const { pool } = disk;
  if (pool === null) throw new CommandFailure(`The storage domain of disk ${disk.alias} is in no data center.`);
  return { ...disk, pool };
}

/** The four names that verbs about a volume take. */
export const volumeNames = ({ pool, domain, id, image }: Pick<DiskRecord, 'pool' | 'domain' | 'id' | 'image'>): object => ({
  storagepoolID: pool,
  storagedomainID: domain,
  imageID: id,
  volumeID: image,
});
