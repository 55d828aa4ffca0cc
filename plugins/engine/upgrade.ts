import { DatabaseUnavailable, type HostReader, type Sql, type View, fact } from '#kit';
import { schemaVersion } from '#steps';
import { shippedMigrations } from '../../src/setup/render/shipped.ts';
import { presentAddress } from '../database/settings.ts';
import { engineHere, installed } from './settings.ts';

/* Whether this run brings an installation to a newer version of its schemas, and looking into its database before. */

/** The schemas of the engine's database, with their migrations. */
export const schemas = {
  public: shippedMigrations('src/services/engine/schema/engine'),
  aaa_jdbc: shippedMigrations('src/services/engine/schema/aaa_jdbc'),
} as const;

/** Whether a schema that is there lacks some of its migrations. */
export async function isOld(sql: Sql): Promise<boolean> {
  for (const [name, migrations] of Object.entries(schemas)) {
    const version = await schemaVersion(sql, name);
    if (version !== undefined && version < (migrations.at(-1)?.version ?? '')) return true;
  }
  return false;
}

/** Looks into the database of an installation that is there; of one that cannot be asked, or lacks what is asked for, nothing is known. */
export async function lookInside<R>(host: HostReader, otherwise: R, work: (sql: Sql) => Promise<R>): Promise<R> {
  const at = await presentAddress(host);
  if (at === undefined || !(await installed.probe(host))) return otherwise;
  try {
    return await host.database.look(at, work);
  } catch (error) {
    if (error instanceof DatabaseUnavailable) return otherwise;
    throw error;
  }
}

export const upgrade = fact('engine-upgrade', (host) => lookInside(host, false, isOld));

/** Whether this run upgrades the engine of this host. */
export const isUpgrade = (view: View): boolean => engineHere(view) && view.fact(upgrade);
