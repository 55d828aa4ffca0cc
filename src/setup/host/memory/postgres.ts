import { serversOf } from '../../postgres/servers.ts';
import { DatabaseUnavailable } from '../../kit/errors.ts';
import type { DatabaseAddress, Statement } from '../../kit/host.ts';
import { message } from '../../kit/text.ts';
import {
  type Cluster,
  clusterAt,
  clusterElsewhere,
  clusterIn,
  clusterToChange,
  type Database,
  emptyDatabase,
  type Row,
  writeCluster,
} from './cluster.ts';
import { engineRows } from './engine-rows.ts';
import type { Machine } from './machine.ts';
import { emptyAndOwned, lackingIn, settingRows } from './server-settings.ts';
import { runStatement } from './statements.ts';

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

/** Copies what is in a database into another one, which keeps its owner; a table at a time is no less than all of it here. */
export function carry(machine: Machine, from: DatabaseAddress, into: Machine, to: DatabaseAddress): void {
  const { path } = clusterAt(into, to.port);
  const cluster = clusterToChange(into, path);
  const source = structuredClone(clusterIn(machine.disk.get(clusterAt(machine, from.port).path)).databases[from.name]);
  const { owner = '', open = true } = cluster.databases[to.name] ?? {};
  cluster.databases[to.name] = { ...(source ?? emptyDatabase('')), owner, open };
  writeCluster(into, path, cluster);
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
      const changed = changes ? clusterToChange(machine, path) : read();
      let rows: readonly Row[] = [];
      for (const statement of statements) {
        needTables(statement.text, changed.databases[at.name], unavailable);
        rows = runStatement(statement, { cluster: changed, database: changed.databases[at.name] });
      }
      if (changes) writeCluster(machine, path, changed);
      return rows;
    },
  };
}
