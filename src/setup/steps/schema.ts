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
} from '#kit';
import type { Migration } from '../render/shipped.ts';
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
}

/** The version a schema is at; undefined if it is not there. */
async function versionOf(sql: Sql, schema: string): Promise<string | undefined> {
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
export function schema(heading: Heading, { at, admin, schema: name, migrations }: WantedSchema): Step {
  const newest = migrations.at(-1)?.version ?? '';
  const copy = `${at.name}_before_${name}`;
  const dropCopy = async (host: Host): Promise<void> => {
    await host.database.change(admin, (sql) => sql.rows(`drop database if exists ${identifier(copy)} with (force)`));
  };
  return {
    ...heading,
    undo: {
      async run(host, kept: Json) {
        if (kept === null) {
          const empty =
            name === 'public'
              ? ['drop schema if exists public cascade', 'create schema public authorization pg_database_owner']
              : [`drop schema if exists ${identifier(name)} cascade`];
          await host.database.change({ ...admin, name: at.name }, (sql) => sql.atomically(empty.map((text) => ({ text }))));
          return;
        }
        await host.database.change(admin, async (sql) => {
          const [there] = await sql.rows('select 1 from pg_database where datname = $1', [copy]);
          // Without the copy a former undo has already put it back, and was cut off before it could say so.
          if (there === undefined) return;
          await sql.rows(`drop database if exists ${identifier(at.name)} with (force)`);
          await sql.rows(`alter database ${identifier(copy)} rename to ${identifier(at.name)}`);
        });
      },
    },
    check: (host) =>
      lookOr<Change>(host, at, { kind: 'create', note: `version ${newest}` }, async (sql) => {
        const found = await versionOf(sql, name);
        if (found === newest) return nothing;
        if (found === undefined) return { kind: 'create', note: `version ${newest}` };
        return { kind: 'update', note: `${found} -> ${newest}` };
      }),
    async prepare(host) {
      const found = await host.database.look(at, (sql) => versionOf(sql, name));
      if (found === undefined) return null;
      await dropCopy(host);
      await host.database.change(admin, (sql) => sql.rows(`create database ${identifier(copy)} template ${identifier(at.name)}`));
      return { copy, version: found };
    },
    discard: (host, kept) => (kept === null ? Promise.resolve() : dropCopy(host)),
    async apply(host, say) {
      await host.database.change(at, async (sql) => {
        const found = (await versionOf(sql, name)) ?? '';
        if (found > newest) {
          throw new SetupError('failed', `The ${name} schema has version ${found}, newer than the ${newest} of this program`, {
            remedy: 'Install the version of engine-setup that made it, or a newer one.',
          });
        }
        for (const migration of migrations.filter(({ version }) => version > found)) {
          say(`${name}: ${migration.script}`);
          await sql.atomically([{ text: migration.sql }, ...record(name, migration)]);
        }
      });
    },
  };
}
