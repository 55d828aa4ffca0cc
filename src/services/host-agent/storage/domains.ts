import { constants } from 'node:fs';
import { access, readdir, realpath, rename, rm, stat, statfs } from 'node:fs/promises';
import { mountName, plainConnection } from '../../frame/mount-name.ts';
import { isUuid } from '../../frame/uuid.ts';
import type { StorageKind } from './connections.ts';
import { type DomainClass, type DomainMetadata, putDomainMetadata, readDomainMetadata, writeDomainMetadata } from './domain-metadata.ts';
import { errorCode, failure, failureOf } from './failures.ts';
import { inFolder, isPlainName } from './folder.ts';
import type { LeasePlaces, Leases } from './leases.ts';
import type { StorageSettings } from './settings.ts';

/** A domain that is seen on this host. */
export interface Domain {
  readonly id: string;
  /** The folder of the storage, in which the domain has the name of its id. */
  readonly mount: string;
  readonly root: string;
}

export interface NewDomain {
  readonly id: string;
  readonly name: string;
  readonly kind: StorageKind;
  readonly class: DomainClass;
  readonly version: number;
  /** The connection, `server:/path` or a path. */
  readonly remotePath: string;
}

/** Bytes of the storage that a domain lies on. */
export interface Room {
  readonly total: number;
  readonly free: number;
}

export interface Domains {
  /** All domains that are seen. */
  list(): Promise<readonly Domain[]>;
  /** One of them. Throws VerbFailure (358). */
  find(id: string): Promise<Domain>;
  read(domain: Domain): Promise<DomainMetadata>;
  write(domain: Domain, metadata: DomainMetadata): Promise<void>;
  create(wanted: NewDomain): Promise<void>;
  /** Removes a domain with everything in it. */
  format(domain: Domain): Promise<void>;
  /** Removes what is left of a domain whose removal was broken off; false where nothing is. */
  finishFormat(id: string): Promise<boolean>;
  room(domain: Domain): Promise<Room>;
}

/** Images that are files for CD drives lie in the one of this name. */
export const isoImage = '11111111-1111-1111-1111-111111111111';

/** Who runs virtual machines reads and writes images by its group. */
const folderMode = 0o755;
const leaseMode = 0o660;
const mebibyte = 1024 * 1024;
/** Where files have which size at the beginning. The leases of hosts take one place of 512 bytes each, the others a mebibyte. */
const domainFiles = [
  { name: 'ids', bytes: mebibyte },
  { name: 'leases', bytes: 2 * mebibyte },
  { name: 'inbox', bytes: mebibyte },
  { name: 'outbox', bytes: mebibyte },
  { name: 'xleases', bytes: mebibyte },
] as const;

/** Names that a domain has while it is made or removed. They are no UUIDs, so nobody takes them for domains. */
const unfinished = (id: string): string => `.${id}.new`;
const removed = (id: string): string => `.${id}.removed`;

/** Where the leases of a domain lie. */
export const leasePlaces = ({ id, root }: Domain): LeasePlaces => ({
  domain: id,
  ids: `${root}/dom_md/ids`,
  leases: `${root}/dom_md/leases`,
});

