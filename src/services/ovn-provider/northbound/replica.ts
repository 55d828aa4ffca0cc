import { amend, decode, empty } from '../ovsdb/notation.ts';
import { columnsOf, type Row, type TableName, tableNames } from './tables.ts';

type AnyRow = Readonly<Record<string, unknown>> & { readonly id: string };

/** A copy of the tables in memory, kept up by what the server tells. Rows are never changed, but replaced. */
export interface Replica {
  rows<T extends TableName>(table: T): ReadonlyMap<string, Row<T>>;
  /** Grows with every change of a table. */
  version(table: TableName): number;
  /** Takes in `<table-updates2>` (ovsdb-server(7)). Throws where they do not fit. */
  apply(updates: unknown): void;
}

export function createReplica(): Replica {
  const tables = new Map(tableNames.map((name) => [name, new Map<string, AnyRow>()]));
  const versions = new Map<TableName, number>();
  const tableOf = (name: TableName): Map<string, AnyRow> => tables.get(name) ?? new Map<string, AnyRow>();

  return {
    rows: <T extends TableName>(name: T) => tableOf(name) as unknown as ReadonlyMap<string, Row<T>>,
    version: (name) => versions.get(name) ?? 0,
    apply(updates) {
      for (const [name, changes] of Object.entries(updates as Readonly<Record<string, Readonly<Record<string, Change>>>>)) {
        const table = tableNames.find((one) => one === name);
        if (table === undefined) continue;
        versions.set(table, (versions.get(table) ?? 0) + 1);
        for (const [id, change] of Object.entries(changes)) {
          const after = rowAfter(table, id, tableOf(table).get(id), change);
          if (after === null) tableOf(table).delete(id);
          else tableOf(table).set(id, after);
        }
      }
    },
  };
}

/** What the server tells of one row: one of these. */
interface Change {
  readonly initial?: Readonly<Record<string, unknown>>;
  readonly insert?: Readonly<Record<string, unknown>>;
  readonly modify?: Readonly<Record<string, unknown>>;
  readonly delete?: null;
}

function rowAfter(table: TableName, id: string, before: AnyRow | undefined, change: Change): AnyRow | null {
  if (change.delete !== undefined) return null;
  const whole = change.insert ?? change.initial;
  if (whole !== undefined) {
    return {
      id,
      ...Object.fromEntries(columnsOf(table).map(([name, kind]) => [name, name in whole ? decode(kind, whole[name]) : empty[kind]])),
    };
  }
  const { modify } = change;
  if (modify === undefined || before === undefined) throw new Error(`an update of ${table} does not fit what was told before`);
  const changed = columnsOf(table).filter(([name]) => name in modify);
  return { ...before, ...Object.fromEntries(changed.map(([name, kind]) => [name, amend(kind, before[name] as never, modify[name])])) };
}
