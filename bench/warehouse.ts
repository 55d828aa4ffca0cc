import { setTimeout as sleep } from 'node:timers/promises';
import { aggregate } from '../src/services/dwh/aggregate.ts';
import { configurations } from '../src/services/dwh/configuration.ts';
import { deleteSome } from '../src/services/dwh/deletion.ts';
import { openHistory } from '../src/services/dwh/history.ts';
import { statistics } from '../src/services/dwh/statistics.ts';
import { type Database, openDatabase } from '../src/services/frame/database.ts';
import type { TestEngine } from '../test/support/engine.ts';
import { quietLog } from '../test/support/fakes.ts';
import { giveEngineTo, makeHistory, startWarehouse, type TestHistory, type TestWarehouse, warehouseId } from '../test/support/warehouse.ts';
import { count, listing, machineCount, type ManyMachines, startManyMachines, starting } from './many-machines.ts';
import { interleaved, memoryMB, processorMs, type Sample, sample, timed } from './measure.ts';
import type { Result } from './result.ts';

/*
 * The data warehouse at its real cycle, of a minute, beside an engine with 500 hosts and 10,000 virtual machines with a disk and an interface each, all
 * of which tell their statistics every 15 seconds. Databases of both are on one server, as they are on one host.
 */

const intervalMs = 60_000;
const collections = 4;

/** Waits until one more collection is done. Returns how long it took, in ms. */
async function collected(engine: Database): Promise<number> {
  const look = async (): Promise<{ at: Date | null; took: number }> =>
    (
      await engine.query<{ at: Date | null; took: number }>(
        `select var_datetime as at, 1000 * extract(epoch from clock_timestamp() - var_datetime)::float8 as took
         from dwh_history_timekeeping where var_name = 'lastSampling'`,
      )
    )[0] ?? { at: null, took: 0 };
  const former = await look();
  for (;;) {
    const now = await look();
    if (now.at?.getTime() !== former.at?.getTime()) return now.took;
    await sleep(20);
  }
}

/** Copies everything that the warehouse reads, within the database: the least that anybody has to do who collects. */
const copied = (engine: Database): Promise<number> =>
  timed(async () => {
    const sources = [...configurations.map(({ source }) => source), ...statistics.map(({ source }) => source)];
    const copies = sources.map((source, at) => `copy${at} as materialized (select v::text from ${source} v)`);
    await engine.query(`with ${copies.join(', ')} select ${sources.map((_source, at) => `(select count(*) from copy${at})`).join(' + ')}`);
  });

/** Processor time of a process, in ms. */
type Processor = () => Promise<number>;

/** That of the sessions which the warehouse has with the databases. */
const sessions =
  (...databases: readonly Pick<TestHistory, 'query'>[]): Processor =>
  async () => {
    const pids = await Promise.all(
      databases.map((database) =>
        database.query<{ pid: number }>(
          `select pid from pg_stat_activity where application_name = 'ovirt-engine-dwhd' and usename = current_user`,
        ),
      ),
    );
    const times = await Promise.all(pids.flat().map(({ pid }) => processorMs(pid)));
    return times.reduce((sum, time) => sum + time, 0);
  };

/** What each used of a second while something went on, in ms. */
async function watched<Name extends string>(
  subjects: Readonly<Record<Name, Processor>>,
  work: () => Promise<unknown>,
): Promise<Readonly<Record<Name, number>>> {
  const names = Object.keys(subjects) as Name[];
  const before = await Promise.all(names.map((name) => subjects[name]()));
  const took = await timed(work);
  const after = await Promise.all(names.map((name) => subjects[name]()));
  return Object.fromEntries(names.map((name, at) => [name, ((after[at] ?? 0) - (before[at] ?? 0)) / (took / 1_000)])) as Record<
    Name,
    number
  >;
}

/** Throws unless each collection has a sample of everything, with what was told of it and the version that held. */
async function nothingIsLost(history: TestHistory, times: number): Promise<void> {
  const whole = [
    ['host_samples_history', count, 'cpu_usage_percent', 'host_configuration_version'],
    ['host_interface_samples_history', count, 'received_total_byte', 'host_interface_configuration_version'],
    ['vm_samples_history', machineCount, 'cpu_usage_percent', 'vm_configuration_version + current_host_configuration_version'],
    ['vm_interface_samples_history', machineCount, 'received_total_byte', 'vm_interface_configuration_version'],
    ['vm_disk_samples_history', machineCount, 'read_rate_bytes_per_second + read_ops_total_count', 'vm_disk_configuration_version'],
  ] as const;
  for (const [table, least, told, version] of whole) {
    const [row] = await history.query<{ moments: number; gap: number | null }>(
      `select count(*)::integer as moments, max(gap)::integer as gap from (
         select extract(epoch from history_datetime - lag(history_datetime) over (order by history_datetime)) as gap, rows
         from (select history_datetime, count((${told}) + (${version})) as rows from ${table} group by history_datetime) m) g where rows >= $1`,
      [least],
    );
    if (row?.moments !== times || Math.round((row.gap ?? 0) / 60) !== 1)
      throw new Error(`${table} has ${row?.moments} whole samples of ${times}, ${row?.gap} seconds apart at most`);
  }
}

