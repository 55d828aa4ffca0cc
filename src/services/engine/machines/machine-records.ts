import type { Database } from '../../frame/database.ts';
import { type Command, type Told } from '../commands/command.ts';
import { toldSql } from '../commands/event-sql.ts';
import { inTurn } from '../commands/turn.ts';
import { type HostStatus, statusNumber, statusWord } from '../hosts/host-status.ts';
import { type MachineStatus, machineStatuses, machineStatusWord } from './machine-status.ts';
import type { Candidate } from './placement.ts';

/** A machine as the engine sees it, and the host that it runs on or may run on. */
export interface MachineRecord {
  readonly id: string;
  readonly name: string;
  readonly status: MachineStatus;
  /** When it came to be so: the same text as long as nothing has changed. */
  readonly since: string;
  readonly exitMessage: string | null;
  readonly pool: string | null;
  readonly cluster: string | null;
  readonly host: string | null;
  readonly hostName: string;
  readonly hostAddress: string;
  readonly hostPort: number;
  readonly hostStatus: HostStatus;
  /** A command works on it. */
  readonly locked: boolean;
}

/** Why a machine is down. */
export interface MachineEnd {
  readonly reason: number | null;
  readonly message: string;
  readonly told: Told;
}

/** What of a machine is the matter of one run: it goes when that ends. */
const ofOneRun = `run_on_vds = null, run_once = false, run_configuration = null, pause_status = null, hash = null, graphics = '[]', current_cd = null,
  emulated_machine = null, guest_host_name = null, guest_fqdn = null, guest_os = null, guest_time_zone = null, guest_applications = null,
  guest_user_name = null, vm_ip = null, client_ip = null, console_user_name = null, console_user_id = null`;

/** SQL that says of rows of `vm_dynamic` that their machine is down, with the reason in two places. */
export const setDown = (reason: string, message: string): string =>
  `status = ${machineStatuses.down}, status_since = now(), last_stop_time = now(), exit_reason = ${reason}, exit_message = ${message}, ${ofOneRun}`;

/**
 * Machines in the database, as the engine changes them on its own account. What is written is written for a turn. Where a machine runs is written before
 * a host is asked to start it, and taken away only when that host has said that it does not run there, or a person has.
 */
export interface MachineRecords {
  find(id: string): Promise<MachineRecord | null>;
  /** Machines that run or may run on some hosts, and that no command works on. */
  on(hosts: readonly string[]): Promise<readonly MachineRecord[]>;
  /** Those that there are of some ids. */
  known(ids: readonly string[]): Promise<readonly MachineRecord[]>;
  /** The hosts of the cluster of a machine. */
  candidates(id: string): Promise<readonly Candidate[]>;
  /** Settles where a machine is to be started, once; returns whether it was. The event is written along with it. */
  reserve(id: string, host: string, command: Command, told: Told): Promise<boolean>;
  /** Says that a machine is just being started on its host; returns whether that is still so. */
  renew(id: string, host: string): Promise<boolean>;
  /** Takes back what `reserve` has done, unless more is known of the machine. */
  release(id: string): Promise<void>;
  /** Nobody knows whether it runs on its host. */
  doubt(id: string, host: string): Promise<void>;
  /** Gives a machine that runs on a host the status that it has there; returns whether that was news. */
  change(id: string, host: string, status: MachineStatus, pause: string | null, told?: Told): Promise<boolean>;
  /** Keeps what was put into the drive of a machine that runs on a host; null for nothing. */
  inserted(id: string, host: string, content: string | null): Promise<void>;
  /** It runs nowhere any more, provided that nothing has changed since `since`; null asks for no more than the host. */
  end(id: string, host: string, since: string | null, end: MachineEnd): Promise<void>;
  /** Takes up a machine that runs on a host though it was thought to run nowhere. */
  adopt(id: string, host: string, status: MachineStatus, told: Told): Promise<boolean>;
  /** Machines of hosts that are lost may run there or not; an event tells of each. */
  doubtAll(): Promise<void>;
  /** Keeps what is promised to machines with each host. */
  commit(): Promise<void>;
}

