import { DatabaseUnavailable } from '../../kit/errors.ts';
import { type DatabaseAddress, type Statement, file, textOf } from '../../kit/host.ts';
import { message } from '../../kit/text.ts';
import { type Machine, data } from './machine.ts';

/** A server as far as setup asks it. It lives in a file of the cluster, so it moves, vanishes and comes back with it. */
interface Cluster {
  adminPassword: string;
  roles: Record<string, { verifier: string }>;
  databases: Record<string, Database>;
}
interface Database {
  owner: string;
  /** Whether everybody may connect. */
  open: boolean;
  schemas: Record<string, { version: string }>;
  options: Record<string, string>;
  admin?: { password: string; attached: boolean };
}

const path = `${data}/base/cluster.json`;

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

type Row = Record<string, unknown>;
type Rule = readonly [
  RegExp,
  (match: RegExpExecArray, on: { cluster: Cluster; database: Database; values: readonly unknown[] }) => readonly Row[],
];

const none: readonly Row[] = [];
const name = '"([^"]+)"';
const emptyDatabase = (owner: string): Database => ({ owner, open: true, schemas: {}, options: {} });

/** The statements of setup, each with what it does to the cluster. Whatever is not here is not understood, and says so. */
const rules: readonly Rule[] = [
  [
    /^select rolpassword from pg_authid/,
    (_m, { cluster, values: [role] }) => (String(role) in cluster.roles ? [{ rolpassword: cluster.roles[String(role)]?.verifier }] : none),
  ],
  [
    /from pg_database where datname/,
    (_m, { cluster, values: [db] }) => (String(db) in cluster.databases ? [{ owner: cluster.databases[String(db)]?.owner }] : none),
  ],
  [/^select 1 from pg_settings/, () => [{}]],
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
  [/^vacuum \(full, analyze\)/, () => none],
  [
    /^select password from aaa_jdbc\.users/,
    (_m, { database }) => (database.admin === undefined ? none : [{ password: database.admin.password }]),
  ],
  [/^select 1 from aaa_jdbc\.users a join public\.users/, (_m, { database }) => (database.admin?.attached === true ? [{}] : none)],

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
  [/^insert into vdc_options/, (_m, { database, values: [name, value] }) => ((database.options[String(name)] = String(value)), none)],
  [/^insert into aaa_jdbc\.users/, (_m, { database }) => ((database.admin ??= { password: '', attached: false }), none)],
  [/^insert into aaa_jdbc\.user_attributes/, () => none],
  [/^select attach_user_to_role/, (_m, { database }) => (((database.admin as { attached: boolean }).attached = true), none)],
  [
    /^update aaa_jdbc\.users set password = \$1/,
    (_m, { database, values: [hash] }) => (((database.admin as { password: string }).password = String(hash)), none),
  ],
  [/^delete from public\.users/, (_m, { database }) => (database.admin === undefined ? none : ((database.admin.attached = false), none))],
  [/^delete from aaa_jdbc\.users/, (_m, { database }) => (delete database.admin, none)],
  // A migration: what it makes is known by the version that is recorded in the same transaction.
  [/\bcreate table\b/, () => none],
];

/** A table that no migration has made yet is refused, as a real server does. */
function needTables(
  text: string,
  database: Database | undefined,
  unavailable: (why: DatabaseUnavailable['why']) => DatabaseUnavailable,
): void {
  const asks = (schema: string, pattern: RegExp): boolean =>
    pattern.test(text) && !text.includes('to_regclass') && !text.includes('create table') && !(schema in (database?.schemas ?? {}));
  if (asks('public', /\b(vdc_options|public\.users)\b/) || asks('aaa_jdbc', /\baaa_jdbc\.(users|user_attributes)\b/))
    throw unavailable('no-table');
}

/** What an engine needs of a server: a good one says exactly this. */
const suitable: Readonly<Record<string, string>> = {
  server_encoding: 'UTF8',
  max_connections: '150',
  autovacuum_vacuum_scale_factor: '0.01',
  autovacuum_analyze_scale_factor: '0.075',
  autovacuum_max_workers: '6',
  maintenance_work_mem: '65536',
  work_mem: '8192',
};

/** What pg_settings tells of a server, of which somebody has changed some. */
const settingRows = (changed: Readonly<Record<string, string>>): readonly Row[] =>
  Object.entries({ ...suitable, ...changed }).map(([name, setting]) => ({ name, setting, unit: name.endsWith('_mem') ? 'kB' : null }));

/** A session on a server that somebody else runs: it tells its settings, and nothing else. */
function elsewhere(
  machine: Machine,
  at: DatabaseAddress,
  unavailable: (why: DatabaseUnavailable['why']) => DatabaseUnavailable,
): ReturnType<typeof connect> {
  const server = machine.remoteDatabases.find(({ host, port }) => host === at.host && port === at.port);
  if (server === undefined) throw unavailable('down');
  if (server.user !== at.user || server.password !== at.password) throw unavailable('denied');
  if (server.name !== at.name) throw unavailable('no-database');
  return {
    run([statement]) {
      if (statement?.text.includes('to_regclass') === true) return [{ there: false }];
      if (statement?.text.includes('from pg_settings') !== true) throw unavailable('no-table');
      return settingRows(server.settings);
    },
  };
}

/** A session on the server of a machine. Throws DatabaseUnavailable where a real one could not be opened. */
export function connect(machine: Machine, at: DatabaseAddress): { run(statements: readonly Statement[]): readonly Row[] } {
  const unavailable = (why: DatabaseUnavailable['why']): DatabaseUnavailable =>
    new DatabaseUnavailable(why, message`${at.name} at port ${at.port}: ${why}`);
  if (at.host !== 'localhost') return elsewhere(machine, at, unavailable);
  const entry = machine.disk.get(path);
  if (!machine.running.has('postgresql') || entry === undefined) throw unavailable('down');
  const read = (): Cluster => JSON.parse(textOf(machine.disk.get(path))) as Cluster;
  const cluster = read();
  if (at.user === 'postgres' ? at.password !== cluster.adminPassword : !(at.user in cluster.roles)) throw unavailable('denied');
  if (!(at.name in cluster.databases)) throw unavailable('no-database');
  return {
    run(statements) {
      if (statements[0]?.text.startsWith('select name, setting, unit from pg_settings') === true)
        return settingRows(machine.changedSettings);
      if (statements[0]?.text.includes('from dwh_history_timekeeping') === true) {
        if (machine.warehouse === undefined) throw unavailable('no-table');
        return Object.entries(machine.warehouse).map(([name, value]) => ({ name, value }));
      }
      // One transaction: the cluster is written back only if all statements were understood.
      const changed = read();
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
      machine.disk.set(path, file(JSON.stringify(changed), 0o600));
      return rows;
    },
  };
}
