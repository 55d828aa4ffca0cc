import { createAgingMap } from '../../frame/aging-map.ts';
import { type Database, DatabaseUnavailable } from '../../frame/database.ts';
import { inTurn } from '../commands/turn.ts';
import type { MachineUsage } from './machine-statistics.ts';

/** What a host tells that a machine on it uses. */
export interface ToldMachine {
  readonly machine: string;
  readonly host: string;
  readonly usage: MachineUsage;
}

const statistics = [
  ...['cpu_user', 'cpu_sys', 'usage_cpu_percent', 'usage_mem_percent', 'elapsed_time', 'guest_mem_free', 'guest_mem_buffered'],
  ...['guest_mem_cached', 'guest_mem_unused', 'disks_usage'],
].join(', ');
const facts = [
  ...['hash', 'graphics', 'guest_host_name', 'guest_fqdn', 'guest_os', 'guest_time_zone', 'guest_applications', 'guest_user_name', 'vm_ip'],
  'client_ip',
].join(', ');
const counters = 'rx_drop, tx_drop, sample_time';
const loads = 'read_rate, write_rate, read_ops, write_ops, read_latency_seconds, write_latency_seconds, flush_latency_seconds';
const of = (prefix: string, columns: string): string => columns.replace(/\w+/g, `${prefix}.$&`);

/** Bytes of one direction in the runs before the present one: a counter that is less than it was has begun anew. */
const offset = (way: string): string =>
  `case when excluded.${way}_total < known.${way}_total - known.${way}_offset then known.${way}_total else known.${way}_offset end`;

/** Bytes of one direction in this run: what was told last, where nothing is told now. */
const present = (way: string): string => `coalesce(excluded.${way}_total, known.${way}_total - known.${way}_offset)`;

/** Bytes of one direction in all runs; nothing where none was ever told, which `least` would take for no limit. */
const total = (way: string): string =>
  `case when ${present(way)} is not null then least(9e18, ${present(way)}::numeric + ${offset(way)})::bigint end`;

/** Bytes a second since the last sample; unknown where a counter or a clock has begun anew. */
const rate = (way: string): string => {
  const more = `(excluded.${way}_total - (known.${way}_total - known.${way}_offset))`;
  return `case when excluded.sample_time > known.sample_time and ${more} >= 0
    then least(1e13, ${more} / greatest(0.001, excluded.sample_time - known.sample_time))::numeric(18, 4) end`;
};

/** Only of machines that are on the host which tells of them, and of disks that they have. What changes seldom is given only where it has changed. */
const storing = `with given as (select g.* from jsonb_to_recordset($1) as g (machine uuid, host uuid, statistics jsonb, facts jsonb, nics jsonb, disks jsonb, guest jsonb)
    join vm_dynamic d on d.vm_guid = g.machine and d.run_on_vds = g.host
    where ${inTurn('$2')}),
  network as (insert into vm_interface_statistics as known (id, rx_total, tx_total, ${counters})
    select i.id, n.rx_total, n.tx_total, ${of('n', counters)}
    from given cross join lateral jsonb_to_recordset(nics) n (mac text, rx_total bigint, tx_total bigint, rx_drop bigint, tx_drop bigint, sample_time double precision)
    join vm_interface i on i.vm_guid = machine and lower(i.mac_addr) = n.mac
    on conflict (id) do update set (rx_total, tx_total, rx_offset, tx_offset, rx_rate, tx_rate, ${counters}) =
      (${total('rx')}, ${total('tx')}, ${offset('rx')}, ${offset('tx')}, ${rate('rx')}, ${rate('tx')}, ${of('excluded', counters)})
    returning id, rx_rate, tx_rate),
  busiest as (select i.vm_guid, max(least(100, greatest(n.rx_rate, n.tx_rate) * 8 / (i.speed * 10000.0)))::smallint as percent
    from network n join vm_interface i using (id) where i.speed > 0 and coalesce(n.rx_rate, n.tx_rate) is not null group by i.vm_guid),
  used as (select distinct on (i.image_guid) i.image_guid, ${of('u', loads)}
    from given cross join lateral jsonb_to_recordset(disks) u (disk uuid, read_rate bigint, write_rate bigint, read_ops bigint, write_ops bigint,
      read_latency_seconds numeric, write_latency_seconds numeric, flush_latency_seconds numeric)
    join disk_vm_element e on e.vm_id = machine and e.disk_id = u.disk join images i on i.image_group_id = u.disk and i.active),
  loads as (insert into disk_image_dynamic as known (image_id, ${loads}) select image_guid, ${loads} from used
    on conflict (image_id) do update set (${loads}) = (${of('excluded', loads)}) where (${of('known', loads)}) is distinct from (${of('excluded', loads)})),
  facts as (update vm_dynamic d set (${facts}) = (${of('f', facts)})
    from given cross join lateral jsonb_populate_record(null::vm_dynamic, facts) f
    where d.vm_guid = machine and facts is not null and (${of('d', facts)}) is distinct from (${of('f', facts)})),
  seen as (select machine, interface_name, mac_address, ipv4_addresses, ipv6_addresses
    from given cross join lateral jsonb_populate_recordset(null::vm_guest_agent_interfaces, guest)),
  gone as (delete from vm_guest_agent_interfaces i using given
    where i.vm_id = machine and guest is not null and not exists (select from seen s where s.machine = i.vm_id and s.interface_name = i.interface_name)),
  guests as (insert into vm_guest_agent_interfaces as known (vm_id, interface_name, mac_address, ipv4_addresses, ipv6_addresses) select * from seen
    on conflict (vm_id, interface_name) do update set (mac_address, ipv4_addresses, ipv6_addresses) =
      (excluded.mac_address, excluded.ipv4_addresses, excluded.ipv6_addresses))
  insert into vm_statistics as known (vm_guid, ${statistics}, usage_network_percent, _update_date)
  select machine, ${of('u', statistics)}, b.percent, now()
  from given cross join lateral jsonb_populate_record(null::vm_statistics, statistics) u left join busiest b on b.vm_guid = machine
  on conflict (vm_guid) do update set (${statistics}, usage_network_percent, _update_date) =
    (${of('excluded', statistics)}, excluded.usage_network_percent, now())`;

