import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { aggregate, nextDue, setMarks } from '../../src/services/dwh/aggregate.ts';
import { batch, deleteSome, isDeletionDue } from '../../src/services/dwh/deletion.ts';
import { type History, openHistory } from '../../src/services/dwh/history.ts';
import { storeSample } from '../../src/services/dwh/sample.ts';
import { postgresVersions, startPostgres, type TestPostgres } from '../support/postgres.ts';
import { makeHistory, type TestHistory } from '../support/warehouse.ts';

const vm = '11111111-0000-4000-8000-000000000001';
const host = '22222222-0000-4000-8000-000000000001';
const user = '33333333-0000-4000-8000-000000000001';

/** A snapshot of an engine that has these and nothing else. */
const snapshot = (rows: Readonly<Record<string, readonly object[]>>): Readonly<Record<string, string>> =>
  new Proxy<Record<string, string>>({}, { get: (_target, name) => JSON.stringify(rows[String(name)] ?? []) });
const at = (time: string): Date => new Date(`2026-03-10T${time}Z`);

describe.each(postgresVersions)('the history on $name', ({ programs, missing }) => {
  let postgres: TestPostgres;
  let settings: TestHistory;
  let history: History;
  beforeAll(async () => {
    if (missing) return;
    postgres = await startPostgres(programs === undefined ? { schemas: false } : { programs, schemas: false });
    settings = await makeHistory(postgres);
    history = await openHistory(settings, 'Europe/Berlin');
  });
  afterAll(async () => {
    if (missing) return;
    await history.close();
    await postgres.stop();
  });
  beforeEach(async () => {
    if (missing) return;
    const tables = await settings.query<{ name: string }>(
      `select string_agg(tablename::text, ', ') as name from pg_tables where schemaname = 'public' and tablename ~ '(_history|_configuration|_hourly|_daily|_map|_details)$' and tablename <> 'history_configuration'`,
    );
    await settings.query(`truncate ${tables[0]?.name ?? ''} restart identity`);
    await settings.query('update history_configuration set var_datetime = null');
  });

  /** Stores a sample of the machine. */
  const sample = (time: Date, more: object = {}, name = 'web'): Promise<void> =>
    storeSample(
      history,
      snapshot({
        host_configuration: [{ host_id: host, host_name: 'h1' }],
        vm_configuration: [{ vm_id: vm, vm_name: name }],
        vm: [{ vm_id: vm, vm_status: 1, cpu_usage_percent: 10, currently_running_on_host: host, ...more }],
        vm_interface: [{ vm_interface_id: vm, receive_rate_percent: 4, received_total_byte: time.getTime() }],
      }),
      time,
      60,
    );
  const due = async (now: Date): Promise<string | null> => {
    const next = await nextDue(history, now);
    return next === null ? null : next.kind === 'hour' ? next.begins.toISOString() : next.begins;
  };
  /** Aggregates whatever is due, and returns what that was. */
  const catchUp = async (now: Date): Promise<string[]> => {
    const done: string[] = [];
    for (let next = await nextDue(history, now); next !== null; next = await nextDue(history, now)) {
      done.push(next.kind === 'hour' ? next.begins.toISOString() : next.begins);
      await aggregate(history, next);
    }
    return done;
  };
  const hours = (): Promise<Record<string, unknown>[]> =>
    settings.query(
      `select vm_status as status, minutes_in_status::float8 as minutes, cpu_usage_percent as cpu, max_cpu_usage as most, vm_ip as ip
       from v4_5_statistics_vms_resources_usage_hourly order by history_datetime, vm_status, cpu_usage_percent`,
    );

  it.skipIf(missing)('has versions: what changes gets a new one, what goes away a date, and what comes back one more', async () => {
    await sample(at('10:00:00'));
    await sample(at('10:01:00'));
    await sample(at('10:02:00'), {}, 'web-2');
    await storeSample(history, snapshot({}), at('10:03:00'), 60);
    await sample(at('10:04:00'), {}, 'web-2');
    const versions = await settings.query(
      `select vm_name, create_date, update_date, delete_date from v4_5_configuration_history_vms order by history_id`,
    );
    expect(versions).toEqual([
      { vm_name: 'web', create_date: at('10:00:00'), update_date: null, delete_date: null },
      { vm_name: 'web-2', create_date: at('10:00:00'), update_date: at('10:02:00'), delete_date: at('10:03:00') },
      { vm_name: 'web-2', create_date: at('10:00:00'), update_date: at('10:04:00'), delete_date: null },
    ]);
    expect(await settings.query('select history_id, vm_name from v4_5_latest_configuration_vms')).toEqual([
      { history_id: 3, vm_name: 'web-2' },
    ]);
    expect(
      await settings.query(
        `select vm_name, current_host_name, seconds_in_status from v4_5_fully_joined_statistics_vms_resources_usage_samples order by history_datetime`,
      ),
    ).toEqual(['web', 'web', 'web-2', 'web-2'].map((vm_name) => ({ vm_name, current_host_name: 'h1', seconds_in_status: 60 })));
  });

  it.skipIf(missing)('has samples that stand for the time since the one before, and for no more than the interval', async () => {
    for (const time of ['10:00:00', '10:00:20', '10:30:00', '10:29:00']) await sample(at(time));
    const rows = await settings.query<{ seconds: number }>(
      'select seconds_in_status as seconds from vm_samples_history order by history_id',
    );
    expect(rows.map(({ seconds }) => seconds)).toEqual([60, 20, 60, 0]);
  });

  it.skipIf(missing)('has a sample whole or not at all', async () => {
    await expect(sample(at('10:00:00'), { cpu_usage_percent: 'nonsense' })).rejects.toThrow();
    expect(await settings.query('select 1 from vm_configuration')).toEqual([]);
    await sample(at('10:01:00'));
  });

  it.skipIf(missing)('sums an hour up by status, with averages, highest and last values; doing it again changes nothing', async () => {
    await setMarks(history, at('10:00:00'));
    await sample(at('10:00:00'), { cpu_usage_percent: 10, vm_ip: '10.0.0.1' });
    await sample(at('10:01:00'), { cpu_usage_percent: 30, vm_ip: '10.0.0.2' });
    await sample(at('10:02:00'), { cpu_usage_percent: null });
    await sample(at('10:03:00'), { vm_status: 0, cpu_usage_percent: 0, currently_running_on_host: null });
    await sample(at('11:00:00'), { cpu_usage_percent: 99 });
    expect(await due(at('10:59:59'))).toBeNull();
    expect(await due(at('11:00:00'))).toBe('2026-03-10T10:00:00.000Z');
    await catchUp(at('11:00:01'));
    const summed = [
      { status: 0, minutes: 1, cpu: 0, most: 0, ip: null },
      { status: 1, minutes: 3, cpu: 20, most: 30, ip: '10.0.0.2' },
    ];
    expect(await hours()).toEqual(summed);
    await aggregate(history, { kind: 'hour', begins: at('10:00:00') });
    expect(await hours()).toEqual(summed);
    const [counters] = await settings.query('select received_total_byte from v4_5_statistics_vms_interfaces_resources_usage_hourly');
    expect(counters).toEqual({ received_total_byte: String(at('10:03:00').getTime()) });
  });

  it.skipIf(missing)('keeps apart the versions that an object had in one hour', async () => {
    await setMarks(history, at('10:00:00'));
    await sample(at('10:00:00'));
    await sample(at('10:01:00'), {}, 'renamed');
    await catchUp(at('11:00:01'));
    expect(
      await settings.query(
        'select vm_name, minutes_in_status::float8 as minutes from v4_3_fully_joined_statistics_vms_resources_usage_hourly order by 1',
      ),
    ).toEqual([
      { vm_name: 'renamed', minutes: 1 },
      { vm_name: 'web', minutes: 1 },
    ]);
  });

  it.skipIf(missing)('catches up with a day, hours first and each of them once, empty ones too', async () => {
    await setMarks(history, new Date('2026-03-09T23:30:00Z'));
    await sample(at('02:10:00'), { cpu_usage_percent: 10 });
    await sample(at('15:10:00'), { cpu_usage_percent: 40 });
    await sample(at('15:11:00'), { cpu_usage_percent: 40, current_user_id: user });
    const done = await catchUp(new Date('2026-03-10T23:10:00Z'));
    // The tenth of March in Berlin begins at 23 o'clock UTC.
    expect(done.slice(0, 2)).toEqual(['2026-03-09T23:00:00.000Z', '2026-03-10T00:00:00.000Z']);
    expect(done).toHaveLength(25);
    expect(done.at(-1)).toBe('2026-03-10');
    expect(
      await settings.query(
        `select history_datetime::text as day, minutes_in_status::float8 as minutes, cpu_usage_percent as cpu, max_cpu_usage as most
         from v4_5_statistics_vms_resources_usage_daily`,
      ),
    ).toEqual([{ day: '2026-03-10', minutes: 3, cpu: 30, most: 40 }]);
    expect(
      await settings.query('select user_id, vm_id, session_time_in_minutes::float8 as minutes from v4_5_statistics_vms_users_usage_daily'),
    ).toEqual([{ user_id: user, vm_id: vm, minutes: 1 }]);
    expect(await catchUp(new Date('2026-03-10T23:10:00Z'))).toEqual([]);
  });

  it.skipIf(missing)('has days that are as long as they are: one of 25 hours, where clocks are set back', async () => {
    await setMarks(history, new Date('2026-10-24T22:30:00Z'));
    for (let hour = 0; hour < 25; hour++) await sample(new Date(Date.parse('2026-10-24T22:05:00Z') + hour * 3_600_000));
    const done = await catchUp(new Date('2026-10-25T23:01:00Z'));
    expect(done.filter((begins) => begins.length > 10)).toHaveLength(25);
    expect(done.at(-1)).toBe('2026-10-25');
    expect(await settings.query('select minutes_in_status::float8 as minutes from vm_daily_history')).toEqual([{ minutes: 25 }]);
  });

  it.skipIf(missing)('does not wait for a clock that had been wrong', async () => {
    await setMarks(history, new Date('2031-01-01T00:00:00Z'));
    expect(await due(at('12:00:00'))).toBeNull();
    await setMarks(history, at('12:00:00'));
    expect(await due(at('13:00:00'))).toBe('2026-03-10T12:00:00.000Z');
  });

  it.skipIf(missing)('deletes what is old once a day, in batches, and never what is not summed up', async () => {
    await setMarks(history, at('00:00:00'));
    expect(await isDeletionDue(history, at('01:59:59'), 3)).toBe(false);
    // Three o'clock in Berlin.
    expect(await isDeletionDue(history, at('02:00:00'), 3)).toBe(true);
    await sample(at('00:30:00'));
    await sample(at('05:30:00'));
    await settings.query(
      `insert into vm_samples_history (history_datetime, vm_id, vm_status, seconds_in_status)
       select timestamptz '2026-03-01 00:00Z', $1, 1, 60 from generate_series(1, $2)`,
      [vm, batch + 1],
    );
    const keep = { samples: 1, hourly: 0, daily: 0 };
    const left = async (table: string): Promise<number> => (await settings.query(`select from ${table}`)).length;
    await catchUp(at('03:00:00'));
    expect(await left('vm_hourly_history')).toBe(1);
    const now = at('12:00:00');
    expect(await deleteSome(history, now, keep)).toBe(false);
    expect(await left('vm_samples_history')).toBe(3);
    for (let tries = 0; !(await deleteSome(history, now, keep)); tries++) expect(tries).toBeLessThan(10);
    // The sample of half past five is old, but its hour is not summed up; nor is the day of the hour.
    expect(await left('vm_samples_history')).toBe(1);
    expect(await left('vm_hourly_history')).toBe(1);
    expect(await isDeletionDue(history, now, 3)).toBe(false);
    expect(await isDeletionDue(history, new Date('2026-03-11T02:00:00Z'), 3)).toBe(true);
  });
});
