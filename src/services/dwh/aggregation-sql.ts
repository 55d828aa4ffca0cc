import { groupsOf, processors, type Statistic, statistics } from './statistics.ts';

/** What rows of one table are made from those of another. */
interface Period {
  readonly from: 'samples' | 'hourly';
  readonly to: 'hourly' | 'daily';
  /** Which rows belong to the period that begins at $1. */
  readonly within: string;
  /** Column of the time that a row stands for, and the minutes that many of them make. */
  readonly time: string;
  readonly minutes: (time: string) => string;
  readonly average: (column: string, time: string) => string;
  /** The highest of a column, of which the rows may know their highest already. */
  readonly highest: (column: string, maximum: string) => string;
}

const hour: Period = {
  from: 'samples',
  to: 'hourly',
  within: `history_datetime >= $1::timestamptz and history_datetime < $1::timestamptz + interval '1 hour'`,
  time: 'seconds_in_status',
  minutes: (time) => `sum(${time}) / 60.0`,
  average: (column) => `avg(${column})`,
  highest: (column) => `max(${column})`,
};

const day: Period = {
  from: 'hourly',
  to: 'daily',
  within: 'history_datetime >= $1::date::timestamptz and history_datetime < ($1::date + 1)::timestamptz',
  time: 'minutes_in_status',
  minutes: (time) => `sum(${time})`,
  // An hour in which an object was there for a minute counts as a minute.
  average: (column, time) => `sum(${column} * ${time}) / nullif(sum(${time}) filter (where ${column} is not null), 0)`,
  highest: (_column, maximum) => `max(${maximum})`,
};

/** A column that is written, and what is written into it. */
type Column = readonly [name: string, value: string];

/** The averages of columns and their highest values. */
const averages = (columns: Statistic['averages'], { average, highest }: Period, time: string): readonly Column[] =>
  Object.entries(columns).flatMap(([column, maximum]): readonly Column[] => [
    [column, average(column, time)],
    ...(maximum === null ? [] : [[maximum, highest(column, maximum)] as const]),
  ]);

/** A counter that was missing at times says nothing about the whole period. */
const total = (column: string): Column => [column, `case when count(${column}) = count(*) then max(${column}) end`];

/** Seconds since 1970 have ten digits until the year 2286. */
const momentLength = 10;

/**
 * The last value that was known: the greatest of all values that have their moment in front of them. Ordering the rows
 * themselves would take almost twice as long.
 */
const last = ([column, type]: readonly [string, string]): Column => [
  column,
  `substr(max((moment || ${column}) collate "C"), ${momentLength + 1})::${type}`,
];

const insert = (to: string, columns: readonly Column[], from: string, where: string, groups: readonly string[]): string =>
  `insert into ${to} (${columns.map(([name]) => name).join(', ')})
   select ${columns.map(([, value]) => value).join(', ')}
   from (select *, extract(epoch from history_datetime)::bigint::text as moment from ${from} where ${where}) as rows
   group by ${groups.join(', ')}`;

function sumUp(statistic: Statistic, period: Period): string {
  const { name, id, counters = [] } = statistic;
  const groups = [id, ...groupsOf(statistic)];
  const columns: readonly Column[] = [
    ['history_datetime', '$1'],
    ...groups.map((column): Column => [column, column]),
    ['minutes_in_status', period.minutes(period.time)],
    ...averages(statistic.averages, period, period.time),
    ...counters.map(total),
    ...Object.entries(statistic.last ?? {}).map(last),
  ];
  return insert(`${name}_${period.to}_history`, columns, `${name}_${period.from}_history`, period.within, groups);
}

const lastOfUsers = {
  vm_ip: 'text',
  currently_running_on_host: 'uuid',
  vm_configuration_version: 'integer',
  current_host_configuration_version: 'integer',
};

/** Who used which virtual machine: the samples in which it was up and somebody was logged in. */
function sumUpUsers(period: Period): string {
  const sampled = period.from === 'samples';
  const [user, time] = sampled ? ['current_user_id', period.time] : ['user_id', 'session_time_in_minutes'];
  const columns: readonly Column[] = [
    ['history_datetime', '$1'],
    ['user_id', user],
    ['vm_id', 'vm_id'],
    ['session_time_in_minutes', period.minutes(time)],
    ...averages(processors, period, time),
    ...Object.entries(lastOfUsers).map(last),
  ];
  const from = sampled ? 'vm_samples_history' : 'statistics_vms_users_usage_hourly';
  const where = sampled ? `${period.within} and vm_status = 1 and current_user_id is not null` : period.within;
  return insert(`statistics_vms_users_usage_${period.to}`, columns, from, where, [user, 'vm_id']);
}

/** Replaces what there is of a period, so that doing it again gives the same. */
function statementsOf(period: Period, type: string): readonly string[] {
  const tables = [...statistics.map(({ name }) => `${name}_${period.to}_history`), `statistics_vms_users_usage_${period.to}`];
  return [
    ...tables.map((table) => `delete from ${table} where history_datetime = $1`),
    ...statistics.map((statistic) => sumUp(statistic, period)),
    sumUpUsers(period),
    // Without its type the server would have to guess it, and guesses differently at different places.
  ].map((text) => text.replaceAll(/\$1(?!::)/g, `$1::${type}`));
}

/** Make the rows of the hour that begins at $1 from its samples. To be run in one transaction. */
export const hourStatements: readonly string[] = statementsOf(hour, 'timestamptz');
/** Make the rows of the day $1 from its hours. To be run in one transaction. */
export const dayStatements: readonly string[] = statementsOf(day, 'date');
