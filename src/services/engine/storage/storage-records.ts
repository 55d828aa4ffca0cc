import type { Database } from '../../frame/database.ts';
import { inTurn } from '../commands/turn.ts';
import { statusNumber } from '../hosts/host-status.ts';
import type { StorageConnection } from './connections.ts';
import { domainTypes, mostHosts, poolStatus } from './storage-kinds.ts';
import { type StorageStatus, storageStatusNumber, storageStatusNumbers } from './storage-status.ts';

/** A data center, as far as its storage goes. */
export interface Pool {
  readonly id: string;
  readonly name: string;
  readonly status: number;
  readonly masterVersion: number;
  /** Its master domain; null while it has none. */
  readonly master: string | null;
  /** The host that is its SPM, or was last; null where that is one of another data center by now. */
  readonly spm: string | null;
  /** That of its domains for data, as agents are told. */
  readonly version: string;
}

/** A data center that has a master domain. */
export type LedPool = Pool & { readonly master: string };

/** A domain in a data center. */
export interface PoolDomain {
  readonly id: string;
  readonly name: string;
  /** Its number in `domainTypes`. */
  readonly type: number;
  readonly status: number;
  /** Per cent of room, and GiB, below which people are told. */
  readonly warningPercent: number;
  readonly criticalGiB: number;
  readonly filesReadAt: Date | null;
  readonly filesWanted: boolean;
  readonly connection: StorageConnection;
}

/** A host of a data center, as its agent is found, with the number that it goes by at the storage. */
export interface PoolHost {
  readonly id: string;
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly status: number;
  readonly priority: number;
  /** Null until it has been up once. */
  readonly spmId: number | null;
}

/** What a domain has, in bytes. */
export interface Room {
  readonly total: number;
  readonly free: number;
}

/** Storage in the database, as the engine changes it on its own account. What is written is written for a turn. */
export interface StorageRecords {
  pools(): Promise<readonly Pool[]>;
  pool(id: string): Promise<Pool | null>;
  /** The data center of a host; null where its cluster is in none. */
  poolOf(host: string): Promise<Pool | null>;
  /** Domains of a data center, the master first. */
  domains(pool: string): Promise<readonly PoolDomain[]>;
  /** A domain, wherever it is; null where it is gone. Its status is that in the data center, or `unattached`. */
  domain(id: string): Promise<PoolDomain | null>;
  /** Hosts of a data center, those that are wanted most as SPM first. */
  hosts(pool: string): Promise<readonly PoolHost[]>;
  host(id: string): Promise<PoolHost | null>;
  /** The number that a host goes by at the storage of a data center; it keeps it. Null when all are taken. */
  numberOf(host: string, pool: string): Promise<number | null>;
  /** Says how a data center is, and who its SPM is. One that somebody has taken the master away from meanwhile stays as it is. */
  setPool(pool: string, change: { readonly status: number; readonly spm: string | null }): Promise<void>;
  /** Makes a domain the master of a data center, which contends for an SPM from then on, or takes that back and leaves it uninitialized. */
  setMaster(pool: string, domain: string, version: number, isMaster: boolean): Promise<void>;
  /** Changes the status of a domain where it is one of these. Returns whether it did. */
  setDomain(pool: string, domain: string, from: readonly StorageStatus[], to: StorageStatus): Promise<boolean>;
  setRoom(domain: string, room: Room): Promise<void>;
  /** Keeps the list of files of a domain, or why there is none. */
  setFiles(domain: string, files: readonly RepositoryFile[] | string): Promise<void>;
}

/** A file of an ISO domain. */
export interface RepositoryFile {
  readonly name: string;
  readonly size: number | null;
  /** Seconds since 1970. */
  readonly created: number | null;
}

const poolColumns = `p.id, p.name, p.status, p.master_domain_version as "masterVersion",
  (select h.vds_id from vds h where h.vds_id = p.spm_vds_id and h.storage_pool_id = p.id) as spm,
  coalesce(p.storage_pool_format_type, '5') as version,
  (select s.id from storage_pool_iso_map m join storage_domain_static s on s.id = m.storage_id
    where m.storage_pool_id = p.id and s.storage_domain_type = ${domainTypes.master}) as master`;

const domainColumns = `s.id, s.storage_name as name, s.storage_domain_type as type, coalesce(m.status, ${storageStatusNumber('unattached')}) as status,
  s.warning_low_space_indicator as "warningPercent", s.critical_space_action_blocker as "criticalGiB", d.files_read_at as "filesReadAt",
  coalesce(d.files_wanted_at > coalesce(d.files_read_at, '-infinity'), false) as "filesWanted",
  jsonb_build_object('id', c.id, 'connection', c.connection, 'kind', c.storage_type, 'nfsVersion', c.nfs_version, 'nfsTimeo', c.nfs_timeo,
    'nfsRetrans', c.nfs_retrans, 'mountOptions', c.mount_options, 'vfsType', c.vfs_type) as connection`;
const domainTables = `storage_domain_static s join storage_server_connections c on c.id = s.storage left join storage_domain_dynamic d on d.id = s.id
  left join storage_pool_iso_map m on m.storage_id = s.id`;

const hostColumns = `h.vds_id as id, h.vds_name as name, h.host_name as address, h.port, h.status, h.vds_spm_priority as priority, n.vds_spm_id as "spmId"`;
const hostTables = `vds h left join vds_spm_id_map n on n.vds_id = h.vds_id and n.storage_pool_id = h.storage_pool_id`;

/** Whether a host is up, by the number of its status. */
export const isUp = ({ status }: { readonly status: number }): boolean => status === statusNumber('up');

