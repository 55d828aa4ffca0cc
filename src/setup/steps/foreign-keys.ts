import type { Sql } from '#kit';
import { identifier, literal } from './sql.ts';

/* Rows that a foreign key should not have let in. A restore that bypasses triggers leaves such ones behind. */

/** A foreign key as the catalogue of the database describes it. */
export interface ForeignKey {
  readonly name: string;
  readonly schema: string;
  readonly table: string;
  readonly columns: readonly string[];
  readonly parentSchema: string;
  readonly parentTable: string;
  readonly parentColumns: readonly string[];
  /** What happens to a row when the one that it refers to goes: `a` nothing, `n` set null, others. */
  readonly rule: string;
  /** Whether one of its columns may not be null. */
  readonly required: boolean;
  /** Whether it can be checked as late as at the end of a transaction. */
  readonly deferrable: boolean;
}

/** Rows of one table that refer to nothing. */
export interface Violation {
  readonly key: ForeignKey;
  readonly rows: number;
}

/** A constraint that holds for new rows, while nobody knows about the old ones. */
export interface Unchecked {
  readonly name: string;
  readonly schema: string;
  readonly table: string;
}

const columnsOf = (table: string, numbers: string): string =>
  `(select array_agg(a.attname::text order by k.place) from unnest(c.${numbers}) with ordinality k (number, place)
    join pg_attribute a on a.attrelid = c.${table} and a.attnum = k.number)`;

const foreignKeys = (sql: Sql, schemas: readonly string[]): Promise<readonly ForeignKey[]> =>
  sql.rows<ForeignKey>(
    `select c.conname::text as name, n.nspname::text as schema, t.relname::text as "table", ${columnsOf('conrelid', 'conkey')} as columns,
       pn.nspname::text as "parentSchema", p.relname::text as "parentTable", ${columnsOf('confrelid', 'confkey')} as "parentColumns",
       c.confdeltype::text as rule, c.condeferrable as deferrable,
       (select bool_or(a.attnotnull) from pg_attribute a where a.attrelid = c.conrelid and a.attnum = any(c.conkey)) as required
     from pg_constraint c
     join pg_class t on t.oid = c.conrelid join pg_namespace n on n.oid = t.relnamespace
     join pg_class p on p.oid = c.confrelid join pg_namespace pn on pn.oid = p.relnamespace
     where c.contype = 'f' and c.conparentid = 0 and n.nspname = any($1)
     order by 2, 3, 1`,
    [schemas],
  );

const child = ({ schema, table }: ForeignKey): string => `${identifier(schema)}.${identifier(table)}`;

/** Whether a row `c` refers to nothing. As the keys themselves have it (MATCH SIMPLE), a row with a null in it refers to nothing that has to be there. */
const isLost = ({ columns, parentSchema, parentTable, parentColumns }: ForeignKey): string => {
  const own = columns.map((name) => `c.${identifier(name)}`);
  const same = own.map((column, at) => `p.${identifier(parentColumns[at] ?? '')} = ${column}`).join(' and ');
  const known = own.map((column) => `${column} is not null`).join(' and ');
  return `${known} and not exists (select from ${identifier(parentSchema)}.${identifier(parentTable)} p where ${same})`;
};

/** All rows of some schemas that violate a foreign key, by key. */
export async function violations(sql: Sql, schemas: readonly string[]): Promise<readonly Violation[]> {
  const found: Violation[] = [];
  for (const key of await foreignKeys(sql, schemas)) {
    const [count] = await sql.rows<{ rows: number }>(`select count(*)::int as rows from ${child(key)} c where ${isLost(key)}`);
    if (count !== undefined && count.rows > 0) found.push({ key, rows: count.rows });
  }
  return found;
}

/** Constraints of some schemas that were never compared with the rows that were there before them. */
export const unchecked = (sql: Sql, schemas: readonly string[]): Promise<readonly Unchecked[]> =>
  sql.rows<Unchecked>(
    `select c.conname::text as name, n.nspname::text as schema, t.relname::text as "table"
     from pg_constraint c join pg_class t on t.oid = c.conrelid join pg_namespace n on n.oid = t.relnamespace
     where not c.convalidated and c.contype in ('c', 'f') and n.nspname = any($1) order by 2, 3, 1`,
    [schemas],
  );

/** What becomes of the rows of a key that refer to nothing: what its rule would have done, had the other row been removed. */
const mend = (key: ForeignKey): string =>
  key.rule === 'n' && !key.required
    ? `update ${child(key)} c set ${key.columns.map((name) => `${identifier(name)} = null`).join(', ')} where ${isLost(key)}`
    : `delete from ${child(key)} c where ${isLost(key)}`;

const alter = (key: ForeignKey, how: string): string => `alter table ${child(key)} alter constraint ${identifier(key.name)} ${how};`;

/**
 * One text that removes all such rows, or all or nothing of it, and tells of each key how many there were. A row that goes may leave
 * others behind that referred to it, so it goes round until nothing is left. Keys that forbid this are checked at the end meanwhile.
 */
function mendAll(keys: readonly ForeignKey[]): string {
  const strict = keys.filter(({ rule, deferrable }) => rule === 'a' && !deferrable);
  const round = keys.map(
    (key, at) => `${mend(key)};
      get diagnostics number = row_count;
      update mended set rows = rows + number where key = ${at};
      total := total + number;`,
  );
  return `begin;
    create temporary table mended (key integer, name text, rows bigint);
    insert into mended values ${keys.map((key, at) => `(${at}, ${literal(`${key.schema}.${key.table}, ${key.name}`)}, 0)`).join(', ')};
    ${strict.map((key) => alter(key, 'deferrable initially deferred')).join('\n')}
    do $mend$
    declare total bigint; number bigint;
    begin
      loop
        total := 0;
        ${round.join('\n')}
        exit when total = 0;
      end loop;
    end
    $mend$;
    set constraints all immediate;
    ${strict.map((key) => alter(key, 'not deferrable')).join('\n')}
    commit;
    select name, rows::int as rows from mended where rows > 0 order by key`;
}

/** Removes all rows that violate a foreign key, in one transaction. Returns what it mended. */
export async function mendViolations(
  sql: Sql,
  schemas: readonly string[],
): Promise<readonly { readonly name: string; readonly rows: number }[]> {
  const keys = await foreignKeys(sql, schemas);
  return keys.length === 0 ? [] : sql.rows(mendAll(keys));
}