const columns = `d.vm_guid as id, s.vm_name as name, d.status, d.status_since::text as since, d.exit_message as "exitMessage", c.storage_pool_id as pool, s.cluster_id as cluster,
  d.run_on_vds as host, coalesce(h.vds_name, '') as "hostName", coalesce(h.host_name, '') as "hostAddress", coalesce(h.port, 0) as "hostPort",
  coalesce(hd.status, 0) as "hostStatus", exists (select from command_locks l where l.object_id = d.vm_guid) as locked`;
const tables = `vm_dynamic d join vm_static s using (vm_guid) left join cluster c using (cluster_id) left join vds_static h on h.vds_id = d.run_on_vds
  left join vds_dynamic hd on hd.vds_id = d.run_on_vds`;

/** Statuses in which a host may have lost its machine: what is suspended or has no image yet does not run anywhere. */
const runningNumbers = [1, 2, 4, 5, 6, 8, 9, 10, 11, 12, 16];

type Raw = Omit<MachineRecord, 'status' | 'hostStatus'> & { readonly status: number; readonly hostStatus: number };
const recordOf = (row: Raw): MachineRecord => ({ ...row, status: machineStatusWord(row.status), hostStatus: statusWord(row.hostStatus) });

export function createMachineRecords(database: Database, generation: string, now: () => number): MachineRecords {
  const read = async (condition: string, values: readonly unknown[]): Promise<readonly MachineRecord[]> =>
    (await database.query<Raw>(`select ${columns} from ${tables} where s.entity_type = 'VM' and ${condition}`, values)).map(recordOf);

  /** Changes machines by a statement, for the turn, with an event for each; returns how many were changed. */
  async function change(update: string, values: readonly unknown[], told?: Told, command?: Command): Promise<number> {
    const all = [...values, generation];
    const turn = inTurn(`$${all.length}`);
    const event = told === undefined ? '' : `, told as (${toldSql(all, told, command, new Date(now()), 'changed')})`;
    const [row] = await database.query<{ changed: number }>(
      `with changed as (${update.replace('{turn}', turn)} returning vm_guid)${event} select count(*)::integer as changed from changed`,
      all,
    );
    return row?.changed ?? 0;
  }
  const done = async (...args: Parameters<typeof change>): Promise<boolean> => (await change(...args)) > 0;

  return {
    find: async (id) => (await read('d.vm_guid = $1', [id]))[0] ?? null,
    on: (hosts) =>
      read('d.run_on_vds = any($1::uuid[]) and not exists (select from command_locks l where l.object_id = d.vm_guid)', [hosts]),
    known: (ids) => read('d.vm_guid = any($1::uuid[])', [ids]),

    async candidates(id) {
      const rows = await database.query<Omit<Candidate, 'status'> & { readonly status: number }>(
        `with there as (select d.run_on_vds, sum(s.min_allocated_mem)::integer as memory, count(*)::integer as machines,
             sum(s.num_of_sockets * s.cpu_per_socket * s.threads_per_cpu)::integer as cpus
           from vm_dynamic d join vm_static s using (vm_guid) where d.run_on_vds is not null group by d.run_on_vds)
         select h.vds_id as id, h.vds_name as name, d.status, d.physical_mem_mb as "physicalMb", coalesce(d.reserved_mem, 0) as "reservedMb",
           coalesce(d.guest_overhead, 0) as "overheadMb", coalesce(t.memory + t.machines * coalesce(d.guest_overhead, 0), 0) as "committedMb",
           c.max_vds_memory_over_commit as overcommit, coalesce(case when c.count_threads_as_cores then d.cpu_threads else d.cpu_cores end, 0) as cpus,
           coalesce(t.cpus, 0) as "cpusInUse", coalesce(t.machines, 0) as machines, u.usage_cpu_percent as load,
           array(select distinct i.network_name from vds_interface i where i.vds_id = h.vds_id and i.bridged and i.network_name is not null) as networks,
           string_to_array(d.supported_displays, ',') as displays
         from vm_static s join cluster c using (cluster_id) join vds_static h using (cluster_id) join vds_dynamic d using (vds_id)
         left join vds_statistics u using (vds_id) left join there t on t.run_on_vds = h.vds_id
         where s.vm_guid = $1 order by h.vds_name`,
        [id],
      );
      return rows.map((row) => ({ ...row, status: statusWord(row.status) }));
    },

    // The lock makes a host that goes into maintenance meanwhile wait for this reservation, or this reservation see it go.
    reserve: (id, host, command, told) =>
      done(
        `update vm_dynamic set run_on_vds = $2, status_since = now(), exit_reason = null, exit_message = null
         where vm_guid = $1 and status = ${machineStatuses.wait_for_launch} and run_on_vds is null
           and exists (select from vds_dynamic where vds_id = $2 and status = ${statusNumber('up')} for share) and {turn}`,
        [id, host],
        told,
        command,
      ),
    renew: (id, host) =>
      done(
        `update vm_dynamic set status_since = clock_timestamp() where vm_guid = $1 and run_on_vds = $2 and status = ${machineStatuses.wait_for_launch} and {turn}`,
        [id, host],
      ),
    async release(id) {
      await change(
        `update vm_dynamic set status = ${machineStatuses.down}, status_since = now(), ${ofOneRun} where vm_guid = $1 and status = ${machineStatuses.wait_for_launch} and {turn}`,
        [id],
      );
    },
    async doubt(id, host) {
      await change(
        `update vm_dynamic set status = ${machineStatuses.unknown}, status_since = now() where vm_guid = $1 and run_on_vds = $2 and {turn}`,
        [id, host],
      );
    },
    change: (id, host, status, pause, told) =>
      done(
        `update vm_dynamic set status = $3::integer, status_since = now(), pause_status = $4,
           last_start_time = case when status = ${machineStatuses.wait_for_launch} then now() else last_start_time end
         where vm_guid = $1 and run_on_vds = $2 and status <> $3::integer and {turn}`,
        [id, host, machineStatuses[status], pause],
        told,
      ),
    async inserted(id, host, content) {
      await change('update vm_dynamic set current_cd = $3 where vm_guid = $1 and run_on_vds = $2 and {turn}', [id, host, content]);
    },
    async end(id, host, since, { reason, message, told }) {
      await change(
        `update vm_dynamic set ${setDown('$4::smallint', '$5')}
         where vm_guid = $1 and run_on_vds = $2 and ($3::text is null or status_since = $3::timestamptz) and {turn}`,
        [id, host, since, reason, message],
        told,
      );
    },
    adopt: (id, host, status, told) =>
      done(
        `update vm_dynamic set status = $3::integer, status_since = now(), run_on_vds = $2
         where vm_guid = $1 and run_on_vds is null and not exists (select from command_locks where object_id = vm_guid) and {turn}`,
        [id, host, machineStatuses[status]],
        told,
      ),

    async doubtAll() {
      await database.query(
        `with changed as (update vm_dynamic d set status = ${machineStatuses.unknown}, status_since = now()
           where status = any($2::integer[]) and run_on_vds in (select vds_id from vds_dynamic where status = ${statusNumber('non_responsive')})
             and not exists (select from command_locks l where l.object_id = d.vm_guid) and ${inTurn('$1')} returning vm_guid, run_on_vds)
         insert into audit_log (log_time, log_type, log_type_name, severity, message, vm_id, vm_name, vds_id, vds_name)
         select now(), 142, 'VM_SET_TO_UNKNOWN_STATUS', 1, 'It is not known whether virtual machine ' || s.vm_name || ' runs, since its host ' ||
           h.vds_name || ' cannot be reached.', vm_guid, s.vm_name, h.vds_id, h.vds_name
         from changed join vm_static s using (vm_guid) join vds_static h on h.vds_id = changed.run_on_vds`,
        [generation, runningNumbers],
      );
    },

    async commit() {
      await database.query(
        `update vds_dynamic d set mem_commited = n.memory, vms_cores_count = n.cpus
         from (select h.vds_id, coalesce(sum(s.min_allocated_mem + coalesce(h.guest_overhead, 0)), 0)::integer as memory,
             coalesce(sum(s.num_of_sockets * s.cpu_per_socket * s.threads_per_cpu), 0)::integer as cpus
           from vds_dynamic h left join vm_dynamic m on m.run_on_vds = h.vds_id left join vm_static s using (vm_guid) group by h.vds_id) n
         where n.vds_id = d.vds_id and (d.mem_commited, d.vms_cores_count) is distinct from (n.memory, n.cpus)
           and ${inTurn('$1')}`,
        [generation],
      );
    },
  };
}
