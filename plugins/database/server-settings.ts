import { type Message, type Sql, type Text, message, term } from '#kit';

/** What the engine needs of the PostgreSQL server, whoever runs it. Numbers are in the unit of pg_settings. */
const needs: readonly { readonly name: string; readonly rule: 'at least' | 'at most' | 'equal to'; readonly value: string }[] = [
  { name: 'server_encoding', rule: 'equal to', value: 'UTF8' },
  { name: 'max_connections', rule: 'at least', value: '150' },
  { name: 'autovacuum_vacuum_scale_factor', rule: 'at most', value: '0.01' },
  { name: 'autovacuum_analyze_scale_factor', rule: 'at most', value: '0.075' },
  { name: 'autovacuum_max_workers', rule: 'at least', value: '6' },
  { name: 'maintenance_work_mem', rule: 'at least', value: '65536' },
  { name: 'work_mem', rule: 'at least', value: '8192' },
];

/** Names of the settings that the engine has needs about. */
export const needNames: readonly string[] = needs.map(({ name }) => name);

/** Whether a value of a server, in the unit of pg_settings, is what the engine needs. */
export const suits = (name: string, found: string): boolean => {
  const need = needs.find((one) => one.name === name);
  return need === undefined || fits(need, found);
};

/** How a rule is said. */
const words: Readonly<Record<(typeof needs)[number]['rule'], Text>> = {
  'at least': 'at least',
  'at most': 'at most',
  'equal to': 'equal to',
};

const fits = ({ rule, value }: (typeof needs)[number], found: string): boolean => {
  if (rule === 'equal to') return found.replaceAll('-', '').toUpperCase() === value;
  return rule === 'at least' ? Number(found) >= Number(value) : Number(found) <= Number(value);
};

/** A setting of a server that does not fit, and what is to be said of it. */
export interface Misfit {
  readonly name: string;
  readonly text: Message;
}

/** The settings of a server that do not fit, in the order of the needs. */
export async function misfits(sql: Sql): Promise<readonly Misfit[]> {
  const rows = await sql.rows<{ name: string; setting: string; unit: string | null }>(
    'select name, setting, unit from pg_settings where name = any($1)',
    [needNames],
  );
  return needs.flatMap((need) => {
    const found = rows.find(({ name }) => name === need.name);
    if (found === undefined || fits(need, found.setting)) return [];
    const unit = found.unit ?? '';
    const text = message`${need.name} is ${found.setting}${unit}, needed is ${term(words[need.rule])} ${need.value}${unit}`;
    return [{ name: need.name, text }];
  });
}

/** The same as one text, each on a line of its own. */
export const misfitLines = (all: readonly Misfit[]): Text => all.reduce((lines, { text }) => message`${lines}\n${text}`, term(''));
