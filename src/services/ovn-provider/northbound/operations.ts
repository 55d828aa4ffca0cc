import { map, uuid, type Value, set } from '../ovsdb/notation.ts';
import type { Operation } from './northbound.ts';
import type { TableName } from './tables.ts';

type Columns = Readonly<Record<string, Value>>;

const row = (id: string) => [['_uuid', '==', uuid(id)]];

/** Adds a row whose UUID we have made up ourselves (`uuid`, ovsdb-server(7)). Other operations may refer to it. */
export const insert = (table: TableName, id: string, columns: Columns): Operation => ({ op: 'insert', table, uuid: id, row: columns });

/** Sets columns of a row as a whole. */
export const update = (table: TableName, id: string, columns: Columns): Operation => ({
  op: 'update',
  table,
  where: row(id),
  row: columns,
});

export const remove = (table: TableName, id: string): Operation => ({ op: 'delete', table, where: row(id) });

/** Adds elements to a set of a row, or takes them out, and leaves all others alone. */
export const mutate = (table: TableName, id: string, column: string, how: 'insert' | 'delete', value: Value): Operation => ({
  op: 'mutate',
  table,
  where: row(id),
  mutations: [[column, how, value]],
});

/** Sets keys of a map, takes away those that are undefined, and leaves all others alone, which may be of somebody else. */
export const setKeys = (
  table: TableName,
  id: string,
  column: string,
  entries: Readonly<Record<string, string | undefined>>,
): Operation => ({
  op: 'mutate',
  table,
  where: row(id),
  mutations: [
    [column, 'delete', set(Object.keys(entries))],
    [column, 'insert', map(entries)],
  ],
});

/** Lets the transaction fail unless a row is still there. */
export const needs = (table: TableName, id: string): Operation => ({
  op: 'wait',
  table,
  where: row(id),
  columns: ['_uuid'],
  until: '==',
  rows: [{ _uuid: uuid(id) }],
  timeout: 0,
});
