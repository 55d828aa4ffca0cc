import type { DatabaseAddress, HostReader, Sql } from '#kit';
import { lookOr } from '#steps';

/* What the engine's database says of the data warehouse that it belongs to. */

/** Its rows, as far as they hold anything: `dwhUuid`, `dwhHostname`, `DwhCurrentlyRunning`. */
export async function ownership(sql: Sql): Promise<Readonly<Record<string, string | undefined>>> {
  const rows = await sql.rows<{ name: string; value: string | null }>(
    'select var_name as name, var_value as value from dwh_history_timekeeping',
  );
  return Object.fromEntries(rows.map(({ name, value }) => [name, value === null || value === '' ? undefined : value]));
}

/**
 * The host of a data warehouse that the engine belongs to; undefined where there is none, or where the database cannot be asked.
 * @param own identity of the one that does not count
 */
export async function warehouseOf(host: HostReader, at: DatabaseAddress, own?: string): Promise<string | undefined> {
  const { dwhUuid, dwhHostname } = await lookOr<Awaited<ReturnType<typeof ownership>>>(host, at, {}, ownership);
  return dwhUuid === undefined || dwhUuid === own ? undefined : (dwhHostname ?? dwhUuid);
}
