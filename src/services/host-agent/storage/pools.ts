import { createTurns } from '../../frame/turns.ts';
import { type PoolMetadata, type DomainMetadata } from './domain-metadata.ts';
import { leasePlaces, type Domain } from './domains.ts';
import { failure } from './failures.ts';
import { joinPool, type Pool, type PoolParts } from './pool.ts';
import { readMaster } from './pool-metadata.ts';

export interface NewPool {
  readonly id: string;
  readonly name: string;
  readonly masterId: string;
  readonly masterVersion: number;
  /** All domains that are to be in it, the master among them. */
  readonly domains: readonly string[];
}

/** The pools that this host takes part in. */
export interface Pools {
  ids(): readonly string[];
  /** Throws VerbFailure (309). */
  get(id: string): Pool;
  list(): readonly Pool[];
  create(wanted: NewPool): Promise<void>;
  /** Makes another domain the master of a pool whose master is lost. */
  reconstruct(wanted: NewPool, hostId: number): Promise<void>;
  connect(wanted: {
    readonly id: string;
    readonly hostId: number;
    readonly masterId: string;
    readonly masterVersion: number;
  }): Promise<void>;
  disconnect(id: string): Promise<void>;
  refresh(id: string, masterId: string, masterVersion: number): Promise<void>;
  /** Takes a pool apart: its domains belong to nobody then, and keep what is in them. By its SPM. */
  destroy(id: string): Promise<void>;
  stop(): Promise<void>;
}

/** The number that a host has among the others while a pool is made, before it has one of its own. It is above those that hosts get. */
const makersHostId = 250;

