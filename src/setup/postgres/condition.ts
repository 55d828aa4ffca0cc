import type { Sql } from '#kit';
import { type SettingRow, needNames } from './needs.ts';

/*
 * In what condition a database is, as the role that owns it sees it. Only looks; what is to be thought of it says `judge.ts`.
 */

export interface Condition {
  /** '15.4', and as a number: 150004. */
  readonly version: string;
  readonly versionNumber: number;
  /** Debian's name of the cluster: '15/main'. */
  readonly cluster: string;
  readonly settings: readonly SettingRow[];
  readonly encoding: string;
  readonly collation: string;
  readonly owner: string;
  /** Who has looked. */
  readonly user: string;
  /** Whether that role is the owner, or may act as it. */
  readonly owns: boolean;
  readonly superuser: boolean;
  /** Whether it may create schemas in the database, things in `public`, and other databases. */
  readonly createsSchemas: boolean;
  readonly createsTables: boolean;
  readonly createsDatabases: boolean;
  readonly encrypted: boolean;
  /** Our address, as the server sees it; null: it is its own host. */
  readonly client: string | null;
  /** Tables, views, functions and the like in it, without those of extensions. */
  readonly objects: number;
  /** The version of the product's schema; undefined: it is not there. */
  readonly schema: string | undefined;
}

/** Settings that are of interest beside those with needs. */
const others = ['server_version', 'server_version_num', 'cluster_name', 'password_encryption', 'ssl'] as const;

const databaseQuery = `
select pg_encoding_to_char(d.encoding) as encoding, d.datcollate as collation, pg_get_userbyid(d.datdba) as owner, current_user as "user",
  pg_has_role(d.datdba, 'usage') as owns, r.rolsuper as superuser, r.rolcreatedb or r.rolsuper as "createsDatabases",
  has_database_privilege(d.oid, 'create') as "createsSchemas",
  coalesce((select has_schema_privilege(n.oid, 'create') from pg_namespace n where n.nspname = 'public'), false) as "createsTables",
  coalesce((select s.ssl from pg_stat_ssl s where s.pid = pg_backend_pid()), false) as encrypted, host(inet_client_addr()) as client,
  (select count(*)::int from (
    select 'pg_class'::regclass as class, oid, relnamespace as place from pg_class where relkind in ('r', 'v', 'm', 'S', 'f', 'p')
    union all select 'pg_proc'::regclass, oid, pronamespace from pg_proc) o join pg_namespace n on n.oid = o.place
    where n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
      and not exists (select from pg_depend x where x.classid = o.class and x.objid = o.oid and x.deptype = 'e')) as objects
from pg_database d, pg_roles r where d.datname = current_database() and r.rolname = current_user`;

type Row = Omit<Condition, 'version' | 'versionNumber' | 'cluster' | 'settings' | 'schema'>;

async function schemaVersion(sql: Sql): Promise<string | undefined> {
  const [table] = await sql.rows<{ there: boolean }>('select to_regclass($1) is not null as there', ['public.schema_version']);
  if (table?.there !== true) return undefined;
  const rows = await sql.rows<{ version: string }>('select version from "public".schema_version where current order by id desc limit 1');
  return rows[0]?.version;
}

/** Settings of a server, with their units. */
export const settingsOf = (sql: Sql, names: readonly string[] = needNames): Promise<readonly SettingRow[]> =>
  sql.rows<SettingRow>('select name, setting, unit, context from pg_settings where name = any($1)', [names]);

/**
 * Looks at a database and its server.
 * @param whole false: only the server counts, and we are in some other database of it
 */
export async function conditionOf(sql: Sql, whole = true): Promise<Condition> {
  const settings = await settingsOf(sql, [...needNames, ...others]);
  const value = (name: (typeof others)[number]): string => settings.find((one) => one.name === name)?.setting ?? '';
  const [row] = await sql.rows<Row>(databaseQuery);
  if (row === undefined) throw new Error('a database without a row in pg_database');
  return {
    ...row,
    version: value('server_version').split(' ', 1)[0] ?? '',
    versionNumber: Number(value('server_version_num')),
    cluster: value('cluster_name'),
    settings,
    schema: whole ? await schemaVersion(sql) : undefined,
  };
}
