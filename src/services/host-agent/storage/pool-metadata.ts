import type { DomainMetadata, DomainStatus, PoolMetadata } from './domain-metadata.ts';
import type { Domain, Domains } from './domains.ts';
import { failure } from './failures.ts';

/** The master domain of a pool with what it says of the pool. */
export interface Master {
  readonly domain: Domain;
  readonly metadata: DomainMetadata;
  readonly pool: PoolMetadata;
}

/**
 * Reads what the master domain of a pool says. Throws VerbFailure: 304 where the domain is not seen, 324 where it is not the master of the pool,
 * 326 where it has become so anew since the caller heard of it, so that the caller's word is old.
 * @param masterVersion as the caller knows it; undefined: any
 */
export async function readMaster(domains: Domains, pool: string, domainId: string, masterVersion?: number): Promise<Master> {
  const domain = await domains.find(domainId).catch((error: unknown) => {
    throw failure('master missing', `The master domain ${domainId} of pool ${pool} is not seen on this host`, error);
  });
  const metadata = await domains.read(domain);
  const { master } = metadata;
  if (master === null || metadata.pool !== pool) throw failure('wrong master', `Domain ${domainId} is not the master of pool ${pool}`);
  if (masterVersion !== undefined && master.masterVersion > masterVersion)
    throw failure('higher master version', `The master of pool ${pool} has version ${master.masterVersion}, not ${masterVersion}`);
  if (masterVersion !== undefined && master.masterVersion < masterVersion)
    throw failure(
      'wrong master',
      `Domain ${domainId} was the master of pool ${pool} in version ${master.masterVersion}, not ${masterVersion}`,
    );
  return { domain, metadata, pool: master };
}

/** The metadata of a master domain with something in it changed. */
export const withPool = ({ metadata, pool }: Master, change: Partial<PoolMetadata>): DomainMetadata => ({
  ...metadata,
  master: { ...pool, ...change },
});

/** A list of domains with the status of one of them set, or with it left out. */
export function withStatus(
  domains: ReadonlyMap<string, DomainStatus>,
  id: string,
  status: DomainStatus | null,
): ReadonlyMap<string, DomainStatus> {
  const changed = new Map(domains);
  if (status === null) changed.delete(id);
  else changed.set(id, status);
  return changed;
}
