import type { Sql } from '#kit';
import { literal } from './sql.ts';

/* What there is in a database and on its server, in the words of its catalogues. */

/**
 * Everything in a database but its rows, a line for each thing in the words of SQL. What PostgreSQL itself brings is left out, and so is what differs between
 * its versions alone: 18 has a constraint for each NOT NULL.
 */
const things = `with ours as (select oid, nspname as schema from pg_namespace where nspname !~ '^pg_' and nspname <> 'information_schema'),
  relations as (select c.*, o.schema, o.schema || '.' || c.relname as name from pg_class c join ours o on o.oid = c.relnamespace)
select 'schema ' || schema as thing from ours
union select case relkind when 'r' then 'table ' when 'p' then 'table ' when 'f' then 'table ' when 'S' then 'sequence '
  when 'i' then 'index ' when 'I' then 'index ' when 'c' then 'type ' else 'view ' end || name from relations where relkind <> 't'
union select 'column ' || r.name || '.' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
  from relations r join pg_attribute a on a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped where r.relkind not in ('i', 'I', 'S')
union select 'constraint ' || k.conname || ' on ' || r.name from pg_constraint k join relations r on r.oid = k.conrelid where k.contype <> 'n'
union select 'trigger ' || t.tgname || ' on ' || r.name || case t.tgenabled when 'O' then '' else ' (switched off, or on for replicas)' end from pg_trigger t join relations r on r.oid = t.tgrelid where not t.tgisinternal
union select 'rule ' || w.rulename || ' on ' || r.name from pg_rewrite w join relations r on r.oid = w.ev_class where w.rulename <> '_RETURN'
union select 'policy ' || p.polname || ' on ' || r.name from pg_policy p join relations r on r.oid = p.polrelid
union select 'statistics ' || o.schema || '.' || e.stxname from pg_statistic_ext e join ours o on o.oid = e.stxnamespace
union select 'publication ' || pubname from pg_publication
union select 'event trigger ' || evtname from pg_event_trigger
union select 'foreign server ' || srvname from pg_foreign_server
union select 'function ' || p.oid::regprocedure from pg_proc p join ours o on o.oid = p.pronamespace
union select 'type ' || o.schema || '.' || t.typname from pg_type t join ours o on o.oid = t.typnamespace where t.typtype in ('e', 'd', 'r')
union select 'extension ' || extname from pg_extension where extname <> 'plpgsql'
union select 'large object ' || oid from pg_largeobject_metadata
union select 'grant ' || g.privilege_type || ' on ' || r.name || ' to ' || case g.grantee when 0 then 'public' else pg_get_userbyid(g.grantee) end
  from relations r, aclexplode(r.relacl) g where g.grantee <> r.relowner
union select 'grant ' || g.privilege_type || ' on ' || r.name || '.' || a.attname || ' to ' || case g.grantee when 0 then 'public' else pg_get_userbyid(g.grantee) end
  from relations r join pg_attribute a on a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped, aclexplode(a.attacl) g
union select 'grant ' || g.privilege_type || ' on schema ' || n.nspname || ' to ' || pg_get_userbyid(g.grantee)
  from pg_namespace n join ours o on o.oid = n.oid, aclexplode(n.nspacl) g where g.grantee <> n.nspowner and g.grantee <> 0
union select 'set ' || unnest(setconfig) from pg_db_role_setting
  where setdatabase in (0, (select oid from pg_database where datname = current_database()))`;

/** What is in the one database and not in the other. */
export async function missingIn(to: Sql, from: Sql): Promise<readonly string[]> {
  const here = new Set((await to.rows<{ thing: string }>(things)).map(({ thing }) => thing));
  return (await from.rows<{ thing: string }>(things)).map(({ thing }) => thing).filter((thing) => !here.has(thing));
}

/** Databases and roles of a server that are neither PostgreSQL's own nor among these names. */
export async function foreignOn(server: Sql, names: readonly string[]): Promise<readonly string[]> {
  const rows = await server.rows<{ kind: 'database' | 'role'; name: string }>(
    `select 'database' as kind, datname as name from pg_database where not datistemplate
     union select 'role', rolname from pg_roles where rolname !~ '^pg_' order by 1, 2`,
  );
  return rows.filter(({ name }) => name !== 'postgres' && !names.includes(name)).map(({ kind, name }) => `${kind} ${name}`);
}

export interface Table {
  readonly schema: string;
  readonly name: string;
  /** Those that are stored, and not computed from others. */
  readonly columns: readonly string[];
}

export const tablesOf = (sql: Sql): Promise<readonly Table[]> =>
  sql.rows<Table>(
    `select n.nspname as schema, c.relname as name, array(select a.attname::text from pg_attribute a
       where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = '' order by a.attnum) as columns
     from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.relkind = 'r' and n.nspname !~ '^pg_' and n.nspname <> 'information_schema' order by 1, 2`,
  );

export interface Sequence {
  readonly name: string;
  readonly value: string;
  /** Whether the value has been used, so that the next one follows it. */
  readonly used: boolean;
}

/** Each is asked itself: pg_sequences does not tell the value of one that somebody has set and nobody has used. */
export async function sequencesOf(sql: Sql): Promise<readonly Sequence[]> {
  const names = await sql.rows<{ name: string }>(`select format('%I.%I', schemaname, sequencename) as name from pg_sequences order by 1`);
  const found: Sequence[] = [];
  for (const { name } of names)
    found.push(...(await sql.rows<Sequence>(`select ${literal(name)} as name, last_value::text as value, is_called as used from ${name}`)));
  return found;
}
