import { type Message, type Text, message, term } from '#kit';

/*
 * What the engine and its data warehouse need of a PostgreSQL server, whoever runs it.
 */

/** The oldest major version that will do. */
export const oldestVersion = 13;

type Unit = '' | 'B' | 'kB' | 'MB' | 'GB' | 'TB';

interface Need {
  readonly name: string;
  readonly rule: 'at least' | 'at most' | 'equal to';
  readonly value: string;
  /** Of sizes: that of the value. */
  readonly unit?: Unit;
}

const needs: readonly Need[] = [
  { name: 'server_encoding', rule: 'equal to', value: 'UTF8' },
  { name: 'max_connections', rule: 'at least', value: '150' },
  { name: 'autovacuum_vacuum_scale_factor', rule: 'at most', value: '0.01' },
  { name: 'autovacuum_analyze_scale_factor', rule: 'at most', value: '0.075' },
  { name: 'autovacuum_max_workers', rule: 'at least', value: '6' },
  { name: 'maintenance_work_mem', rule: 'at least', value: '64', unit: 'MB' },
  { name: 'work_mem', rule: 'at least', value: '8', unit: 'MB' },
];

/** Names of the settings that the engine has needs about. */
export const needNames: readonly string[] = needs.map(({ name }) => name);

const wantedText = ({ value, unit = '' }: Need): string => `${value}${unit}`;

/** The settings with which a server has what the engine needs, as they are written in postgresql.conf. */
export const neededSettings: Readonly<Record<string, string>> = Object.fromEntries(
  needs.filter(({ rule }) => rule !== 'equal to').map((need) => [need.name, wantedText(need)]),
);

const factors: Readonly<Record<Unit, number>> = { '': 1, B: 1, kB: 1024, MB: 1024 ** 2, GB: 1024 ** 3, TB: 1024 ** 4 };

/** A number in the unit of pg_settings, which may be one of blocks: `8kB`. */
function amount(number: string, unit: string): number {
  const [, times = '', name = ''] = /^(\d*)(B|kB|MB|GB|TB)?$/.exec(unit) ?? [];
  return Number(number) * Number(times || 1) * factors[name as Unit];
}

/** An amount of memory in the largest unit that makes a whole number of it. */
function inUnits(bytes: number): string {
  const unit = (['TB', 'GB', 'MB', 'kB'] as const).find((one) => bytes > 0 && bytes % factors[one] === 0) ?? 'B';
  return `${bytes / factors[unit]}${unit}`;
}

/** Sizes without a unit are in kB, as PostgreSQL tells them. */
function fits({ rule, value, unit }: Need, found: string, foundUnit: string): boolean {
  if (rule === 'equal to') return found.replaceAll('-', '').toUpperCase() === value;
  const [is, wanted] = [amount(found, unit === undefined ? '' : foundUnit || 'kB'), amount(value, unit ?? '')];
  return rule === 'at least' ? is >= wanted : is <= wanted;
}

/** Whether a value of a server, in the unit of pg_settings, is what the engine needs. */
export const suits = (name: string, found: string, unit: string | null = ''): boolean => {
  const need = needs.find((one) => one.name === name);
  return need === undefined || fits(need, found, unit ?? '');
};

/** How a rule is said. */
const words: Readonly<Record<Need['rule'], Text>> = {
  'at least': 'at least',
  'at most': 'at most',
  'equal to': 'equal to',
};

/** A setting as pg_settings tells it. */
export interface SettingRow {
  readonly name: string;
  readonly setting: string;
  readonly unit: string | null;
  /** When it can be changed: `postmaster` is with a restart. */
  readonly context?: string;
}

/** A setting of a server that does not fit, and what is to be said of it. */
export interface Misfit {
  readonly name: string;
  readonly text: Message;
  /** What it has to be, as it is written in postgresql.conf. */
  readonly wanted: string;
  readonly restart: boolean;
}

/** Of the settings of a server those that do not fit, in the order of the needs. */
export const misfitsAmong = (rows: readonly SettingRow[]): readonly Misfit[] =>
  needs.flatMap((need) => {
    const found = rows.find(({ name }) => name === need.name);
    if (found === undefined || fits(need, found.setting, found.unit ?? '')) return [];
    const is = need.unit === undefined ? found.setting : inUnits(amount(found.setting, found.unit ?? 'kB'));
    const text = message`${need.name} is ${is}, needed is ${term(words[need.rule])} ${wantedText(need)}`;
    return [{ name: need.name, text, wanted: wantedText(need), restart: found.context === 'postmaster' }];
  });

/** What an unknown server is told to become: only where it is less, so that nothing of its own gets worse. */
export const unseenNeeds = (): readonly { readonly name: string; readonly wanted: string; readonly when: string }[] =>
  needs
    .filter(({ rule }) => rule !== 'equal to')
    .map((need) => {
      const said = `current_setting($$${need.name}$$)`;
      const found = need.unit === undefined ? `${said}::numeric` : `pg_size_bytes(${said})`;
      const when = `${found} ${need.rule === 'at least' ? '<' : '>'} ${amount(need.value, need.unit ?? '')}`;
      return { name: need.name, wanted: wantedText(need), when };
    });
