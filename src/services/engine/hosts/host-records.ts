import type { Database } from '../../frame/database.ts';
import { inTurn } from '../commands/turn.ts';
import type { Command, Told } from '../commands/command.ts';
import { toldSql } from '../commands/event-sql.ts';
import type { Capabilities } from './capabilities.ts';
import { statusNumber, statusNumbers, type HostStatus } from './host-status.ts';
import type { Demands, Settled } from './suitability.ts';

/** A host as its agent is found, and as the engine sees it. */
export interface HostRecord {
  readonly id: string;
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly cluster: string;
  readonly status: number;
  readonly statusSince: Date;
  readonly reason: number;
  /** Machines that it ran when it told last, or that are placed on it where those are more. */
  readonly virtualMachines: number;
  /** Machines that the engine has run on it, or will. */
  readonly placed: number;
  readonly uniqueId: string | null;
  /** A command works on it. */
  readonly locked: boolean;
}

/** A step of a host from one status to another. */
export interface StatusChange {
  readonly host: string;
  /** It is done only from one of these. */
  readonly from: readonly HostStatus[];
  readonly to: HostStatus;
  /** Why it is not operational, by its number; what it was, where it is left out. */
  readonly reason?: number;
  readonly told?: Told;
  /** The command that it belongs to. */
  readonly command?: Command;
}

/** Hosts in the database, as the engine changes them on its own account. What is written is written for a turn. */
export interface HostRecords {
  all(): Promise<readonly HostRecord[]>;
  find(id: string): Promise<HostRecord | null>;
  /** What the cluster of a host asks of it; null where the host is gone. */
  demands(host: string): Promise<Demands | null>;
  /** The name of another host with the same hardware UUID; null where there is none. */
  twin(host: string, uniqueId: string): Promise<string | null>;
  /** Returns whether it was done: not from another status, nor in another's turn. The event is written along with it, or not at all. */
  change(change: StatusChange): Promise<boolean>;
  /** Keeps what a host has told of itself. */
  keep(host: string, capabilities: Capabilities): Promise<void>;
  /** Keeps that a host is installed as it should be, and pins the key of its SSH server. */
  installed(host: string, fingerprint: string): Promise<void>;
  /** Settles what the cluster of a host has left open. */
  settle(host: string, settled: Settled): Promise<void>;
  tell(told: Told): Promise<void>;
}

const recordColumns = `s.vds_id as id, s.vds_name as name, s.host_name as address, s.port, s.cluster_id as cluster, d.status, d.status_since as "statusSince",
  d.non_operational_reason as reason, greatest(d.vm_count, m.placed) as "virtualMachines", m.placed, s.vds_unique_id as "uniqueId",
  exists (select from command_locks l where l.object_id = s.vds_id) as locked`;
const recordTables = `vds_static s join vds_dynamic d using (vds_id)
  cross join lateral (select count(*)::integer as placed from vm_dynamic where run_on_vds = s.vds_id) m`;

const interfaceColumns = [
  ...[
    'mac_addr',
    'network_name',
    'speed',
    'mtu',
    'addr',
    'subnet',
    'gateway',
    'ipv6_address',
    'ipv6_prefix',
    'ipv6_gateway',
    'boot_protocol',
  ],
  ...['ipv6_boot_protocol', 'is_bond', 'bond_name', 'bond_opts', 'base_interface', 'vlan_id', 'bridged'],
].join(', ');

export function createHostRecords(database: Database, generation: string, now: () => number): HostRecords {
  async function one<Row>(sql: string, values: readonly unknown[]): Promise<Row | null> {
    return (await database.query<Row>(sql, values))[0] ?? null;
  }

  return {
    all: () => database.query<HostRecord>(`select ${recordColumns} from ${recordTables}`),
    find: (id) => one(`select ${recordColumns} from ${recordTables} where s.vds_id = $1`, [id]),

    demands: (host) =>
      one(
        `select c.name as cluster, c.compatibility_version as level, c.cpu_name as processor, c.emulated_machine as "emulatedMachine",
           coalesce((select string_to_array(option_value, ',') from vdc_options where option_name = 'ClusterEmulatedMachines'
             and version = c.compatibility_version), '{}') as "emulatedMachines",
           (select n.vdsm_name from network n join network_cluster m on m.network_id = n.id where m.cluster_id = c.cluster_id and m.management limit 1) as network
         from vds_static s join cluster c using (cluster_id) where s.vds_id = $1`,
        [host],
      ),

    async twin(host, uniqueId) {
      const found = await one<{ name: string }>(`select vds_name as name from vds_static where vds_unique_id = $1 and vds_id <> $2`, [
        uniqueId,
        host,
      ]);
      return found?.name ?? null;
    },

    async change({ host, from, to, reason, told, command }) {
      const time = new Date(now());
      const values: unknown[] = [host, statusNumbers(...from), statusNumber(to), reason ?? null, time, generation];
      const changed = await one(
        `with changed as (update vds_dynamic set status = $3, non_operational_reason = coalesce($4::integer, non_operational_reason), status_since = $5
           where vds_id = $1 and status = any($2::integer[]) and ${inTurn('$6')} returning vds_id)${
             told === undefined ? '' : `, told as (${toldSql(values, { ...told, host }, command, time, 'changed')})`
           }
         select from changed`,
        values,
      );
      return changed !== null;
    },

    async keep(host, { columns, interfaces, uniqueId }) {
      const names = Object.keys(columns).join(', ');
      await database.query(
        `with d as (update vds_dynamic set (${names}) = (select ${names} from jsonb_populate_record(null::vds_dynamic, $2))
           where vds_id = $1 and ${inTurn('$5')} returning vds_id),
         s as (update vds_static set vds_unique_id = coalesce($4, vds_unique_id) where vds_id in (select vds_id from d)),
         found as (select * from jsonb_populate_recordset(null::vds_interface, $3)),
         gone as (delete from vds_interface where vds_id in (select vds_id from d) and name not in (select name from found))
         insert into vds_interface as known (id, vds_id, name, ${interfaceColumns})
         select gen_random_uuid(), d.vds_id, name, ${interfaceColumns.replace(/\w+/g, 'found.$&')} from found, d
         on conflict (vds_id, name) do update set (${interfaceColumns}, _update_date) =
           (${interfaceColumns.replace(/\w+/g, 'excluded.$&')}, now())`,
        [host, JSON.stringify(columns), JSON.stringify(interfaces), uniqueId, generation],
      );
    },

    async installed(host, fingerprint) {
      await database.query(
        `update vds_static set sshkeyfingerprint = $2, reinstall_required = false where vds_id = $1 and ${inTurn('$3')}`,
        [host, fingerprint, generation],
      );
    },

    async settle(host, { processor, emulatedMachine }) {
      await database.query(
        `update cluster set cpu_name = coalesce(cpu_name, $2), emulated_machine = coalesce(emulated_machine, $3),
           architecture = case when architecture = 0 then 1 else architecture end
         where cluster_id = (select cluster_id from vds_static where vds_id = $1)
           and ((cpu_name is null and $2::text is not null) or emulated_machine is null or architecture = 0) and ${inTurn('$4')}`,
        [host, processor, emulatedMachine, generation],
      );
    },

    async tell(told) {
      const values: unknown[] = [generation];
      await database.query(toldSql(values, told, undefined, new Date(now()), `(select where ${inTurn('$1')}) t`), values);
    },
  };
}