export function createStorageRecords(database: Database, generation: string, now: () => number): StorageRecords {
  async function one<Row>(sql: string, values: readonly unknown[]): Promise<Row | null> {
    return (await database.query<Row>(sql, values))[0] ?? null;
  }

  return {
    pools: () => database.query<Pool>(`select ${poolColumns} from storage_pool p order by p.name`),
    pool: (id) => one(`select ${poolColumns} from storage_pool p where p.id = $1`, [id]),
    poolOf: (host) =>
      one(
        `select ${poolColumns} from storage_pool p join cluster c on c.storage_pool_id = p.id join vds_static h on h.cluster_id = c.cluster_id where h.vds_id = $1`,
        [host],
      ),
    domains: (pool) =>
      database.query<PoolDomain>(
        `select ${domainColumns} from ${domainTables} where m.storage_pool_id = $1 order by s.storage_domain_type, s.storage_name`,
        [pool],
      ),
    domain: (id) => one(`select ${domainColumns} from ${domainTables} where s.id = $1`, [id]),
    hosts: (pool) =>
      database.query<PoolHost>(
        `select ${hostColumns} from ${hostTables} where h.storage_pool_id = $1 order by h.vds_spm_priority desc, h.vds_name`,
        [pool],
      ),
    host: (id) => one(`select ${hostColumns} from ${hostTables} where h.vds_id = $1`, [id]),

    async numberOf(host, pool) {
      await database.query(
        `insert into vds_spm_id_map (vds_id, storage_pool_id, vds_spm_id)
         select $1, $2, min(n) from generate_series(1, ${mostHosts}) n
         where n not in (select vds_spm_id from vds_spm_id_map where storage_pool_id = $2) and ${inTurn('$3')} having min(n) is not null
         on conflict (vds_id) do update set (storage_pool_id, vds_spm_id) = (excluded.storage_pool_id, excluded.vds_spm_id)
           where vds_spm_id_map.storage_pool_id <> excluded.storage_pool_id`,
        [host, pool, generation],
      );
      const found = await one<{ number: number }>(
        'select vds_spm_id as number from vds_spm_id_map where vds_id = $1 and storage_pool_id = $2',
        [host, pool],
      );
      return found?.number ?? null;
    },

    async setPool(pool, { status, spm }) {
      // Giving up a master leaves its data center uninitialized: nobody who looked at it before may write anything else.
      await database.query(
        `update storage_pool set status = $2, spm_vds_id = $3 where id = $1 and status <> ${poolStatus.uninitialized} and ${inTurn('$4')}`,
        [pool, status, spm, generation],
      );
    },

    async setMaster(pool, domain, version, isMaster) {
      await database.query(
        `with p as (update storage_pool p set master_domain_version = $3, status = case when $4 then ${poolStatus.contend} else ${poolStatus.uninitialized} end,
           spm_vds_id = case when $4 then spm_vds_id end,
           storage_pool_format_type = case when $4 then (select storage_domain_format_type from storage_domain_static where id = $2) else storage_pool_format_type end
           where id = $1 and ${inTurn('$5')} returning id)
         update storage_domain_static set storage_domain_type = $6 where id = $2 and exists (select from p)`,
        [pool, domain, version, isMaster, generation, isMaster ? domainTypes.master : domainTypes.data],
      );
    },

    async setDomain(pool, domain, from, to) {
      const changed = await one(
        `update storage_pool_iso_map set status = $4 where storage_pool_id = $1 and storage_id = $2 and status = any($3::integer[]) and ${inTurn('$5')}
         returning storage_id`,
        [pool, domain, storageStatusNumbers(...from), storageStatusNumber(to), generation],
      );
      return changed !== null;
    },

    async setRoom(domain, { total, free }) {
      await database.query(
        `insert into storage_domain_dynamic as d (id, available_disk_size, used_disk_size, _update_date)
         select id, $2, $3, $4 from storage_domain_static where id = $1 and ${inTurn('$5')}
         on conflict (id) do update set (available_disk_size, used_disk_size, _update_date) =
           (excluded.available_disk_size, excluded.used_disk_size, excluded._update_date)
           where (d.available_disk_size, d.used_disk_size) is distinct from (excluded.available_disk_size, excluded.used_disk_size)`,
        [domain, free, total - free, new Date(now()), generation],
      );
    },

    async setFiles(domain, files) {
      const list = typeof files === 'string' ? null : JSON.stringify(files);
      await database.query(
        `with d as (update storage_domain_dynamic set files_read_at = greatest($3, files_wanted_at), files_failure = $4 where id = $1 and ${inTurn('$5')} returning id),
         found as (select * from jsonb_to_recordset($2) as f (name text, size bigint, created double precision)),
         gone as (delete from repo_file_meta_data where repo_domain_id in (select id from d) and $2 is not null
           and repo_image_id not in (select name from found))
         insert into repo_file_meta_data (repo_domain_id, repo_image_id, size, date_created)
         select d.id, f.name, f.size, to_timestamp(f.created) from d, found f
         on conflict (repo_domain_id, repo_image_id) do update set (size, date_created) = (excluded.size, excluded.date_created)`,
        [domain, list, new Date(now()), typeof files === 'string' ? files : null, generation],
      );
    },
  };
}

/** Statuses in which a domain is to be seen on every host that is up. */
const seen = storageStatusNumbers('unknown', 'active', 'inactive', 'locked', 'preparing_for_maintenance', 'activating');

/** Whether hosts are connected to a domain. */
export const isConnected = ({ status }: PoolDomain): boolean => seen.includes(status);

/** Whether a data center has storage at work, or storage that should be. */
export const isAtWork = (pool: Pool): pool is LedPool =>
  pool.master !== null && pool.status !== poolStatus.uninitialized && pool.status !== poolStatus.maintenance;
