import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { programDirectory } from '../paths.ts';

/** Where a file of the program itself lies. */
export const shippedPath = (path: string): string => join(programDirectory, path);

/** The text of a file that ships with the program, by its path below the program's folder. */
export const shippedText = (path: string): string => readFileSync(shippedPath(path), 'utf8');

/** One numbered SQL file. */
export interface Migration {
  /** '04050001': the digits of the file name. Compared as text. */
  readonly version: string;
  readonly script: string;
  readonly sql: string;
  readonly checksum: string;
}

const known = new Map<string, readonly Migration[]>();

/**
 * The numbered SQL files of a shipped folder, oldest first. They are read once: the program does not change while it runs.
 * Names are `MM_mm_nnnn_name.sql`; the version is the eight digits.
 */
export function shippedMigrations(folder: string): readonly Migration[] {
  const migrations = known.get(folder) ?? readMigrations(folder);
  known.set(folder, migrations);
  return migrations;
}

/** The newest version that the files of a shipped folder make. */
export const newestVersion = (folder: string): string => shippedMigrations(folder).at(-1)?.version ?? '';

function readMigrations(folder: string): readonly Migration[] {
  return readdirSync(shippedPath(folder))
    .filter((name) => name.endsWith('.sql'))
    .sort()
    .map((name) => {
      const match = /^(\d\d)_(\d\d)_(\d\d\d\d)_[a-z0-9_]+\.sql$/.exec(name);
      if (match === null) throw new Error(`${folder}/${name}: not named MM_mm_nnnn_name.sql`);
      const sql = shippedText(join(folder, name));
      return { version: match.slice(1, 4).join(''), script: name, sql, checksum: createHash('sha256').update(sql).digest('hex') };
    });
}
