import {
  type Change,
  type DatabaseAddress,
  type Heading,
  type Host,
  type Json,
  SetupError,
  type Sql,
  type Statement,
  type Step,
  nothing,
  message,
} from '#kit';
import type { Migration } from '../render/shipped.ts';
import { safetyCopy } from './safety-copy.ts';
import { identifier, lookOr } from './sql.ts';

export interface WantedSchema {
  /** Where the schema lives, as its owner. */
  readonly at: DatabaseAddress;
  /** The same server as its administrator: copies whole databases. */
  readonly admin: DatabaseAddress;
  /** PostgreSQL schema that holds the tables and their `schema_version`. */
  readonly schema: string;
  /** All migrations, oldest first; the first one makes everything, `schema_version` included. */
  readonly migrations: readonly Migration[];
  /** False: an existing schema is changed without a copy, so that nothing can be put back. */
  readonly copies?: boolean;
}

/** The version a schema is at; undefined if it is not there. */
export async function schemaVersion(sql: Sql, schema: string): Promise<string | undefined> {
  const [table] = await sql.rows<{ there: boolean }>('select to_regclass($1) is not null as there', [`${schema}.schema_version`]);
  if (table?.there !== true) return undefined;
  const [row] = await sql.rows<{ version: string }>(
    `select version from ${identifier(schema)}.schema_version where current order by id desc limit 1`,
  );
  return row?.version;
}

const record = (schema: string, { version, script, checksum }: Migration): readonly Statement[] => {
  const table = `${identifier(schema)}.schema_version`;
  return [
    { text: `update ${table} set current = false where current` },
    {
      text: `insert into ${table} (version, script, checksum, started_at, ended_at, state, current) values ($1, $2, $3, now(), clock_timestamp(), 'INSTALLED', true)`,
      values: [version, script, checksum],
    },
  ];
};

/**
 * A versioned schema: every migration that is missing runs in a transaction of its own, together with its row in `schema_version`.
 * Before an existing schema is changed its database is copied as a whole (the services are stopped by then), and undo puts the copy back.
 */
export function schema(heading: Heading, { at, admin, schema: name, migrations, copies = true }: WantedSchema): Step {
  const newest = migrations.at(-1)?.version ?? '';
  const copy = safetyCopy({ at, admin, reason: name });

  async function takeBack(host: Host, kept: Json): Promise<void> {
    if (kept === null) {
      const empty =
        name === 'public'
          ? ['drop schema if exists public cascade', 'create schema public authorization pg_database_owner']
          : [`drop schema if exists ${identifier(name)} cascade`];
      await host.database.change({ ...admin, name: at.name }, (sql) => sql.atomically(empty.map((text) => ({ text }))));
      return;
    }
    if (await copy.exists(host)) return copy.putBack(host);
    // An undo that was cut off may have put the copy back already; then the version is the former one.
    const { version } = kept as { version: string };
    const found = await host.database.look(at, (sql) => schemaVersion(sql, name));
    if (found !== version) {
      throw new SetupError(
        'failed',
        message`The safety copy ${copy.name} of ${at.name} is gone, and its schema ${name} is at ${found ?? 'nothing'}`,
      );
    }
    await copy.tidy(host);
  }

  return {
    ...heading,
    undo: copies ? { run: takeBack } : { never: message`${at.name} is changed without a safety copy` },
    check: (host) =>
      lookOr<Change>(host, at, { kind: 'create', note: message`version ${newest}` }, async (sql) => {
        const found = await schemaVersion(sql, name);
        if (found === newest) return nothing;
        if (found === undefined) return { kind: 'create', note: message`version ${newest}` };
        if (found > newest) {
          throw new SetupError('refused', message`The ${name} schema has version ${found}, newer than the ${newest} of this program`, {
            remedy: 'Use the version of engine-setup that made it, or a newer one.',
          });
        }
        return { kind: 'update', note: message`${found} -> ${newest}` };
      }),
    async prepare(host) {
      const found = await host.database.look(at, (sql) => schemaVersion(sql, name));
      if (found === undefined) return null;
      if (copies) await copy.make(host);
      else await copy.drop(host);
      return copies ? { copy: copy.name, version: found } : { version: found };
    },
    // What was kept without a copy is not enough for a run that wants one.
    holds: (host, kept) => (kept === null || !copies ? Promise.resolve(true) : copy.exists(host)),
    discard: (host, kept) => (kept === null ? Promise.resolve() : copy.drop(host)),
    async apply(host, say) {
      await host.database.change(at, async (sql) => {
        const found = (await schemaVersion(sql, name)) ?? '';
        for (const migration of migrations.filter(({ version }) => version > found)) {
          say(`${name}: ${migration.script}`);
          await sql.atomically([{ text: migration.sql }, ...record(name, migration)]);
        }
      });
    },
  };
}
