import type { Domain, Domains } from './domains.ts';
import { failure } from './failures.ts';
import { withPool, withStatus } from './pool-metadata.ts';
import type { Pool } from './pool.ts';

/** Brings a domain into a pool, and back out: by the SPM, and each step can be done again where it was broken off. */
export interface PoolDomains {
  attach(pool: Pool, id: string): Promise<void>;
  activate(pool: Pool, id: string): Promise<void>;
  deactivate(pool: Pool, id: string, nextMaster: string | null): Promise<void>;
  detach(pool: Pool, id: string): Promise<void>;
}

/** Makes what moves domains between pools. */
export const createPoolDomains = (domains: Domains): PoolDomains => ({
  attach: (pool, id) =>
    pool.change(async (master) => {
      const domain = await domains.find(id);
      const metadata = await domains.read(domain);
      if (metadata.pool !== null && metadata.pool !== pool.id)
        throw failure('domain attached', `Storage domain ${id} belongs to pool ${metadata.pool}; it must be detached from that one first`);
      if (metadata.pool === null) await domains.write(domain, { ...metadata, pool: pool.id });
      if (master.pool.domains.has(id)) return;
      pool.role.assert();
      await domains.write(master.domain, withPool(master, { domains: withStatus(master.pool.domains, id, 'Attached') }));
    }),

  async activate(pool, id) {
    await pool.change(async (master) => {
      if (!master.pool.domains.has(id)) throw failure('domain not attached', `Storage domain ${id} is not attached to pool ${pool.id}`);
      const metadata = await domains.read(await domains.find(id));
      if (metadata.pool !== pool.id)
        throw failure('domain not attached', `Storage domain ${id} does not know that it belongs to pool ${pool.id}`);
      await domains.write(master.domain, withPool(master, { domains: withStatus(master.pool.domains, id, 'Active') }));
    });
    await pool.link();
  },

  deactivate: (pool, id, nextMaster) =>
    pool.change(async (master) => {
      if (!master.pool.domains.has(id)) throw failure('domain not attached', `Storage domain ${id} is not attached to pool ${pool.id}`);
      if (id === master.domain.id && nextMaster !== null && nextMaster !== id)
        throw failure(
          'domain is the master',
          `Storage domain ${id} is the master of pool ${pool.id}, and handing that over is not supported`,
        );
      const others = [...master.pool.domains].filter(([one, status]) => one !== id && status === 'Active');
      if (id === master.domain.id && others.length > 0)
        throw failure(
          'domain is the master',
          `Storage domain ${id} is the master of pool ${pool.id}; the other domains must be deactivated first`,
        );
      await domains.write(master.domain, withPool(master, { domains: withStatus(master.pool.domains, id, 'Attached') }));
    }),

  async detach(pool, id) {
    await pool.change(async (master) => {
      if (id === master.domain.id)
        throw failure('domain is the master', `Storage domain ${id} is the master of pool ${pool.id}; the pool must be destroyed instead`);
      if (master.pool.domains.get(id) === 'Active')
        throw failure('domain not detached', `Storage domain ${id} is active; it must be deactivated first`);
      const found: Domain = await domains.find(id);
      const metadata = await domains.read(found);
      if (metadata.pool !== null && metadata.pool !== pool.id)
        throw failure('domain not attached', `Storage domain ${id} belongs to another pool`);
      if (!master.pool.domains.has(id) && metadata.pool === null)
        throw failure('domain not attached', `Storage domain ${id} is not attached to pool ${pool.id}`);
      if (metadata.pool !== null) await domains.write(found, { ...metadata, pool: null });
      pool.role.assert();
      await domains.write(master.domain, withPool(master, { domains: withStatus(master.pool.domains, id, null) }));
    });
    await pool.link();
  },
});
