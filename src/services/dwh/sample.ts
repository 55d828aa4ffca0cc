import type { Database } from '../frame/database.ts';
import { configurations, keepVersions, newestVersion } from './configuration.ts';
import type { History } from './history.ts';
import { sampledColumns, type Statistic, statistics } from './statistics.ts';

/** What an engine is like at one moment: the rows of its views, each view as JSON text that nobody here looks into. */
export type Snapshot = Readonly<Record<string, string>>;

const sources = new Map([
  ...configurations.map(({ table, source }): [string, string] => [table, source]),
  ...statistics.map(({ name, source }): [string, string] => [name, source]),
]);

const snapshotStatement = `select ${[...sources]
  .map(([name, source]) => `(select coalesce(json_agg(v), '[]')::text from ${source} v) as ${name}`)
  .join(', ')}`;

/** Reads all views in one statement, so that they fit each other. */
export async function takeSnapshot(engine: Database): Promise<Snapshot> {
  const [snapshot] = await engine.query<Snapshot>(snapshotStatement);
  return snapshot ?? {};
}

const versionStatements = configurations.map((configuration) => ({ name: configuration.table, text: keepVersions(configuration) }));
const sampleStatements = statistics.map((statistic) => ({ name: statistic.name, text: insertSamples(statistic) }));

/** The statement that stores samples: $1 is the rows as JSON, $2 their time, $3 the seconds that they stand for. */
function insertSamples(statistic: Statistic): string {
  const { name, id, status, versions } = statistic;
  const table = `${name}_samples_history`;
  const own = [id, ...sampledColumns(statistic)];
  // Unknown where the engine does not say.
  const statuses = status === undefined ? [] : [`coalesce(s.${status}, -1)`];
  return `
    insert into ${table} (history_datetime, seconds_in_status, ${[...own, ...(status === undefined ? [] : [status]), ...versions.map((version) => version.name)].join(', ')})
    select $2::timestamptz, $3::smallint, ${[...own.map((column) => `s.${column}`), ...statuses, ...versions.map((version) => newestVersion(version, 's'))].join(', ')}
    from json_populate_recordset(null::${table}, $1::json) s`;
}

/**
 * Stores what an engine is like: new versions of what has changed, and a sample of everything. All or nothing.
 * A sample stands for the time since the one before, but never for longer than the interval: what nobody has seen is
 * not made up.
 */
export async function storeSample(history: History, snapshot: Snapshot, at: Date, intervalSeconds: number): Promise<void> {
  await history.atomically(async () => {
    const [known] = await history.query<{ seconds: number }>(
      `select coalesce(greatest(0, least($2::integer, round(extract(epoch from $1::timestamptz - var_datetime)))), $2::integer)::integer as seconds
       from history_configuration where var_name = 'lastSampling'`,
      [at, intervalSeconds],
    );
    for (const { name, text } of versionStatements) await history.query(text, [snapshot[name], at]);
    for (const { name, text } of sampleStatements) await history.query(text, [snapshot[name], at, known?.seconds ?? intervalSeconds]);
    await history.query(
      `update history_configuration set var_datetime = $1
       where var_name = 'lastSampling' or (var_name = 'firstSync' and var_datetime is null)`,
      [at],
    );
  });
}
