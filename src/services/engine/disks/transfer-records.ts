import type { Database } from '../../frame/database.ts';
import { inTurn } from '../commands/turn.ts';
import { statusNumber } from '../hosts/host-status.ts';
import { volumeFormats } from './disk-words.ts';
import { directions, phaseNumber, phaseNumbers, phaseWord, timeoutPolicies, type TransferPhase } from './transfer-phase.ts';

/** A transfer as the database has it. */
export interface TransferRecord {
  readonly id: string;
  readonly phase: TransferPhase;
  readonly isUpload: boolean;
  /** Clients send and are sent a qcow2 image, and what a guest sees otherwise. */
  readonly isCow: boolean;
  readonly policy: (typeof timeoutPolicies)[number];
  /** Seconds that nobody may use it; 0 for any number. */
  readonly inactivitySeconds: number;
  /** The host that a client wants, or that was chosen. */
  readonly host: string | null;
  readonly ticket: string;
  /** Seconds since bytes were seen to come, or a client said that it goes on. */
  readonly idleSeconds: number;
}

/** A host whose daemon serves images. */
export interface ImageHost {
  readonly id: string;
  readonly name: string;
  readonly address: string;
  readonly port: number;
}

/** What is written of a transfer along with its phase. */
export interface TransferChange {
  readonly host?: string;
  readonly daemonUri?: string;
  readonly proxyUri?: string | null;
  readonly total?: number;
  readonly message?: string;
}

/** Transfers, as their command changes them. What is written is written for a turn. */
export interface TransferRecords {
  find(id: string): Promise<TransferRecord | null>;
  /** Takes it from one of some phases to another; false where it has left them. */
  move(id: string, from: readonly TransferPhase[], to: TransferPhase, change?: TransferChange): Promise<boolean>;
  /** Keeps what the ticket of it tells. */
  progress(id: string, sent: number, active: boolean): Promise<void>;
  /** Hosts that reach a storage domain of a data center, the one that is wanted first, and then those with the fewest transfers. */
  hosts(pool: string, domain: string, wanted: string | null): Promise<readonly ImageHost[]>;
}

export function createTransferRecords(database: Database, generation: string): TransferRecords {
  return {
    async find(id) {
      const [row] = await database.query<Record<string, unknown>>(
        `select *, extract(epoch from now() - last_updated)::integer as idle from image_transfers where transfer_id = $1`,
        [id],
      );
      if (row === undefined) return null;
      return {
        id,
        phase: phaseWord(row['phase']),
        isUpload: directions[Number(row['direction'])] === 'upload',
        isCow: row['image_format'] === volumeFormats.cow,
        policy: timeoutPolicies[Number(row['timeout_policy'])] ?? 'legacy',
        inactivitySeconds: Number(row['inactivity_timeout']),
        host: typeof row['vds_id'] === 'string' ? row['vds_id'] : null,
        ticket: String(row['ticket_id']),
        idleSeconds: Number(row['idle']),
      };
    },

    async move(id, from, to, { host, daemonUri, proxyUri, total, message } = {}) {
      const rows = await database.query(
        `update image_transfers set phase = $3, last_updated = now(), active = false, vds_id = coalesce($4::uuid, vds_id),
           daemon_uri = coalesce($5::text, daemon_uri), proxy_uri = coalesce($6::text, proxy_uri),
           bytes_total = coalesce($7::bigint, bytes_total), message = coalesce($8::text, message)
         where transfer_id = $1 and phase = any($2::integer[]) and ${inTurn('$9')} returning 1`,
        [id, phaseNumbers(...from), phaseNumber(to), host, daemonUri, proxyUri, total, message, generation].map((value) => value ?? null),
      );
      return rows.length > 0;
    },

    async progress(id, sent, active) {
      await database.query(
        `update image_transfers set last_updated = case when $3 or $2::bigint > coalesce(bytes_sent, 0) then now() else last_updated end,
           bytes_sent = greatest(bytes_sent, $2::bigint), active = $3
         where transfer_id = $1 and phase = $4 and ${inTurn('$5')}`,
        [id, sent, active, phaseNumber('transferring'), generation],
      );
    },

    hosts: (pool, domain, wanted) =>
      database.query<ImageHost>(
        `select v.vds_id as id, v.vds_name as name, v.host_name as address, v.port
         from vds v join cluster c using (cluster_id) join storage_domain_static d on d.id = $2
         where c.storage_pool_id = $1 and v.status = $3 and (d.vds_id is null or d.vds_id = v.vds_id)
         order by (v.vds_id = $4) desc nulls last,
           (select count(*) from image_transfers t where t.vds_id = v.vds_id and t.phase = $5), v.vds_id`,
        [pool, domain, statusNumber('up'), wanted, phaseNumber('transferring')],
      ),
  };
}
