import { statusNumber } from '../../../hosts/host-status.ts';
import { notFound, Refusal } from '../../../http/refusal.ts';
import { poolStatus } from '../../../storage/storage-kinds.ts';
import type { SpecialChange } from '../collection.ts';
import { permits } from '../permits.ts';

/** Makes a host the SPM of its data center. */
export const forceSelectSpm: SpecialChange = {
  permit: permits.manipulate_host,
  async work({ database, id }) {
    const [host] = await database.query<{
      name: string;
      up: boolean;
      priority: number;
      pool: string | null;
      poolStatus: number | null;
      spm: string | null;
    }>(
      `select h.vds_name as name, h.status = $2 as up, h.vds_spm_priority as priority, p.id as pool, p.status as "poolStatus", p.spm_vds_id as spm
       from vds h left join storage_pool p on p.id = h.storage_pool_id where h.vds_id = $1`,
      [id, statusNumber('up')],
    );
    if (host === undefined) throw notFound();
    const refuse = (why: string): Refusal => new Refusal(409, `Host ${host.name} cannot become the storage pool manager: ${why}.`);
    if (!host.up) throw refuse('it is not up');
    if (host.priority < 0) throw refuse('its priority says that it must never be');
    const { pool } = host;
    if (pool === null || host.poolStatus === poolStatus.uninitialized || host.poolStatus === poolStatus.maintenance)
      throw refuse('its data center has no storage at work');
    if (host.spm === id && host.poolStatus === poolStatus.up) throw refuse('it is that already');
    return {
      ...{ object: id, host: id, pool, name: host.name },
      event: {
        code: 159,
        name: 'USER_FORCE_SELECTED_SPM',
        text: '${user} wants host ${name} to be the storage pool manager.',
        failed: 160,
      },
      statement: (values) => [
        ['done', `select vds_id::text as id, vds_name::text as name from vds_static where vds_id = ${values.add(id)}`],
      ],
      begins: { type: 'ForceSelectSpm', parameters: { host: id, name: host.name, pool }, locks: [id, pool] },
    };
  },
};
