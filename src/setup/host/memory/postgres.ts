import { serversOf } from '../../postgres/servers.ts';
import { DatabaseUnavailable } from '../../kit/errors.ts';
import { type DatabaseAddress, type Entry, type Statement, file, textOf } from '../../kit/host.ts';
import { message } from '../../kit/text.ts';
import { distributionOf } from './distributions.ts';
import { engineRows } from './engine-rows.ts';
import { type Machine, dataOf } from './machine.ts';
import { emptyAndOwned, lackingIn, settingRows } from './server-settings.ts';

type Row = Record<string, unknown>;

/** A server as far as setup asks it. It lives in a file of the cluster, so it moves, vanishes and comes back with it. */
interface Cluster {
  adminPassword: string;
  /** Of a server on another host the password is known. */
  roles: Record<string, { verifier: string; password?: string }>;
  databases: Record<string, Database>;
}
interface Database {
  owner: string;
  /** Whether everybody may connect. */
  open: boolean;
  schemas: Record<string, { version: string }>;
  options: Record<string, string>;
  admin?: { password: string; attached: boolean };
  /** What the engine and its data warehouse tell each other. */
  timekeeping?: Record<string, string>;
  /** Programs that single sign-on knows, by their ids. */
  clients?: Record<string, Row>;
  /** Providers that the engine knows, by their names, and whether the default cluster has networks of one. */
  providers?: Record<string, Row>;
  /** Rows that violate foreign keys: how many, by key, as `schema.table.constraint`. */
  violations?: Record<string, number>;
}

/** The server of another host, whose disk is a part of this one's so that it is copied and compared with it. */
export const clusterElsewhere = (host: string, port: number): string => `/net/${host}:${port}/cluster.json`;

/** Where the cluster is that a port leads to: one that runs beside the usual one has its own in its unit. */
function clusterAt(machine: Machine, port: number): { readonly path: string; readonly configuration: string | undefined } {
  const passing = [...machine.running.keys()]
    .map((unit) => textOf(machine.disk.get(`/etc/systemd/system/${unit}.service`)))
    .find((unit) => unit.includes(` -c port=${port} `));
  const data = / -D (\S+)/.exec(passing ?? '')?.[1]?.slice(machine.prefix.length);
  const unit = machine.prefix === '' ? distributionOf(machine).server.unit : 'postgresql';
  return {
    path: `${data ?? dataOf(machine)}/base/cluster.json`,
    configuration: passing === undefined ? machine.running.get(unit) : '',
  };
}

/** What initdb leaves behind, below a directory. */
export function initialize(machine: Machine, directory: string, adminPassword: string): void {
  const put = (name: string, text: string): void => void machine.disk.set(`${directory}/${name}`, file(text, 0o600));
  machine.disk.set(directory, { kind: 'directory', mode: 0o700 });
  machine.disk.set(`${directory}/base`, { kind: 'directory', mode: 0o700 });
  put('PG_VERSION', `${machine.postgresVersion}\n`);
  put('postgresql.conf', '# as initdb made it\n');
  put('pg_hba.conf', '# as initdb made it\n');
  put(
    'base/cluster.json',
    JSON.stringify({ adminPassword, roles: {}, databases: { postgres: { owner: 'postgres', open: true, schemas: {}, options: {} } } }),
  );
}

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

const emptyDatabase = (owner: string): Database => ({ owner, open: true, schemas: {}, options: {} });

/** By name, so that what was added in another order is written alike. */
const byName = <T extends object>(rows: T): T => Object.fromEntries(Object.entries(rows).sort(([a], [b]) => (a < b ? -1 : 1))) as T;

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

/** A table that no migration has made yet is refused, as a real server does. */
function needTables(
  text: string,
  database: Database | undefined,
  unavailable: (why: DatabaseUnavailable['why']) => DatabaseUnavailable,
): void {
  const asks = (schema: string, pattern: RegExp): boolean =>
    pattern.test(text) && !text.includes('to_regclass') && !/^--|create table/.test(text) && !(schema in (database?.schemas ?? {}));
  if (
    asks('public', /\b(vdc_options|public\.users|sso_clients|providers|dwh_history_timekeeping)\b/) ||
    asks('aaa_jdbc', /\baaa_jdbc\.(users|user_attributes)\b/)
  )
    throw unavailable('no-table');
}

/** A session on a server that somebody else runs: it tells its settings, and nothing else. */
function elsewhere(
  machine: Machine,
  at: DatabaseAddress,
  unavailable: (why: DatabaseUnavailable['why']) => DatabaseUnavailable,
): ReturnType<typeof connect> {
  const servers = serversOf(at);
  const there = machine.remoteDatabases.filter((remote) => servers.some(({ host, port }) => host === remote.host && port === remote.port));
  if (there.length === 0) throw unavailable('down');
  const own = there.filter(({ user, password }) => user === at.user && password === at.password);
  if (own.length === 0) throw unavailable('denied');
  const server = own.find(({ name }) => name === at.name);
  if (server === undefined) throw unavailable('no-database');
  return {
    run([statement]) {
      if (statement?.text.includes('to_regclass') === true) return [{ there: false }];
      if (statement?.text.includes('pg_encoding_to_char') === true) return [emptyAndOwned(at)];
      if (statement?.text.includes('from pg_settings') !== true) throw unavailable('no-table');
      return settingRows(server.settings);
    },
  };
}

