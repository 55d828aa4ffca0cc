import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { configurations } from '../../src/services/dwh/configuration.ts';
import { historySchema } from '../../src/services/dwh/history.ts';
import { groupsOf, sampledColumns, statistics } from '../../src/services/dwh/statistics.ts';
import { newestVersion } from '../../src/services/frame/schema-version.ts';
import { postgresVersions, startPostgres, type TestPostgres } from '../support/postgres.ts';
import { makeHistory, type TestHistory } from '../support/warehouse.ts';

const kinds = 'datacenters storage_domains clusters hosts hosts_interfaces vms vms_interfaces vms_disks vms_devices'.split(' ');
const used = 'storage_domains hosts hosts_interfaces vms vms_interfaces vms_disks'.split(' ');
const periods = ['samples', 'hourly', 'daily'];

/** The names that reports and people's queries rely on, behind their prefix. */
const documented = [
  ...kinds.flatMap((kind) => [`configuration_history_${kind}`, `latest_configuration_${kind}`]),
  ...used.flatMap((kind) => periods.map((period) => `statistics_${kind}_resources_usage_${period}`)),
  ...['hosts', 'vms'].flatMap((kind) => periods.map((period) => `fully_joined_statistics_${kind}_resources_usage_${period}`)),
  'statistics_vms_users_usage_hourly',
  'statistics_vms_users_usage_daily',
  'map_history_datacenters_storage_domains',
  'latest_map_datacenters_storage_domains',
  ...['tags_relations', 'tags_details', 'users_details'].flatMap((name) => [`${name}_history`, `latest_${name}`]),
];

describe.each(postgresVersions)('the history on $name', ({ programs, missing }) => {
  let postgres: TestPostgres;
  let history: TestHistory;
  beforeAll(async () => {
    if (missing) return;
    postgres = await startPostgres(programs === undefined ? {} : { programs });
    history = await makeHistory(postgres);
  });
  afterAll(async () => (missing ? undefined : postgres.stop()));

  /** The columns of tables and views, by their names. */
  const columnsOf = async (on: Pick<TestPostgres, 'query'>): Promise<Readonly<Record<string, readonly string[]>>> => {
    const rows = await on.query<{ name: string; columns: string[] }>(
      `select table_name::text as name, array_agg(column_name::text order by ordinal_position) as columns
       from information_schema.columns where table_schema = 'public' group by table_name`,
    );
    return Object.fromEntries(rows.map(({ name, columns }) => [name, columns]));
  };

  it.skipIf(missing)('knows its version, and needs no extension', async () => {
    const [row] = await history.query('select version from schema_version where current');
    expect(row).toEqual({ version: await newestVersion(historySchema.folder) });
    expect(await history.query('select extname from pg_extension')).toEqual([{ extname: 'plpgsql' }]);
  });

  it.skipIf(missing)('has every documented view, under both prefixes', async () => {
    const views = await history.query<{ name: string }>(`select viewname::text as name from pg_views where schemaname = 'public'`);
    expect(views.map(({ name }) => name).sort()).toEqual(
      ['v4_3', 'v4_5'].flatMap((prefix) => documented.map((name) => `${prefix}_${name}`)).sort(),
    );
  });

  it.skipIf(missing)('shows what generation 4.5 has added under its prefix alone', async () => {
    const columns = await columnsOf(history);
    const added = (name: string): readonly string[] =>
      (columns[`v4_5_${name}`] ?? []).filter((column) => columns[`v4_3_${name}`]?.includes(column) !== true);
    expect(added('configuration_history_clusters')).toEqual(['count_threads_as_cores']);
    expect(added('configuration_history_hosts')).toEqual(['number_of_threads']);
    expect(added('statistics_vms_interfaces_resources_usage_hourly')).toEqual([
      'received_dropped_total_packets',
      'transmitted_dropped_total_packets',
    ]);
    expect(added('statistics_vms_disks_resources_usage_daily')).toEqual(['read_ops_total_count', 'write_ops_total_count']);
    expect(added('statistics_vms_resources_usage_samples')).toEqual([]);
  });

  it.skipIf(missing)('has a place for everything that the engine offers, and is offered everything it has a place for', async () => {
    const offered = await columnsOf(postgres);
    const kept = await columnsOf(history);
    for (const { table, source, key, columns, versions } of configurations) {
      for (const column of [...key, ...columns, ...versions.map(({ name }) => name)]) expect(kept[table], table).toContain(column);
      if (source.startsWith('dwh_')) expect(offered[source], source).toEqual(expect.arrayContaining([...key, ...columns]));
    }
    for (const statistic of statistics) {
      const { name, source, id, status } = statistic;
      const sampled = [id, ...(status === undefined ? [] : [status]), ...sampledColumns(statistic)];
      expect([...(offered[source] ?? [])].sort(), source).toEqual([...sampled].sort());
      for (const column of [...sampled, ...groupsOf(statistic)]) expect(kept[`${name}_samples_history`], name).toContain(column);
      for (const column of groupsOf(statistic)) expect(kept[`${name}_hourly_history`], name).toContain(column);
      expect(kept[`${name}_daily_history`], name).toEqual(kept[`${name}_hourly_history`]);
    }
  });

  it.skipIf(missing)('translates the statuses that it keeps', async () => {
    expect(
      await history.query(`select enum_key as key, value from enum_translator where enum_type = 'HOST_STATUS' order by enum_key`),
    ).toEqual([
      { key: 1, value: 'Up' },
      { key: 2, value: 'Maintenance' },
      { key: 3, value: 'Problematic' },
    ]);
    const types = await history.query<{ type: string }>('select distinct enum_type as type from enum_translator');
    expect(types).toHaveLength(15);
  });

  it.skipIf(missing)('is offered views that the next step can replace, with nothing in them yet', async () => {
    const views = await postgres.query<{ name: string }>(`select viewname::text as name from pg_views where viewname like 'dwh\\_%'`);
    expect(views).toHaveLength(21);
    expect(await postgres.query('select * from dwh_vm_history_view')).toEqual([]);
    const nothing = (await typesOf(postgres)).map(({ name, type }) => `null::${type} as ${name}`).join(', ');
    await postgres.query(
      `create or replace view dwh_vm_history_view as
       select '6f1b3c1e-0000-4000-8000-000000000001'::uuid as vm_id, 1::smallint as vm_status, ${nothing}`,
    );
    expect(await postgres.query('select vm_id, vm_status from dwh_vm_history_view')).toHaveLength(1);
  });
});

/** The columns behind id and status, as the migration declared them. */
const typesOf = (postgres: TestPostgres): Promise<{ name: string; type: string }[]> =>
  postgres.query(
    `select attname::text as name, format_type(atttypid, atttypmod) as type from pg_attribute
     where attrelid = 'dwh_vm_history_view'::regclass and attnum > 2 order by attnum`,
  );
