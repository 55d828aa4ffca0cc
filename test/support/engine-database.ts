import { afterAll, beforeAll, beforeEach } from 'vitest';
import type { DatabaseAddress, Host } from '#kit';
import { sandboxHost } from '../../src/setup/host/sandbox.ts';
import { type TestPostgres, type postgresVersions, startPostgres } from './postgres.ts';

export interface EngineDatabase {
  readonly host: Host;
  server: TestPostgres;
  /** As the engine reaches it, and as the administrator of the server does. */
  at: DatabaseAddress;
  admin: DatabaseAddress;
}

/**
 * A server for a block of tests, with an empty database `engine` before each of them; others that tests may leave behind are
 * named. Its server is started before the first test.
 */
export function engineDatabase({ programs, missing }: (typeof postgresVersions)[number], leftBehind: readonly string[]): EngineDatabase {
  const host = sandboxHost('/nonexistent');
  const database = { host } as EngineDatabase;
  beforeAll(async () => {
    if (missing) return;
    const server = await startPostgres({ schemas: false, ...(programs === undefined ? {} : { programs }) });
    const at = { host: server.host, port: server.port, name: 'engine', user: 'engine', password: server.password };
    const admin = { ...at, name: 'postgres', user: 'postgres', password: server.superPassword };
    Object.assign(database, { server, at, admin });
  });
  afterAll(() => (missing ? undefined : database.server.stop()));
  beforeEach(async () => {
    if (missing) return;
    await host.database.change(database.admin, async (sql) => {
      for (const name of ['engine', ...leftBehind]) await sql.rows(`drop database if exists ${name} with (force)`);
      await sql.rows('create database engine owner engine template template0');
    });
  });
  return database;
}
