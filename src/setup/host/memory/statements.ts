import { DatabaseUnavailable } from '../../kit/errors.ts';
import type { Statement } from '../../kit/host.ts';
import { byName, type Cluster, type Database, emptyDatabase, type Row } from './cluster.ts';

type Rule = readonly [
  RegExp,
  (match: RegExpExecArray, on: { cluster: Cluster; database: Database; values: readonly unknown[] }) => readonly Row[],
];

const none: readonly Row[] = [];
const name = '"([^"]+)"';

/** Rows have no order of their own: two tables with the same rows are the same table. */
function setOption(database: Database, name: string, value: string): void {
  const entries = Object.entries({ ...database.options, [name]: value });
  database.options = Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function without(database: Database, table: 'clients' | 'providers', name: string): void {
  const { [name]: _, ...others } = database[table] ?? {};
  if (Object.keys(others).length > 0) database[table] = others;
  else Reflect.deleteProperty(database, table);
}

/** A foreign key as the catalogue tells of it; in memory all refer to `public.users`. */
const foreignKey = (path: string): Row => {
  const [schema, table, name] = path.split('.');
  const parent = { parentSchema: 'public', parentTable: 'users', parentColumns: ['user_id'] };
  return { name, schema, table, columns: ['user_id'], ...parent, rule: 'c', required: true, deferrable: false };
};

/** The statements of setup, each with what it does to the cluster. Whatever is not here is not understood, and says so. */
const rules: readonly Rule[] = [
  [
    /^select rolpassword from pg_authid/,
    (_m, { cluster, values: [role] }) => (String(role) in cluster.roles ? [{ rolpassword: cluster.roles[String(role)]?.verifier }] : none),
  ],
  [
    /^select datname as name from pg_database union/,
    (_m, { cluster }) => [...Object.keys(cluster.databases), ...Object.keys(cluster.roles), 'postgres'].map((name) => ({ name })),
  ],
  [
    /from pg_database where datname/,
    (_m, { cluster, values: [db] }) => (String(db) in cluster.databases ? [{ owner: cluster.databases[String(db)]?.owner }] : none),
  ],
  [/^select 1 from pg_settings/, () => [{}]],
  [/^select current_setting\('hba_file'\)/, () => [{ path: '/etc/postgresql/15/main/pg_hba.conf' }]],
  [/^select (?:pg_read_file|m\.rolname|rolname as name, rolsuper)/, () => none],
  [
    /^select has_database_privilege/,
    (_m, { cluster, values: [db] }) => {
      const found = cluster.databases[String(db)];
      if (found === undefined) throw new DatabaseUnavailable('no-database', `database ${String(db)} does not exist`);
      return [{ open: found.open }];
    },
  ],
  [
    /^select to_regclass\((?:\$1|'([^']+)')\)/,
    (m, { database, values: [table] }) => [
      { there: ((m[1] ?? String(table)).split('.')[0]?.replaceAll('"', '') as string) in database.schemas },
    ],
  ],
  [/^select version from "([^"]+)"\.schema_version/, (m, { database }) => [{ version: database.schemas[m[1] as string]?.version }]],
  [
    /^select option_name as name, option_value as value from vdc_options/,
    (_m, { database, values: [names] }) =>
      (names as readonly string[]).flatMap((name) => (name in database.options ? [{ name, value: database.options[name] }] : [])),
  ],
  [
    /from pg_tables where tableowner = current_user/,
    (_m, { database }) => Object.keys(database.schemas).map((schema) => ({ schema, name: 't' })),
  ],
  [/^select c\.conname[^]*contype = 'f'/, (_m, { database }) => Object.keys(database.violations ?? {}).map(foreignKey)],
  [/^select c\.conname[^]*not c\.convalidated/, () => none],
  [
    /^select count\(\*\)::int as rows from "(\w+)"\."(\w+)" c where/,
    (m, { database }) =>
      Object.entries(database.violations ?? {}).flatMap(([path, rows]) =>
        path.startsWith(`${m[1] ?? ''}.${m[2] ?? ''}.`) ? [{ rows }] : [],
      ),
  ],
  [
    /^begin;\s+create temporary table mended/,
    (_m, { database }) => {
      const mended = Object.entries(database.violations ?? {}).map(([name, rows]) => ({ name, rows }));
      delete database.violations;
      return mended;
    },
  ],
  [/^vacuum \(full, analyze\)/, () => none],
  [
    /^select password from aaa_jdbc\.users/,
    (_m, { database }) => (database.admin === undefined ? none : [{ password: database.admin.password }]),
  ],
  [/^select 1 from aaa_jdbc\.users a join public\.users/, (_m, { database }) => (database.admin?.attached === true ? [{}] : none)],

  [
    /^select client_secret as secret/,
    (_m, { database: { clients = {} }, values: [id] }) => (clients[String(id)] === undefined ? none : [{ ...clients[String(id)] }]),
  ],
  [
    /^insert into sso_clients/,
    (_m, { database, values: [id, secret, prefix, certificate, scope] }) => (
      (database.clients = byName({ ...database.clients, [String(id)]: { secret, prefix, certificate, scope, redirects: [] } })),
      none
    ),
  ],
  [/^delete from sso_client_redirects/, () => none],
  [
    /^insert into sso_client_redirects/,
    (_m, { database, values: [id, redirects] }) => (((database.clients?.[String(id)] as Row)['redirects'] = redirects), none),
  ],
  [/^delete from sso_clients/, (_m, { database, values: [id] }) => (without(database, 'clients', String(id)), none)],

  [
    /^select id::text as id, url, auth_url/,
    (_m, { database: { providers = {} }, values: [name] }) =>
      providers[String(name)] === undefined ? none : [{ ...providers[String(name)] }],
  ],
  [
    /^insert into providers/,
    (_m, { database, values: [id, name, url, authUser, authPassword, authUrl] }) => {
      const found = database.providers?.[String(name)];
      const fresh = { id: id ?? 'a-provider', url, authUrl, authUser, authPassword, clusters: found?.['clusters'] ?? [] };
      database.providers = byName({ ...database.providers, [String(name)]: fresh });
      return none;
    },
  ],
  [
    /^update providers set url/,
    (_m, { database, values: [name, url, authUrl] }) => (Object.assign(database.providers?.[String(name)] ?? {}, { url, authUrl }), none),
  ],
  [
    /^update cluster set default_network_provider_id/,
    (_m, { database, values: [name, clusters] }) => (
      Object.assign(database.providers?.[String(name)] ?? {}, { clusters: clusters ?? ['the-default-cluster'] }),
      none
    ),
  ],
  [/^delete from providers/, (_m, { database, values: [name] }) => (without(database, 'providers', String(name)), none)],

  [
    new RegExp(`^(create|alter) role ${name} .*password '([^']+)'$`),
    (m, { cluster }) => ((cluster.roles[m[2] as string] = { verifier: m[3] as string }), none),
  ],
  [new RegExp(`^drop role if exists ${name}`), (m, { cluster }) => (Reflect.deleteProperty(cluster.roles, m[1] as string), none)],
  [
    new RegExp(`^create database ${name} owner ${name} template template0`),
    (m, { cluster }) => ((cluster.databases[m[1] as string] = emptyDatabase(m[2] as string)), none),
  ],
  [
    // A copy belongs to whom it is said to, and is open to everybody, whatever the original was.
    new RegExp(`^create database ${name} template ${name} owner ${name}`),
    (m, { cluster }) => {
      cluster.databases[m[1] as string] = {
        ...structuredClone(cluster.databases[m[2] as string] as Database),
        owner: m[3] as string,
        open: true,
      };
      return none;
    },
  ],
  [
    new RegExp(`^alter database ${name} owner to ${name}`),
    (m, { cluster }) => (((cluster.databases[m[1] as string] as Database).owner = m[2] as string), none),
  ],
  [/^select pg_terminate_backend/, () => none],
  [new RegExp(`^drop database if exists ${name}`), (m, { cluster }) => (Reflect.deleteProperty(cluster.databases, m[1] as string), none)],
  [
    new RegExp(`^alter database ${name} rename to ${name}`),
    (m, { cluster }) => {
      cluster.databases[m[2] as string] = cluster.databases[m[1] as string] as Database;
      Reflect.deleteProperty(cluster.databases, m[1] as string);
      return none;
    },
  ],
  [
    new RegExp(`^revoke all on database ${name} from public`),
    (m, { cluster }) => (((cluster.databases[m[1] as string] as Database).open = false), none),
  ],
  [
    new RegExp(`^grant connect, temporary on database ${name}`),
    (m, { cluster }) => (((cluster.databases[m[1] as string] as Database).open = true), none),
  ],
  [/^drop schema if exists "?(\w+)"? cascade/, (m, { database }) => (Reflect.deleteProperty(database.schemas, m[1] as string), none)],
  [/^create schema public/, () => none],
  [/^update "([^"]+)"\.schema_version set current = false/, () => none],
  [
    /^insert into "([^"]+)"\.schema_version/,
    (m, { database, values: [version] }) => ((database.schemas[m[1] as string] = { version: String(version) }), none),
  ],
  [/^delete from vdc_options/, (_m, { database, values: [name] }) => (Reflect.deleteProperty(database.options, String(name)), none)],
  [/^insert into vdc_options/, (_m, { database, values: [name, value] }) => (setOption(database, String(name), String(value)), none)],
  [/^insert into aaa_jdbc\.users/, (_m, { database }) => ((database.admin ??= { password: '', attached: false }), none)],
  [/^insert into aaa_jdbc\.user_attributes/, () => none],
  [/^select attach_user_to_role/, (_m, { database }) => (((database.admin as { attached: boolean }).attached = true), none)],
  [
    /^update aaa_jdbc\.users set password = \$1/,
    (_m, { database, values: [hash] }) => (((database.admin as { password: string }).password = String(hash)), none),
  ],
  [/^delete from public\.users/, (_m, { database }) => (database.admin === undefined ? none : ((database.admin.attached = false), none))],
  [/^delete from aaa_jdbc\.users/, (_m, { database }) => (delete database.admin, none)],
  [
    /^update dwh_history_timekeeping set var_value = \$1 where var_name = \$2/,
    (_m, { database, values: [value, name] }) => {
      const { [String(name)]: _, ...others } = database.timekeeping ?? {};
      const all = value === '' ? others : { ...others, [String(name)]: String(value) };
      if (Object.keys(all).length > 0) database.timekeeping = all;
      else delete database.timekeeping;
      return none;
    },
  ],

  [/^select datname as name from pg_database$/, (_m, { cluster }) => Object.keys(cluster.databases).map((name) => ({ name }))],
  [
    /^select 'database' as kind/,
    (_m, { cluster }) => [
      ...Object.keys(cluster.databases).map((name) => ({ kind: 'database', name })),
      ...Object.keys(cluster.roles).map((name) => ({ kind: 'role', name })),
    ],
  ],
  [
    /^select rolname as name, rolpassword as verifier/,
    (_m, { cluster }) => Object.entries(cluster.roles).map(([name, { verifier }]) => ({ name, verifier })),
  ],
  // Only one thing of each schema shows in memory.
  [
    /^select n\.nspname as schema/,
    (_m, { database }) => Object.keys(database.schemas).map((schema) => ({ schema, name: 't', columns: ['a'] })),
  ],
  [/^with ours as/, () => none],
  [/^select format\('%I\.%I'/, () => none],
  [/^select count\(\*\)::text as rows/, () => [{ rows: '1' }]],
  [/^(?:set local|set constraints|reset role|truncate|analyze)/, () => none],

  // A migration begins with a comment, or makes something: what, is known by the version recorded in the same transaction.
  [/^--|\bcreate (table|view)\b/, () => none],
];

/**
 * Runs a statement of setup, and returns its rows.
 * @param on the cluster and the database of the session, which are changed
 * @throws DatabaseUnavailable where a real server has no such database; Error for a statement that setup has not had before
 */
export function runStatement(
  { text, values = [] }: Statement,
  on: { readonly cluster: Cluster; readonly database: Database | undefined },
): readonly Row[] {
  const rule = rules.find(([pattern]) => pattern.test(text));
  if (rule === undefined) throw new Error(`the server in memory does not understand: ${text}`);
  return rule[1](rule[0].exec(text) as RegExpExecArray, { cluster: on.cluster, database: on.database ?? emptyDatabase(''), values });
}
