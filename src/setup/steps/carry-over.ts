import { type DatabaseAddress, type Host, SetupError, type Sql, type Text, type Transfer, message, term } from '#kit';
import type { Migration } from '../render/shipped.ts';
import { type Table, foreignOn, missingIn, sequencesOf, tablesOf } from './contents.ts';
import { mending } from './consistent.ts';
import { leftByCopies } from './safety-copy.ts';
import { schemaVersion } from './schema.ts';
import { createDatabase, createRole, identifier } from './sql.ts';

/** A database of ours that goes from one server to another. */
export interface Carried {
  readonly name: string;
  /** The role that owns it. */
  readonly owner: string;
  /** Its versioned schemas, each with all its migrations, oldest first. */
  readonly schemas: Readonly<Record<string, readonly Migration[]>>;
}

/** Two servers of different versions, each by the way in of its administrator. */
export interface Servers {
  readonly from: DatabaseAddress;
  readonly to: DatabaseAddress;
}

const refuse = (where: Text, left: readonly string[]): void => {
  if (left.length === 0) return;
  const [some, more] = [left.slice(0, 8).join(', '), left.length > 8 ? ', ...' : ''];
  throw new SetupError('failed', message`${term(where)} holds what setup has not made and cannot carry over: ${some}${more}`, {
    remedy: 'Save what you need of it, remove it there, and run setup again; make it anew afterwards.',
  });
};

/** Copies that setup makes on the same server before it changes a database; none is needed once the database itself goes elsewhere. */
const copiesOf = (wanted: readonly Carried[]): readonly string[] =>
  wanted.flatMap(({ name, schemas }) => leftByCopies(name, [...Object.keys(schemas), mending]));

/**
 * Copies of earlier runs, which nothing needs any more, go as they do on any run. Otherwise a run that is taken back later would find them
 * on the old server, and take them for its own.
 */
async function dropCopies(host: Host, from: DatabaseAddress, copies: readonly string[]): Promise<void> {
  for (const copy of copies)
    await host.database.change(from, (sql) => sql.rows(`drop database if exists ${identifier(copy)} with (force)`));
}

/**
 * Makes the schemas as they are in the old database: by the very migrations that have made them there. So the new server makes everything
 * in its own way, and the rows come into tables of the version that they were written for.
 */
async function makeSchemas({ from, to }: Transfer, { name, owner, schemas }: Carried): Promise<void> {
  await to.rows(`set local role ${identifier(owner)}`);
  for (const [schema, migrations] of Object.entries(schemas)) {
    const version = await schemaVersion(from, schema);
    const newest = migrations.at(-1)?.version ?? '';
    if (version === undefined) continue;
    if (version > newest)
      throw new SetupError(
        'refused',
        message`The ${schema} schema of ${name} has version ${version}, newer than the ${newest} of this program`,
      );
    for (const { version: one, sql } of migrations) if (one <= version) await to.rows(sql);
  }
  // What migrations have put off until their transaction ends.
  await to.rows('set constraints all immediate');
  await to.rows('reset role');
}

const pathOf = ({ schema, name }: Pick<Table, 'schema' | 'name'>): string => `${identifier(schema)}.${identifier(name)}`;
const countOf = async (sql: Sql, table: string): Promise<string | undefined> =>
  (await sql.rows<{ rows: string }>(`select count(*)::text as rows from ${table}`))[0]?.rows;

/** Puts the rows into the tables in place of those that migrations have made, and counts them on either side. */
async function copyRows({ from, to, copy }: Transfer, tables: readonly Table[]): Promise<number> {
  if (tables.length === 0) return 0;
  await to.rows(`truncate ${tables.map(pathOf).join(', ')}`);
  let all = 0;
  for (const table of tables) {
    const path = pathOf(table);
    const columns = table.columns.map(identifier).join(', ');
    all += await copy(`copy ${path} (${columns}) to stdout`, `copy ${path} (${columns}) from stdin`);
    const [here, there] = [await countOf(to, path), await countOf(from, path)];
    if (here !== there) throw new SetupError('failed', message`${path} has ${there ?? ''} rows, of which ${here ?? ''} came over`);
  }
  return all;
}

/** Fills an empty database with what the old one of the same name holds, in one transaction. */
async function fill(host: Host, { from, to }: Servers, wanted: Carried, say: (line: string) => void): Promise<void> {
  const { name } = wanted;
  await host.database.transfer({ ...from, name }, { ...to, name }, async (both) => {
    await makeSchemas(both, wanted);
    refuse(message`The database ${name}`, await missingIn(both.to, both.from));
    // Rows come in the order of tables, not in that of their keys, and triggers have done their work already.
    await both.to.rows('set local session_replication_role = replica');
    const tables = await tablesOf(both.from);
    const rows = await copyRows(both, tables);
    for (const { name: sequence, value, used } of await sequencesOf(both.from))
      await both.to.rows('select setval($1::text::regclass, $2::text::bigint, $3)', [sequence, value, used]);
    await both.to.rows('analyze');
    say(`${name}: ${tables.length} tables, ${rows} rows`);
  });
}

/**
 * Carries our databases over from one server to another, each with the role that owns it and its password. Nothing is changed on the old
 * one, but copies of earlier runs go. Throws where something is there that nobody would find on the new one.
 */
export async function carryOver(host: Host, servers: Servers, wanted: readonly Carried[], say: (line: string) => void): Promise<void> {
  const { from, to } = servers;
  const names = wanted.flatMap(({ name, owner }) => [name, owner]);
  const copies = copiesOf(wanted);
  const [there, verifiers] = await host.database.look(from, async (sql) => {
    const databases = (await sql.rows<{ name: string }>('select datname as name from pg_database')).map(({ name }) => name);
    refuse('The database server', await foreignOn(sql, [...names, ...copies]));
    // Everybody's first database: nothing of ours is in it, and none of it is carried over.
    const first = await host.database.look(to, (fresh) => missingIn(fresh, sql));
    refuse(message`The database ${from.name}`, first);
    const found = await sql.rows<{ name: string; verifier: string | null }>(
      'select rolname as name, rolpassword as verifier from pg_authid where rolname = any($1)',
      [names],
    );
    return [new Set(databases), new Map(found.map(({ name, verifier }) => [name, verifier]))] as const;
  });
  await dropCopies(host, from, copies);
  const roles = new Set<string>();
  for (const one of wanted.filter(({ name }) => there.has(name))) {
    await host.database.change(to, async (sql) => {
      await sql.rows(createRole(one.owner, verifiers.get(one.owner) ?? null, roles.has(one.owner)));
      await sql.rows(createDatabase(one.name, one.owner));
      await sql.rows(`revoke all on database ${identifier(one.name)} from public`);
    });
    roles.add(one.owner);
    await fill(host, servers, one, say);
  }
}
