import { type Heading, type Sql, type Step, message } from '#kit';
import { rows } from './sql.ts';

const general = "from vdc_options where version = 'general' and option_name";

const present = async (sql: Sql, option: string): Promise<string | undefined> =>
  (await sql.rows<{ value: string }>(`select option_name as name, option_value as value ${general} = any($1)`, [[option]]))[0]?.value;

const replace = (option: string, value: string | null) => [
  { text: `delete ${general} = $1`, values: [option] },
  ...(value === null
    ? []
    : [{ text: "insert into vdc_options (option_name, option_value, version) values ($1, $2, 'general')", values: [option, value] }]),
];

/**
 * Tells the engine, by one of its options, where a component of this host is found, or that it is gone. What an administrator has chosen
 * instead (another host, `Off`) is not overruled.
 * @param address.wanted `host:port`; null: the component is not here
 * @param address.names the names that this host has and has had: whoever renames it has not chosen another one
 */
export const ownAddress = (
  heading: Heading,
  at: Parameters<typeof rows>[1]['at'],
  { option, wanted, names }: { readonly option: string; readonly wanted: string | null; readonly names: readonly (string | undefined)[] },
): Step => {
  const isOurs = (value: string): boolean => names.some((name) => name !== undefined && value.startsWith(`${name}:`));
  return rows(heading, {
    at,
    note: message`${option}: ${wanted ?? '-'}`,
    async isRight(sql) {
      const value = await present(sql, option);
      if (value === undefined) return wanted === null;
      return value === wanted || !isOurs(value);
    },
    keep: async (sql) => (await present(sql, option)) ?? null,
    statements: () => replace(option, wanted),
    undo: (kept) => replace(option, kept as string | null),
  });
};