/** By name: two clusters with the same databases are written alike, whatever has happened to them. */
const sorted = (databases: Cluster['databases']): Cluster['databases'] =>
  byName(
    Object.fromEntries(
      Object.entries(databases).map(([name, { clients, providers, ...rest }]) => [
        name,
        { ...rest, ...(clients === undefined ? {} : { clients }), ...(providers === undefined ? {} : { providers }) },
      ]),
    ),
  );

/** What stands in the table between the engine and its data warehouse. One on another host ends when it is asked to. */
function timekeeping(machine: Machine, database: Database | undefined): readonly Row[] {
  const { warehouse } = machine;
  if (warehouse !== undefined && database?.options['DisconnectDwh'] === '1') warehouse.running = false;
  const taken = warehouse !== undefined && warehouse.replaced !== true;
  const runs = taken ? warehouse.running === true : machine.running.has('ovirt-engine-dwhd');
  const other = taken ? { dwhUuid: warehouse.dwhUuid, dwhHostname: warehouse.dwhHostname } : {};
  const all = { DwhCurrentlyRunning: runs ? '1' : '0', ...database?.timekeeping, ...other };
  return Object.entries(all).map(([name, value]) => ({ name, value }));
}

const parsed = (entry: Entry | undefined): Cluster => JSON.parse(textOf(entry)) as Cluster;

const clusters = new WeakMap<Entry, Cluster>();
/** The cluster that is written in a file, to look at: it is read once for all who do. */
function clusterIn(entry: Entry | undefined): Cluster {
  const cluster = (entry && clusters.get(entry)) ?? parsed(entry);
  if (entry !== undefined) clusters.set(entry, cluster);
  return cluster;
}

/** Copies what is in a database into another one, which keeps its owner; a table at a time is no less than all of it here. */
export function carry(machine: Machine, from: DatabaseAddress, into: Machine, to: DatabaseAddress): void {
  const { path } = clusterAt(into, to.port);
  const cluster = parsed(into.disk.get(path));
  const source = structuredClone(clusterIn(machine.disk.get(clusterAt(machine, from.port).path)).databases[from.name]);
  const { owner = '', open = true } = cluster.databases[to.name] ?? {};
  cluster.databases[to.name] = { ...(source ?? emptyDatabase('')), owner, open };
  into.disk.set(path, file(JSON.stringify({ ...cluster, databases: sorted(cluster.databases) }), 0o600));
}

/** A session on the server of a machine. Throws DatabaseUnavailable where a real one could not be opened. */
export function connect(machine: Machine, at: DatabaseAddress): { run(statements: readonly Statement[]): readonly Row[] } {
  const unavailable = (why: DatabaseUnavailable['why']): DatabaseUnavailable =>
    new DatabaseUnavailable(why, message`${at.name} at port ${at.port}: ${why}`);
  // The kernel vouches for whoever comes through the socket.
  const vouched = at.host.startsWith('/');
  const away = at.host !== 'localhost' && !vouched;
  const there = clusterElsewhere(at.host, at.port);
  if (away && !machine.disk.has(there)) return elsewhere(machine, at, unavailable);
  const { path, configuration } = away ? { path: there, configuration: '' } : clusterAt(machine, at.port);
  const entry = machine.disk.get(path);
  if (configuration === undefined || entry === undefined) throw unavailable('down');
  const read = (): Cluster => clusterIn(machine.disk.get(path));
  const cluster = read();
  const role = cluster.roles[at.user];
  const known =
    at.user === 'postgres' ? at.password === cluster.adminPassword : role !== undefined && (role.password ?? at.password) === at.password;
  if (!vouched && !known) throw unavailable('denied');
  if (!(at.name in cluster.databases)) throw unavailable('no-database');
  return {
    run(statements) {
      if (statements[0]?.text.startsWith('select name, setting, unit') === true)
        return settingRows(away ? {} : { ...lackingIn(machine, configuration), ...machine.changedSettings });
      if (away && statements[0]?.text.includes('pg_encoding_to_char') === true)
        return [{ ...emptyAndOwned(at), objects: Object.keys(cluster.databases[at.name]?.schemas ?? {}).length }];
      if (statements[0]?.text.includes("var_name = 'heartBeat'") === true) return [{ seconds: 3 }];
      const told = engineRows(machine, statements);
      if (told !== undefined) return told;
      if (statements[0]?.text.includes('from dwh_history_timekeeping') === true) {
        if (machine.warehouse === undefined && read().databases[at.name]?.schemas['public'] === undefined) throw unavailable('no-table');
        return timekeeping(machine, read().databases[at.name]);
      }
      // Setup has given the engine to a data warehouse of its own.
      if (machine.warehouse !== undefined && statements.some(({ text }) => text.startsWith('update dwh_history_timekeeping')))
        machine.warehouse.replaced = true;
      // One transaction: the cluster is written back only if all statements were understood.
      const changes = statements.some(({ text }) => !/^select (?!attach_user_to_role)/.test(text));
      const changed = changes ? parsed(machine.disk.get(path)) : read();
      let rows: readonly Row[] = none;
      for (const { text, values = [] } of statements) {
        const rule = rules.find(([pattern]) => pattern.test(text));
        if (rule === undefined) throw new Error(`the server in memory does not understand: ${text}`);
        needTables(text, changed.databases[at.name], unavailable);
        rows = rule[1](rule[0].exec(text) as RegExpExecArray, {
          cluster: changed,
          database: changed.databases[at.name] ?? emptyDatabase(''),
          values,
        });
      }
      if (changes) machine.disk.set(path, file(JSON.stringify({ ...changed, databases: sorted(changed.databases) }), 0o600));
      return rows;
    },
  };
}
