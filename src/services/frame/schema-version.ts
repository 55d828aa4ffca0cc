import { readdir } from 'node:fs/promises';
import type { Database } from './database.ts';

/** A schema is not the one this program was made for. Only an administrator can help: the message says how. */
export class SchemaMismatch extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'SchemaMismatch';
  }
}

/** The version a file name stands for (`04_05_0001_baseline.sql` is `04050001`), or null for any other file. */
export function versionOfFile(name: string): string | null {
  const match = /^(\d{2})_(\d{2})_(\d{4})_\w+\.sql$/.exec(name);
  return match === null ? null : match.slice(1).join('');
}

/** The newest version among the files of a folder. Throws when there is none. */
export async function newestVersion(folder: string): Promise<string> {
  const versions = (await readdir(folder)).map(versionOfFile).filter((version) => version !== null);
  const newest = versions.sort().at(-1);
  if (newest === undefined) throw new Error(`${folder} holds no schema files`);
  return newest;
}

/** The version a schema has: that of the row of its table `schema_version` which setup marked as current. Null when it was never installed. */
async function installedVersion(database: Database, schema: string): Promise<string | null> {
  const table = `${schema}.schema_version`;
  const [found] = await database.query<{ exists: boolean }>('select to_regclass($1) is not null as exists', [table]);
  if (found?.exists !== true) return null;
  const [row] = await database.query<{ version: string }>(`select version from ${table} where current order by id desc limit 1`);
  return row?.version ?? null;
}

/**
 * Compares a schema with the newest file of the folder it is made from. Throws SchemaMismatch when they differ,
 * DatabaseUnavailable when it cannot be known yet. `schema` is a constant of the program, not input.
 */
export async function checkSchema(database: Database, schema: string, folder: string): Promise<void> {
  const needed = await newestVersion(folder);
  const there = await installedVersion(database, schema);
  if (there === needed) return;
  const state = there === null ? 'is not installed' : `has version ${there}`;
  const advice =
    there !== null && there > needed ? 'it was made by a newer release: install that release, or restore a backup' : 'run engine-setup';
  throw new SchemaMismatch(`the database schema ${schema} ${state}, but this release needs ${needed}: ${advice}`);
}