/** Makes what keeps the pools of this host. */
export function createPools(parts: PoolParts): Pools {
  const { domains, leases, log } = parts;
  const pools = new Map<string, Pool>();
  const turns = createTurns();
  // An agent that was killed while it made a pool has left its number there, and no other host could make that pool any more.
  const tidied = leases.leaveEverywhere(makersHostId).catch(() => undefined);
  const get = (id: string): Pool => {
    const pool = pools.get(id);
    if (pool === undefined) throw failure('pool unknown', `Pool ${id} is not connected to this host`);
    return pool;
  };
  const leave = async (pool: Pool): Promise<void> => {
    await pool.leave();
    pools.delete(pool.id);
    log.info('pool left', { pool: pool.id });
  };

  /** Does something to a domain with the lease that otherwise the SPM holds there. */
  const withLease = async <T>(domain: Domain, hostId: number, work: () => Promise<T>): Promise<T> => {
    const places = leasePlaces(domain);
    await tidied;
    await leases.join(places, hostId, new AbortController().signal);
    try {
      const lease = await leases.acquire(places);
      try {
        return await work();
      } finally {
        await lease.release();
      }
    } finally {
      await leases.leave(places, hostId);
    }
  };

  const asMaster = async (id: string, version: number): Promise<{ readonly domain: Domain; readonly metadata: DomainMetadata }> => {
    const domain = await domains.find(id);
    const metadata = await domains.read(domain);
    if (metadata.class === 'Iso') throw failure('master is of ISO files', `Domain ${id} is for ISO files and cannot be a master`);
    if (metadata.class === 'Backup') throw failure('master is for backups', `Domain ${id} is for backups and cannot be a master`);
    if (version < 1) throw failure('wrong master', 'The version of a master is 1 or more');
    return { domain, metadata };
  };

  const poolOf = (wanted: NewPool): PoolMetadata => ({
    name: wanted.name,
    domains: new Map([wanted.masterId, ...wanted.domains].map((id) => [id, 'Attached'] as const)),
    spmId: -1,
    spmVersion: -1,
    masterVersion: wanted.masterVersion,
  });

  return {
    ids: () => [...pools.keys()],
    get,
    list: () => [...pools.values()],
    // Somebody who asks for the same again, since an answer was lost, waits until the lease is given back: in the middle of that nobody could take it.
    create: (wanted) =>
      turns.take([wanted.masterId], async () => {
        const { domain, metadata: before } = await asMaster(wanted.masterId, wanted.masterVersion);
        // Said before anybody waits for a lease, and looked at again with it.
        refuseMember(wanted, before);
        await withLease(domain, makersHostId, async () => {
          const members: (readonly [Domain, DomainMetadata])[] = [];
          for (const id of new Set([...wanted.domains, wanted.masterId])) {
            const member = await domains.find(id);
            const metadata = await domains.read(member);
            refuseMember(wanted, metadata);
            members.push([member, metadata]);
          }
          // The master last: without it there is no pool.
          for (const [member, metadata] of members.filter(([{ id }]) => id !== wanted.masterId))
            await domains.write(member, { ...metadata, pool: wanted.id });
          for (const [member, metadata] of members.filter(([{ id }]) => id === wanted.masterId))
            await domains.write(member, { ...metadata, pool: wanted.id, master: poolOf(wanted) });
        });
      }),
    reconstruct: (wanted, hostId) =>
      turns.take([wanted.masterId], async () => {
        if (pools.has(wanted.id)) throw failure('pool', `Pool ${wanted.id} must be disconnected before it gets another master`);
        const { domain } = await asMaster(wanted.masterId, wanted.masterVersion);
        await withLease(domain, hostId, async () => {
          const metadata = await domains.read(domain);
          if (metadata.pool !== wanted.id)
            throw failure('domain not attached', `Storage domain ${domain.id} does not belong to pool ${wanted.id}`);
          if ((metadata.master?.masterVersion ?? 0) >= wanted.masterVersion)
            throw failure('higher master version', `Domain ${domain.id} is a master of that version, or of a higher one, already`);
          await domains.write(domain, { ...metadata, master: poolOf(wanted) });
        });
      }),
    connect: (wanted) =>
      turns.take([wanted.id], async () => {
        const { id, hostId } = wanted;
        const present = pools.get(id);
        if (present !== undefined) {
          if (present.hostId !== hostId) throw failure('host id', `Pool ${id} is connected with host id ${present.hostId}, not ${hostId}`);
          await readMaster(domains, id, wanted.masterId, wanted.masterVersion);
          if (present.masterId === wanted.masterId) return present.link();
          await leave(present);
        }
        const master = await readMaster(domains, id, wanted.masterId, wanted.masterVersion);
        const pool = joinPool({ id, hostId, master }, parts);
        pools.set(id, pool);
        await pool.link();
        log.info('pool joined', { pool: id, hostId });
      }),
    disconnect: (id) =>
      turns.take([id], async () => {
        const pool = pools.get(id);
        if (pool !== undefined) await leave(pool);
      }),
    refresh: (id, masterId, masterVersion) =>
      turns.take([id], async () => {
        const pool = get(id);
        await readMaster(domains, id, masterId, masterVersion);
        if (pool.masterId !== masterId) throw failure('wrong master', `Pool ${id} must be connected again: its master is another one now`);
        await pool.link();
      }),
    destroy: (id) =>
      turns.take([id], async () => {
        const pool = get(id);
        if (pool.tasks().isBusy()) throw failure('SPM stop', `Tasks are at work in pool ${id}; wait for their end, or stop them`);
        await pool.change(async ({ domain, metadata, pool: known }) => {
          for (const member of [...known.domains.keys()].filter((one) => one !== domain.id)) {
            const found = await domains.find(member);
            await domains.write(found, { ...(await domains.read(found)), pool: null });
          }
          await domains.write(domain, { ...metadata, pool: null, master: null });
        });
        await leave(pool);
      }),
    async stop() {
      // The place among the hosts stays, so that the next start finds it; only the role goes, which somebody else may want now.
      for (const pool of pools.values()) await pool.role.giveBack();
    },
  };
}

/** Throws VerbFailure where a domain cannot become a member of a new pool. One that was about to be made when the power went is made again. */
function refuseMember(wanted: NewPool, { id, pool, master }: DomainMetadata): void {
  if (pool === wanted.id && master !== null) throw failure('pool exists', `Pool ${wanted.id} is there already`);
  if (pool !== null && pool !== wanted.id) throw failure('domain attached', `Storage domain ${id} belongs to pool ${pool}`);
}
