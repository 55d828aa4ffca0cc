import { aggregate, nextDue } from '../src/services/dwh/aggregate.ts';
import { openHistory } from '../src/services/dwh/history.ts';
import { storeSample } from '../src/services/dwh/sample.ts';
import { startPostgres } from '../test/support/postgres.ts';
import { makeHistory, type TestHistory } from '../test/support/warehouse.ts';
import { type Sample, interleaved, sample, timed } from './measure.ts';
import type { Result } from './result.ts';

const machines = 10_000;
export const hour = new Date('2026-01-02T03:00:00Z');

/**
 * Samples of some hours and some machines, a minute apart: every machine on one of a hundred hosts, with a user on every third,
 * each with an interface and a disk.
 */
export async function fill(history: TestHistory, hours = 1, count = machines): Promise<void> {
  await history.query(
    `insert into vm_samples_history (
       history_datetime, seconds_in_status, vm_id, vm_status, cpu_usage_percent, memory_usage_percent, user_cpu_usage_percent,
       system_cpu_usage_percent, memory_buffered_kb, memory_cached_kb, vm_ip, disks_usage, currently_running_on_host,
       current_user_id, vm_configuration_version, current_host_configuration_version)
     select
       $1::timestamptz + minute * interval '1 minute', 60, md5('vm' || vm)::uuid, 1, random() * 100, random() * 100, random() * 50,
       random() * 50, 100000 * random(), 100000 * random(), '10.0.' || vm / 250 || '.' || vm % 250, '[{"path":"/","total":"53687091200"}]',
       md5('host' || vm % 100)::uuid, case when vm % 3 = 0 then md5('user' || vm % 500)::uuid end, vm, vm % 100 + 1
     from generate_series(0, 60 * $3::integer - 1) minute, generate_series(1, $2) vm`,
    [hour, count, hours],
  );
  await history.query(
    `insert into vm_interface_samples_history (
       history_datetime, seconds_in_status, vm_interface_id, receive_rate_percent, transmit_rate_percent, received_total_byte,
       transmitted_total_byte, vm_interface_configuration_version)
     select history_datetime, 60, vm_id, 7, 3, history_id * 1000, history_id * 500, vm_configuration_version from vm_samples_history`,
  );
  await history.query(
    `insert into vm_disk_samples_history (
       history_datetime, seconds_in_status, vm_disk_id, vm_disk_status, vm_disk_actual_size_mb, read_rate_bytes_per_second,
       write_rate_bytes_per_second, read_latency_seconds, write_latency_seconds, read_ops_total_count, vm_disk_configuration_version)
     select history_datetime, 60, vm_id, 1, 10240, 5000, 7000, 0.002, 0.003, history_id, vm_configuration_version from vm_samples_history`,
  );
  await history.query('vacuum analyze');
}

/** What the engine says of its machines, as the data warehouse gets it. */
const rowsOf = (history: TestHistory): Promise<{ rows: string }[]> =>
  history.query(
    `select json_agg(v)::text as rows from (
       select vm_id, vm_status, cpu_usage_percent, memory_usage_percent, vm_ip, currently_running_on_host, disks_usage
       from vm_samples_history where history_datetime = $1) v`,
    [hour],
  );

const lag = { hours: 24, machines: 1_000 };

/** How long it takes to catch up with a day of samples that nobody has aggregated yet. */
async function catchUp(): Promise<Sample> {
  const postgres = await startPostgres();
  try {
    const settings = await makeHistory(postgres);
    await fill(settings, lag.hours, lag.machines);
    await settings.query(
      `update history_configuration set var_datetime = case var_name when 'lastHourAggr' then $1::timestamptz - interval '1 hour'
       else date_trunc('day', $1::timestamptz) end where var_name in ('lastHourAggr', 'lastDayAggr')`,
      [hour],
    );
    const history = await openHistory(settings, 'UTC');
    const end = new Date(hour.getTime() + lag.hours * 3_600_000);
    let caughtUp = 0;
    const took = await timed(async () => {
      for (let due = await nextDue(history, end); due !== null; due = await nextDue(history, end)) {
        await aggregate(history, due);
        caughtUp += due.kind === 'hour' ? 1 : 0;
      }
    });
    await history.close();
    if (caughtUp !== lag.hours) throw new Error(`${caughtUp} hours were aggregated, not ${lag.hours}`);
    return sample([took]);
  } finally {
    await postgres.stop();
  }
}

/** How long an hour of samples of 10,000 virtual machines takes to be aggregated, and a sample of them to be stored; and a day's lag. */
export async function dwh(): Promise<readonly Result[]> {
  const postgres = await startPostgres();
  try {
    const settings = await makeHistory(postgres);
    await fill(settings);
    const [snapshot] = await rowsOf(settings);
    const history = await openHistory(settings, 'UTC');
    const samples = await interleaved(5, {
      aggregation: () => timed(() => aggregate(history, { kind: 'hour', begins: hour })),
      copy: () => timed(() => history.query('create temporary table copy on commit drop as select * from vm_samples_history')),
      sample: () => timed(() => storeSample(history, machinesOnly(snapshot?.rows ?? '[]'), new Date(), 60)),
    });
    await history.close();
    const peer = { name: 'copying the samples', sample: samples.copy };
    return [
      { name: 'an hour of samples of 10,000 VMs aggregated', unit: 'ms', ours: samples.aggregation, peer, target: { limit: 10_000 } },
      { name: 'a sample of 10,000 VMs stored', unit: 'ms', ours: samples.sample, peer, target: { limit: 10_000 } },
      { name: "a day's lag of 1,000 VMs caught up", unit: 'ms', ours: await catchUp(), target: { limit: 60_000 } },
    ];
  } finally {
    await postgres.stop();
  }
}

/** A snapshot with virtual machines and nothing else. */
const machinesOnly = (rows: string): Readonly<Record<string, string>> =>
  new Proxy<Record<string, string>>({}, { get: (_target, name) => (name === 'vm' ? rows : '[]') });
