import type { Values } from './search/values.ts';

/** The statement that adds one row, given by its columns; `returning ..` may stand behind it. */
export const insertSql = (values: Values, table: string, row: object): string =>
  `insert into ${table} (${Object.keys(row).join(', ')}) values (${Object.values(row)
    .map((value) => values.add(value))
    .join(', ')})`;