/** Has everything changed that a version is kept of. */
async function changeAll(engine: Database): Promise<void> {
  await engine.query(`update vm_static set description = 'changed' where entity_type = 'VM'`);
  await engine.query(`update base_disks set disk_description = 'changed'`);
  await engine.query('update vm_interface set speed = 1000');
}

interface Beside {
  readonly lists: readonly number[];
  readonly starts: readonly number[];
}
async function use(engine: TestEngine, { postgres }: ManyMachines, names: string): Promise<Beside> {
  const starts = await starting(engine, postgres, names);
  const lists: number[] = [];
  for (let run = 0; run < 6; run++) lists.push(await listing(engine));
  return { starts, lists: lists.slice(1) };
}

/** Lets it collect beside an engine that works, and measures both. */
async function collecting(many: ManyMachines, history: TestHistory, own: Database): Promise<readonly Result[]> {
  const { postgres } = many;
  let engine: TestEngine | undefined;
  let warehouse: TestWarehouse | undefined;
  try {
    const began = await many.now();
    engine = await many.start();
    await many.allTold(began);
    const engineUses: Processor = () => processorMs(engine?.pid ?? 0);
    const alone = await watched({ engine: engineUses }, () => sleep(intervalMs));
    const usedAlone = await use(engine, many, 'alone');
    const copies: number[] = [];
    for (let run = 0; run < 4; run++) copies.push(await copied(own));

    warehouse = await startWarehouse(postgres, history, { DWH_SAMPLING: String(intervalMs / 1_000) });
    const { pid } = warehouse;
    await warehouse.sees('ready');
    const first = await collected(own);
    const times: number[] = [];
    const subjects = { engine: engineUses, warehouse: () => processorMs(pid), sessions: sessions(postgres, history) };
    const together = await watched(subjects, async () => {
      for (let run = 0; run < collections; run++) times.push(await collected(own));
    });
    // Just when it collects.
    await sleep(intervalMs - (Date.now() % intervalMs));
    const [usedBeside] = await Promise.all([use(engine, many, 'beside'), collected(own)]);
    await changeAll(own);
    const changed = await collected(own);
    await nothingIsLost(history, collections + 3);
    const [memory, engineMemory] = await Promise.all([memoryMB(pid, 'VmHWM'), memoryMB(engine.pid, 'VmHWM')]);

    const half = { limit: intervalMs / 2 };
    const peer = (name: string, values: readonly number[]) => ({ peer: { name, sample: sample(values) } });
    const ms = (name: string, values: readonly number[], target: Result['target'], more: Partial<Result> = {}): Result => ({
      ...{ name, unit: 'ms', ours: sample(values), target },
      ...more,
    });
    return [
      ms('500 hosts, 10,000 machines collected', times, half, peer('copying the views', copies.slice(1))),
      ms('the same for the first time', [first], half),
      ms('the same, all of them changed', [changed], half),
      ms('warehouse of 10,000 machines, processor in a second', [together.warehouse], { limit: 50 }),
      ms('its sessions in the databases, processor in a second', [together.sessions], { limit: 100 }),
      { name: 'warehouse of 10,000 machines, memory at most', unit: 'MB', ours: sample([memory ?? Number.NaN]), target: { limit: 500 } },
      ms('engine beside the warehouse, processor in a second', [together.engine], { ratio: 1.5 }, peer('engine alone', [alone.engine])),
      {
        name: 'engine beside the warehouse, memory at most',
        unit: 'MB',
        ours: sample([engineMemory ?? Number.NaN]),
        target: { limit: 500 },
      },
      ms('500 hosts, list of all while it collects', usedBeside.lists, { limit: 500 }, peer('engine alone', usedAlone.lists)),
      ms('start of a machine while it collects', usedBeside.starts, { limit: 150 }, peer('engine alone', usedAlone.starts)),
    ];
  } finally {
    await warehouse?.stop();
    await engine?.stop();
  }
}

