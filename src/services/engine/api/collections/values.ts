/** A table of constants for `from`: what never changes is listed, searched and shown like everything else. */
export function valuesTable(rows: readonly Readonly<Record<string, string | number | boolean>>[]): string {
  const columns = Object.keys(rows[0] ?? {});
  const literal = (value: string | number | boolean | undefined): string =>
    typeof value === 'string' ? `'${value.replaceAll("'", "''")}'` : String(value ?? 'null');
  const lines = rows.map((row) => `(${columns.map((name) => literal(row[name])).join(', ')})`);
  return `(values ${lines.join(', ')}) t (${columns.map((name) => `"${name}"`).join(', ')})`;
}