/** Keeps what machines use. */
export interface MachineStore {
  /**
   * Stores what many machines use in few statements, for a turn of the engine. If one is refused, each host's are stored by themselves, so that what one
   * of them says does not cost the others theirs; throws the last refusal then.
   */
  store(all: readonly ToldMachine[]): Promise<void>;
  /** What is stored of a machine has been changed by others. */
  forget(machine: string): void;
  /** Forgets what was stored before this was called last, of machines of which nothing was told since. */
  age(): void;
}

/** The database expects short lists, and compares all of them with all of them: thousands of machines in one statement would take ten seconds. */
const atOnce = 500;

/** Does something with one after the other, whatever is refused. Throws the last refusal, and at once when the database is away. */
async function each<Part>(parts: readonly Part[], work: (part: Part) => Promise<void>): Promise<void> {
  let refusal: unknown;
  for (const part of parts)
    await work(part).catch((reason: unknown) => {
      if (reason instanceof DatabaseUnavailable) throw reason;
      refusal = reason;
    });
  if (refusal !== undefined)
    throw refusal instanceof Error ? refusal : new Error('the statistics of machines were refused', { cause: refusal });
}

export function createMachineStore(database: Database, generation: string): MachineStore {
  /** What changes seldom, as it was stored last. */
  const stored = createAgingMap<string>();

  async function write(some: readonly ToldMachine[]): Promise<void> {
    const seldom = some.map(({ usage: { facts: of, guest } }) => JSON.stringify([of, guest]));
    const rows = some.map(({ machine, host, usage }, at) => {
      const isKnown = stored.get(machine) === seldom[at];
      const { statistics: statistic, facts: fact, nics, disks, guest } = usage;
      return { machine, host, statistics: statistic, facts: isKnown ? null : fact, nics, disks, guest: isKnown ? null : guest };
    });
    await database.query(storing, [JSON.stringify(rows), generation]);
    for (const [at, { machine }] of some.entries()) stored.set(machine, seldom[at] ?? '');
  }

  /** Stores some in one statement, or each host's by themselves. Throws what was refused. */
  async function storeSome(some: readonly ToldMachine[]): Promise<void> {
    try {
      await write(some);
    } catch (error) {
      const hosts = Map.groupBy(some, ({ host }) => host);
      if (error instanceof DatabaseUnavailable || hosts.size === 1) throw error;
      await each([...hosts.values()], write);
    }
  }

  return {
    async store(all) {
      const parts = Array.from({ length: Math.ceil(all.length / atOnce) }, (_, at) => all.slice(at * atOnce, (at + 1) * atOnce));
      await each(parts, storeSome);
    },
    forget: stored.delete,
    age: stored.age,
  };
}