/** Makes further rows of those of one moment in a table, so many of them at equal distances. */
async function repeat(history: TestHistory, table: string, of: Date, from: Date, times: number, step: string): Promise<void> {
  const [row] = await history.query<{ columns: string }>(
    `select string_agg(column_name::text, ', ') as columns from information_schema.columns
     where table_schema = 'public' and table_name = $1 and column_name not in ('history_id', 'history_datetime')`,
    [table],
  );
  await history.query(
    `insert into ${table} (history_datetime, ${row?.columns ?? ''}) select $1::timestamptz + n * $2::interval, ${row?.columns ?? ''}
     from ${table}, generate_series(0, $3::integer - 1) n where history_datetime = $4`,
    [from, step, times, of],
  );
}

/** Sums an hour and a day of such samples up, and deletes the former. */
async function summingUp(settings: TestHistory): Promise<readonly Result[]> {
  const [latest] = await settings.query<{ at: Date; seconds: number }>(
    'select history_datetime as at, seconds_in_status as seconds from vm_samples_history order by history_datetime desc limit 1',
  );
  const { at, seconds } = latest ?? { at: new Date(), seconds: 0 };
  const begins = new Date(new Date(at.getTime() - 3 * 86_400_000).setUTCHours(0, 0, 0, 0));
  for (const { name } of statistics) await repeat(settings, `${name}_samples_history`, at, begins, 60, '1 minute');
  await settings.query('vacuum analyze');
  const history = await openHistory(settings, 'UTC');
  try {
    const within = `where history_datetime >= $1 and history_datetime < $1 + interval '1 hour'`;
    const hours = await interleaved(3, {
      ours: () => timed(() => aggregate(history, { kind: 'hour', begins })),
      copy: () =>
        timed(() =>
          history.atomically(async () => {
            for (const { name } of statistics) {
              const statement = `create temporary table copy_${name} on commit drop as select * from ${name}_samples_history ${within}`;
              await history.query(statement.replaceAll('$1', `'${begins.toISOString()}'::timestamptz`));
            }
          }),
        ),
    });
    const tables = [...statistics.map(({ name }) => `${name}_hourly_history`), 'statistics_vms_users_usage_hourly'];
    const next = new Date(begins.getTime() + 3_600_000);
    for (const table of tables) await repeat(settings, table, begins, next, 23, '1 hour');
    await settings.query('vacuum analyze');
    const days: number[] = [];
    for (let run = 0; run < 4; run++)
      days.push(await timed(() => aggregate(history, { kind: 'day', begins: begins.toISOString().slice(0, 10) })));
    await isWhole(settings, begins, 24 * seconds);
    const deletion = await timed(async () => {
      while (!(await deleteSome(history, at, { samples: 24, hourly: 1_440, daily: 43_800 })));
    });
    const peer = { name: 'copying the samples', sample: hours.copy };
    const one = (name: string, ours: Sample, limit: number): Result => ({ name, unit: 'ms', ours, target: { limit } });
    return [
      { ...one('an hour of 500 hosts, 10,000 machines aggregated', hours.ours, intervalMs / 2), peer },
      one('a day of them aggregated', sample(days.slice(1)), intervalMs / 2),
      // A day of them has to be deleted in an hour.
      one('the samples of an hour deleted', sample([deletion]), 3_600_000 / 24),
    ];
  } finally {
    await history.close();
  }
}

/** Throws unless each machine was there for so many minutes of a day. */
async function isWhole(settings: TestHistory, day: Date, minutes: number): Promise<void> {
  for (const name of ['vm', 'vm_disk', 'vm_interface']) {
    const [row] = await settings.query<{ whole: number }>(
      `select count(*)::integer as whole from (
         select from ${name}_daily_history where history_datetime = $1::date group by ${name}_id having sum(minutes_in_status) = $2) o`,
      [day.toISOString().slice(0, 10), minutes],
    );
    if ((row?.whole ?? 0) < machineCount) throw new Error(`${name}_daily_history has ${row?.whole} whole days of ${machineCount}`);
  }
}

export async function warehouse(): Promise<readonly Result[]> {
  const many = await startManyMachines();
  const own = openDatabase({ ...many.postgres, secured: false, securedValidation: false }, quietLog, { connections: 1 });
  try {
    const history = await makeHistory(many.postgres);
    await giveEngineTo(many.postgres, warehouseId);
    // Every third one is used by somebody.
    await own.query('update vm_dynamic set console_user_id = gen_random_uuid() where right(vm_guid::text, 1) < $1', ['5']);
    return [...(await collecting(many, history, own)), ...(await summingUp(history))];
  } finally {
    await own.close();
    await many.stop();
  }
}
