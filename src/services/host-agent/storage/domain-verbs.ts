import { VerbFailure, type Verbs } from '../verbs.ts';
import { storageKind } from './connections.ts';
import type { DomainClass } from './domain-metadata.ts';
import { type Domain, type Domains, isoImage } from './domains.ts';
import { codes, failure } from './failures.ts';
import { matcher } from './file-pattern.ts';
import type { PoolDomains } from './pool-domains.ts';
import type { Pools } from './pools.ts';
import { longestDescription, noVolume } from './volume-metadata.ts';
import { inImage, listImages, listVolumes } from './volumes.ts';

const classes: Readonly<Record<number, DomainClass>> = { 1: 'Data', 2: 'Iso', 3: 'Backup' };
/** For so many there are places for leases. */
const mostHosts = 250;
/** Versions in which a domain of a class is made. */
const versions: Readonly<Record<DomainClass, readonly number[]>> = { Data: [3, 4, 5], Iso: [0], Backup: [0] };

/** The name or description of a thing: one line. Throws VerbFailure (1000, 387). */
export function oneLine(text: string, what: string): string {
  if (/\p{Cc}/u.test(text)) throw failure('parameter', `${what} must be one line`);
  if (Buffer.byteLength(text) > longestDescription)
    throw failure('description too long', `${what} has more than ${longestDescription} bytes`);
  return text;
}

