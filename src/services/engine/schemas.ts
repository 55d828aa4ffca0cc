import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Database, DatabaseUnavailable } from '../frame/database.ts';
import { errorFields, type Log } from '../frame/log.ts';
import { checkSchema } from '../frame/schema-version.ts';

/** The schemas the engine needs, and the folders of SQL files they are made from. */
export const schemas = [
  { name: 'public', folder: fileURLToPath(new URL('schema/engine', import.meta.url)) },
  { name: 'aaa_jdbc', folder: fileURLToPath(new URL('schema/aaa_jdbc', import.meta.url)) },
] as const;

/**
 * Waits until the database answers, however long it takes, and checks that both schemas are those of this release.
 * Throws SchemaMismatch when they are not, and whatever the server says when it refuses us.
 */
export async function waitForSchemas(database: Database, log: Log, signal: AbortSignal): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      for (const { name, folder } of schemas) await checkSchema(database, name, folder);
      return;
    } catch (error) {
      if (!(error instanceof DatabaseUnavailable)) throw error;
      if (tries === 0) log.warning('waiting for the database', { error: errorFields(error.cause).error });
    }
    await sleep(1_000, undefined, { signal });
  }
}