/** Makes what knows the domains on the storage that this host is connected to. */
export function createDomains({ mountFolder, localFolder }: StorageSettings, leases: Leases): Domains {
  /** Where a domain was found last. It is looked for again where it is not there any more. */
  const known = new Map<string, Domain>();

  const mounts = async (): Promise<readonly string[]> => {
    const inside = async (folder: string): Promise<readonly string[]> => (await names(folder)).map((name) => `${folder}/${name}`);
    // Others are told where a local domain really is: they need not reach the folder with the links.
    const local = await Promise.all((await inside(localFolder)).map((link) => realpath(link).catch(() => null)));
    return [...(await inside(mountFolder)), ...local.filter((path) => path !== null)];
  };
  const domainAt = (mount: string, id: string): Domain => ({ id, mount, root: `${mount}/${id}` });
  const isThere = (domain: Domain): Promise<boolean> => exists(`${domain.root}/dom_md/metadata`);

  const withId = async (id: string): Promise<readonly Domain[]> => {
    const found: Domain[] = [];
    for (const mount of await mounts()) if (await isThere(domainAt(mount, id))) found.push(domainAt(mount, id));
    return found;
  };

  return {
    async list() {
      const found: Domain[] = [];
      for (const mount of await mounts()) {
        const candidates = (await names(mount))
          .filter((name) => isUuid(name) && name === name.toLowerCase())
          .map((id) => domainAt(mount, id));
        for (const domain of candidates) if (await isThere(domain)) found.push(domain);
      }
      return found;
    },
    async find(id) {
      const last = known.get(id);
      if (last !== undefined && (await isThere(last))) return last;
      known.delete(id);
      const [domain, second] = await withId(id);
      if (domain === undefined)
        throw failure('domain missing', `Storage domain ${id} is not seen on this host: is it connected to its storage?`);
      // A copy of a whole storage: who wrote to the wrong one would lose what was written.
      if (second !== undefined) throw failure('domain', `Storage domain ${id} is there twice, below ${domain.mount} and ${second.mount}`);
      known.set(id, domain);
      return domain;
    },
    read: ({ mount, id }) =>
      readDomainMetadata(mount, id).catch((error: unknown) => {
        throw failureOf(error, 'domain access', `The metadata of domain ${id} cannot be read`);
      }),
    write: ({ mount, id }, metadata) =>
      writeDomainMetadata(mount, metadata).catch((error: unknown) => {
        throw failureOf(error, 'domain access', `The metadata of domain ${id} cannot be written`);
      }),
    async create(wanted) {
      const place = `${wanted.kind === 'LOCALFS' ? localFolder : mountFolder}/${mountName(plainConnection(wanted.remotePath))}`;
      const mount = await realpath(place).catch(() => null);
      if (mount === null || !(await stat(mount)).isDirectory())
        throw failure('domain not mounted', `${wanted.remotePath} is not connected to this host`);
      const [present] = await withId(wanted.id);
      if (present !== undefined) throw failure('domain exists', `Storage domain ${wanted.id} is there already, below ${present.mount}`);
      await make(mount, wanted, leases);
    },
    async format(domain) {
      known.delete(domain.id);
      try {
        await inFolder(domain.mount, [], async (folder) => {
          // Out of sight in one moment; what follows may take long.
          await rename(folder.at(domain.id), folder.at(removed(domain.id)));
          await folder.sync();
          await rm(folder.at(removed(domain.id)), { recursive: true, force: true });
        });
      } catch (error) {
        throw failureOf(error, 'domain access', `Storage domain ${domain.id} cannot be removed`);
      }
    },
    async finishFormat(id) {
      for (const mount of await mounts()) {
        // Storage that is away has nothing left.
        if (!(await exists(`${mount}/${removed(id)}`))) continue;
        try {
          await inFolder(mount, [], (folder) => rm(folder.at(removed(id)), { recursive: true, force: true }));
        } catch (error) {
          throw failureOf(error, 'domain access', `What is left of storage domain ${id} cannot be removed`);
        }
        return true;
      }
      return false;
    },
    async room({ root }) {
      const { bsize, blocks, bavail } = await statfs(root);
      return { total: bsize * blocks, free: bsize * bavail };
    },
  };
}

const exists = (path: string): Promise<boolean> =>
  access(path, constants.F_OK).then(
    () => true,
    () => false,
  );

async function names(folder: string): Promise<readonly string[]> {
  try {
    return (await readdir(folder)).filter((name) => isPlainName(name) && !name.startsWith('.')).sort();
  } catch (error) {
    // Storage that is away has no domains; what is asked of one of them says so.
    if (['ENOENT', 'ENOTDIR', 'EACCES', 'EIO', 'ESTALE', 'ENOTCONN', 'ELOOP'].includes(errorCode(error))) return [];
    throw error;
  }
}

/** Makes a domain beside its place and moves it there when it is whole. */
async function make(mount: string, wanted: NewDomain, leases: Leases): Promise<void> {
  const { id } = wanted;
  const temporary = unfinished(id);
  const clean = (): Promise<void> =>
    inFolder(mount, [], async (folder) => {
      for (const name of [temporary, removed(id)]) await rm(folder.at(name), { recursive: true, force: true });
    });
  try {
    await clean();
    await inFolder(mount, [], (folder) => folder.makeFolder(temporary, folderMode));
    await inFolder(mount, [temporary], async (folder) => {
      for (const name of ['dom_md', 'images']) await folder.makeFolder(name, folderMode);
      if (wanted.class === 'Data') await folder.makeFolder('master', folderMode);
    });
    if (wanted.class === 'Iso') await inFolder(mount, [temporary, 'images'], (folder) => folder.makeFolder(isoImage, folderMode));
    await inFolder(mount, [temporary, 'dom_md'], async (folder) => {
      for (const { name, bytes } of domainFiles) await folder.create(name, leaseMode, bytes);
      const metadata = { ...wanted, type: wanted.kind, pool: null, master: null };
      await putDomainMetadata(folder, metadata);
    });
    if (wanted.class === 'Data') await leases.format(leasePlaces({ id, mount, root: `${mount}/${temporary}` }));
    await inFolder(mount, [], async (folder) => {
      await rename(folder.at(temporary), folder.at(id));
      await folder.sync();
    });
  } catch (error) {
    await clean().catch(() => undefined);
    if (errorCode(error) === 'ENOTEMPTY' || errorCode(error) === 'EEXIST')
      throw failure('domain exists', `Storage domain ${id} is there already`);
    if (errorCode(error) === 'EACCES' || errorCode(error) === 'EPERM')
      throw failure('domain permissions', `The account of the agent may not write to ${wanted.remotePath}: it must own the folder`, error);
    throw failureOf(error, 'domain not created', `Storage domain ${id} cannot be made on ${wanted.remotePath}`);
  }
}