/** Verbs about one storage domain. */
export function domainVerbs({
  domains,
  pools,
  poolDomains,
}: {
  readonly domains: Domains;
  readonly pools: Pools;
  readonly poolDomains: PoolDomains;
}): Verbs {
  const isoFiles = async (domain: Domain): Promise<void> => {
    if ((await domains.read(domain)).class !== 'Iso') throw failure('domain type', `Storage domain ${domain.id} is not for ISO files`);
  };
  return {
    'StorageDomain.create': async (params) => {
      const kind = storageKind(params.number('domainType'));
      const domainClass = classes[params.number('domainClass')];
      if (kind === undefined)
        throw failure('domain type', `Storage of type ${params.number('domainType')} is not supported; NFS, LOCALFS and POSIXFS are`);
      if (domainClass === undefined) throw failure('domain type', `There is no class ${params.number('domainClass')} of storage domains`);
      const version = params.optionalNumber('version') ?? Math.max(...versions[domainClass]);
      if (!versions[domainClass].includes(version))
        throw failure(
          'domain version',
          `Domains of class ${domainClass} are made in version ${versions[domainClass].join(', ')}, not ${version}`,
        );
      if ((params.optionalNumber('blockSize') ?? 512) !== 512) throw failure('parameter', 'Blocks of 512 bytes are supported, no others');
      const hosts = params.optionalNumber('maxHosts') ?? mostHosts;
      if (hosts > mostHosts) throw failure('parameter', `There is room for ${mostHosts} hosts on a domain, and not for ${hosts}`);
      const remotePath = params.text('typeArgs');
      await domains.create({
        id: params.uuid('storagedomainID'),
        name: oneLine(params.text('name'), 'The name'),
        kind,
        class: domainClass,
        version,
        remotePath: /\p{Cc}/u.test(remotePath) ? invalidPath() : remotePath,
      });
    },
    'StorageDomain.attach': (params) => poolDomains.attach(pools.get(params.uuid('storagepoolID')), params.uuid('storagedomainID')),
    'StorageDomain.activate': (params) => poolDomains.activate(pools.get(params.uuid('storagepoolID')), params.uuid('storagedomainID')),
    'StorageDomain.deactivate': (params) => {
      const next = params.optionalUuid('masterSdUUID') ?? noVolume;
      return poolDomains.deactivate(
        pools.get(params.uuid('storagepoolID')),
        params.uuid('storagedomainID'),
        next === noVolume ? null : next,
      );
    },
    'StorageDomain.detach': (params) => poolDomains.detach(pools.get(params.uuid('storagepoolID')), params.uuid('storagedomainID')),
    'StorageDomain.format': async (params) => {
      const id = params.uuid('storagedomainID');
      const domain = await domains.find(id).catch(async (error: unknown) => {
        if (isMissing(error) && (await domains.finishFormat(id))) return null;
        throw error;
      });
      if (domain === null) return;
      const { pool } = await domains.read(domain);
      // Who wants it gone although it belongs to a pool says so; never while this host knows that it is in use.
      if (pool !== null && (params.optionalFlag('autoDetach') !== true || pools.ids().includes(pool)))
        throw failure('domain attached', `Storage domain ${domain.id} belongs to pool ${pool}; it must be detached first`);
      await domains.format(domain);
    },
    'StorageDomain.setDescription': async (params) => {
      const description = oneLine(params.text('description'), 'The description');
      const id = params.uuid('storagedomainID');
      const domain = await domains.find(id);
      const { pool } = await domains.read(domain);
      const write = async (): Promise<void> => domains.write(domain, { ...(await domains.read(domain)), name: description });
      await (pool === null ? write() : pools.get(pool).change(write));
    },
    'StorageDomain.getInfo': async (params) => {
      const domain = await domains.find(params.uuid('storagedomainID'));
      const metadata = await domains.read(domain);
      const { master } = metadata;
      return {
        uuid: metadata.id,
        name: metadata.name,
        type: metadata.type,
        class: metadata.class,
        role: master === null ? 'Regular' : 'Master',
        pool: metadata.pool === null ? [] : [metadata.pool],
        version: String(metadata.version),
        master_ver: String(master?.masterVersion ?? 0),
        lver: String(master?.spmVersion ?? -1),
        spm_id: String(master?.spmId ?? -1),
        block_size: 512,
        alignment: 1024 * 1024,
        remotePath: metadata.remotePath,
      };
    },
    'StorageDomain.getStats': async (params) => {
      const { total, free } = await domains.room(await domains.find(params.uuid('storagedomainID')));
      return { disktotal: String(total), diskfree: String(free), mdasize: '0', mdafree: '0', mdavalid: true, mdathreshold: true };
    },
    'StorageDomain.getFileStats': async (params) => {
      const domain = await domains.find(params.uuid('storagedomainID'));
      await isoFiles(domain);
      const matches = matcher(params.optionalText('pattern') ?? '*', params.optionalFlag('caseSensitive') ?? false);
      return inImage(domain, isoImage, async (folder) => {
        const found: Record<string, { readonly status: number; readonly size: string; readonly ctime: string }> = {};
        // Those that begin with a dot are on their way.
        for (const name of (await folder.names()).filter((one) => !one.startsWith('.') && matches(one)).sort()) {
          const stat = await folder.look(name);
          if (stat?.isFile() === true) found[name] = { status: 0, size: String(stat.size), ctime: String(Math.floor(stat.ctimeMs / 1000)) };
        }
        return found;
      });
    },
    'StorageDomain.getImages': async (params) => listImages(await domains.find(params.uuid('storagedomainID'))),
    'StorageDomain.getVolumes': async (params) => {
      const domain = await domains.find(params.uuid('storagedomainID'));
      const image = params.optionalUuid('imageID');
      const lists = await Promise.all((image === undefined ? await listImages(domain) : [image]).map((one) => listVolumes(domain, one)));
      return lists.flat();
    },
    'Host.getStorageDomains': async (params) => {
      const wantedPool = params.optionalUuid('storagepoolID') ?? noVolume;
      const wantedClass = classes[params.optionalNumber('domainClass') ?? 0];
      const wantedKind = storageKind(params.optionalNumber('storageType') ?? 0);
      const remotePath = params.optionalText('remotePath') ?? '';
      const found: string[] = [];
      for (const domain of await domains.list()) {
        // One that cannot be read keeps no other from being found.
        const metadata = await domains.read(domain).catch(() => null);
        if (metadata === null || (wantedPool !== noVolume && metadata.pool !== wantedPool)) continue;
        if (wantedClass !== undefined && metadata.class !== wantedClass) continue;
        if (wantedKind !== undefined && metadata.type !== wantedKind) continue;
        if (remotePath === '' || metadata.remotePath === remotePath) found.push(domain.id);
      }
      return found;
    },
  };
}

const isMissing = (error: unknown): boolean => error instanceof VerbFailure && error.code === codes['domain missing'];

const invalidPath = (): never => {
  throw failure('domain path', 'typeArgs must be a connection or a path on one line');
};
