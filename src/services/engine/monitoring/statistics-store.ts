import { type Database, DatabaseUnavailable } from '../../frame/database.ts';
import { inTurn } from '../commands/turn.ts';
import type { HostStatistics } from './host-statistics.ts';

const usageColumns = [
  ...[
    'usage_cpu_percent',
    'usage_mem_percent',
    'cpu_user',
    'cpu_sys',
    'cpu_idle',
    'cpu_load',
    'mem_free',
    'mem_shared',
    'swap_total',
    'swap_free',
  ],
  ...['ksm_state', 'ksm_pages', 'ksm_cpu_percent', 'anonymous_hugepages', 'transparent_hugepages_state', 'boot_time'],
].join(', ');

const counterNames = ['rx_total', 'tx_total', 'rx_drop', 'tx_drop', 'rx_errors', 'tx_errors'];
const counters = [...counterNames, 'iface_status', 'sample_time'].join(', ');
const counterTypes = `${counterNames.map((name) => `${name} bigint`).join(', ')}, iface_status integer, sample_time double precision`;

/** Bytes a second since the last sample; unknown where a counter or a clock has begun anew. */
const rate = (column: string): string =>
  `case when excluded.sample_time > known.sample_time and excluded.${column} >= known.${column}
    then least(1e13, (excluded.${column} - known.${column}) / greatest(0.001, excluded.sample_time - known.sample_time))::numeric(18, 4) end`;

const storing = `with given as (select * from jsonb_to_recordset($1) as g (host uuid, usage jsonb, machines jsonb, interfaces jsonb)
    where ${inTurn('$2')}),
  network as (insert into vds_interface_statistics as known (id, vds_id, ${counters})
    select i.id, i.vds_id, ${counters.replace(/\w+/g, 'n.$&')}
    from given cross join lateral jsonb_to_recordset(interfaces) n (name text, ${counterTypes})
    join vds_interface i on i.vds_id = host and i.name = n.name
    on conflict (id) do update set (${counters}, rx_rate, tx_rate) = (${counters.replace(/\w+/g, 'excluded.$&')}, ${rate('rx_total')}, ${rate('tx_total')})
    returning id, vds_id, rx_rate, tx_rate),
  machines as (update vds_dynamic d set (vm_active, vm_count, vm_migrating) = (m.vm_active, m.vm_count, m.vm_migrating)
    from given cross join lateral jsonb_populate_record(null::vds_dynamic, machines) m
    where d.vds_id = host and (d.vm_active, d.vm_count, d.vm_migrating) is distinct from (m.vm_active, m.vm_count, m.vm_migrating))
  update vds_statistics s set (${usageColumns}, usage_network_percent, _update_date) = (${usageColumns.replace(/\w+/g, 'u.$&')},
    (select max(least(100, greatest(n.rx_rate, n.tx_rate) * 8 / (i.speed * 10000.0))) from network n join vds_interface i using (id)
      where n.vds_id = host and i.speed > 0 and coalesce(n.rx_rate, n.tx_rate) is not null)::smallint, now())
  from given cross join lateral jsonb_populate_record(null::vds_statistics, usage) u
  where s.vds_id = host`;

/**
 * Stores what many hosts use in one statement, for a turn of the engine. If it is refused, each host is stored by itself, so that what one of them
 * says does not cost the others theirs; throws the last refusal then.
 */
export async function storeStatistics(database: Database, generation: string, all: readonly HostStatistics[]): Promise<void> {
  if (all.length === 0) return;
  const store = (some: readonly HostStatistics[]): Promise<unknown> => database.query(storing, [JSON.stringify(some), generation]);
  try {
    await store(all);
  } catch (error) {
    if (error instanceof DatabaseUnavailable || all.length === 1) throw error;
    const refusals: Error[] = [];
    for (const one of all)
      await store([one]).catch((reason: unknown) => {
        refusals.push(reason instanceof Error ? reason : new Error(String(reason)));
      });
    if (refusals[0] !== undefined) throw refusals[0];
  }
}
