import { type StorageKind, storageKinds, storageKindWord } from '../../../storage/storage-kinds.ts';
import { incomplete, rejected } from '../../fault.ts';
import type { Entity } from '../../types.ts';
import { optional, type Row, textOf } from '../collection.ts';
import { within } from '../stored.ts';

/* Where storage lies, as clients write it and as it is stored. */

/** Columns of a connection, as a list for `select` from `c`. */
export const placeColumns =
  'c.id as connection_id, c.connection, c.storage_type, c.nfs_version, c.nfs_timeo, c.nfs_retrans, c.mount_options, c.vfs_type';

/** What stands in the columns of `storage_server_connections` for a place. */
export interface PlaceColumns {
  readonly connection: string;
  readonly storage_type: number;
  readonly nfs_version: string | null;
  readonly nfs_timeo: number | null;
  readonly nfs_retrans: number | null;
  readonly mount_options: string | null;
  readonly vfs_type: string | null;
}

/** `server:/path`, also with an IPv6 address in brackets. */
const remote = /^([^/]+):(\/.*)$/;

/** Versions of NFS: as the API calls them, and as hosts do. */
const nfsVersions: Readonly<Record<string, string>> = { auto: 'auto', v3: '3', v4: '4', v4_0: '4.0', v4_1: '4.1', v4_2: '4.2' };

/** A place as the API shows it. */
export function describePlace(row: Row): Entity {
  const connection = String(row['connection']);
  const [, address, path] = storageKindWord(row['storage_type']) === 'localfs' ? [] : (remote.exec(connection) ?? []);
  return {
    address,
    mount_options: optional(row['mount_options']),
    nfs_retrans: row['nfs_retrans'] === null ? undefined : Number(row['nfs_retrans']),
    nfs_timeo: row['nfs_timeo'] === null ? undefined : Number(row['nfs_timeo']),
    nfs_version: Object.entries(nfsVersions).find(([, version]) => version === row['nfs_version'])?.[0],
    path: path ?? connection,
    type: storageKindWord(row['storage_type']),
    vfs_type: optional(row['vfs_type']),
  };
}

const otherKinds = ['iscsi', 'fcp', 'glusterfs', 'glance', 'cinder', 'managed_block_storage'];

function kindOf(given: Entity): StorageKind {
  const type = textOf(given, 'type').toLowerCase();
  if (Object.hasOwn(storageKinds, type)) return type as StorageKind;
  const kinds = Object.keys(storageKinds).join(', ');
  if (otherKinds.includes(type)) throw rejected(`Storage of the type ${type} is not supported yet. Use one of: ${kinds}.`);
  throw rejected(`storage.type must be one of: ${kinds}.`);
}

/** A text of one line that is not too long. Throws a refusal (400). */
function lineIn(given: Entity, name: string, longest: number): string {
  const text = textOf(given, name).trim();
  if (/\p{C}/u.test(text)) throw rejected(`storage.${name} must be one line of printable characters.`);
  if (text.length > longest) throw rejected(`storage.${name} may have ${longest} characters at most.`);
  return text;
}

function pathIn(given: Entity): string {
  const path = lineIn(given, 'path', 230);
  const plain = path.length > 1 ? path.replace(/\/+$/, '') : path;
  if (!plain.startsWith('/') || plain === '/') throw rejected('storage.path must be a path that begins with /, and not the root.');
  if (plain.split('/').some((name) => name === '.' || name === '..'))
    throw rejected('storage.path must lead where it says, without . and ..');
  return plain;
}

/** A name or an address of a server; an IPv6 address stands in brackets. */
function addressIn(given: Entity): string {
  const address = lineIn(given, 'address', 200);
  if (!/^([\w.-]*|\[[\da-f:.%\w]+\]|[\da-f:.]+)$/i.test(address))
    throw rejected('storage.address must be the name or the address of a server.');
  return address.includes(':') && !address.startsWith('[') ? `[${address}]` : address;
}

const countIn = (given: Entity, name: string, most: number): number | null =>
  given[name] === undefined || given[name] === null ? null : within(0, most, `storage.${name}`)(given[name]);

/**
 * A place as a client wrote it, in the columns that it is stored in. Throws refusals (400) that say what is missing or cannot be.
 * @param type of the entity that it was found in, for the refusal
 */
export function placeOf(given: Entity, type: string): PlaceColumns {
  const kind = kindOf(given);
  const needed = { nfs: ['address', 'path'], localfs: ['path'], posixfs: ['path', 'vfs_type'] }[kind];
  const missing = needed.filter((name) => textOf(given, name).trim() === '');
  const prefix = type === 'storage_domain' ? 'storage.' : '';
  if (missing.length > 0)
    throw incomplete(
      type,
      missing.map((name) => `${prefix}${name}`),
      'add',
    );
  const path = pathIn(given);
  const address = kind === 'localfs' ? '' : addressIn(given);
  const vfs = lineIn(given, 'vfs_type', 32);
  if (kind === 'posixfs' && !/^[a-z0-9]+$/.test(vfs))
    throw rejected('storage.vfs_type must be the name of a file system, such as nfs4, ceph, gfs2, ext4 or bind.');
  const options = lineIn(given, 'mount_options', 500);
  const version = textOf(given, 'nfs_version').toLowerCase();
  if (version !== '' && !Object.hasOwn(nfsVersions, version))
    throw rejected(`storage.nfs_version must be one of: ${Object.keys(nfsVersions).join(', ')}.`);
  const isNfs = kind === 'nfs';
  return {
    connection: address === '' ? path : `${address}:${path}`,
    storage_type: storageKinds[kind],
    nfs_version: isNfs && version !== '' ? (nfsVersions[version] ?? null) : null,
    nfs_timeo: isNfs ? countIn(given, 'nfs_timeo', 32_767) : null,
    nfs_retrans: isNfs ? countIn(given, 'nfs_retrans', 32_767) : null,
    mount_options: kind === 'localfs' || options === '' ? null : options,
    vfs_type: kind === 'posixfs' ? vfs : null,
  };
}
