import type { DatabaseAddress, Host, HostReader, Sql } from '#kit';
import { identifier } from './sql.ts';

/** A copy of a whole database on the same server. */
export interface SafetyCopy {
  readonly name: string;
  /** Makes it. One of an earlier run, which must not be put back by this one, goes first. Nobody else may be connected meanwhile. */
  make(host: Host): Promise<void>;
  exists(host: HostReader): Promise<boolean>;
  /** Gives it the place of the database, with the owner and the access rights that the database has. */
  putBack(host: Host): Promise<void>;
  drop(host: Host): Promise<void>;
  /** Clears away what putting it back leaves if it is cut off. */
  tidy(host: Host): Promise<void>;
}

const copyName = (database: string, reason: string): string => `${database}_before_${reason}`;
const failedName = (database: string): string => `${database}_failed`;

/** Names of everything that copies of a database for these reasons may have left on its server, where a run was cut off. */
export const leftByCopies = (database: string, reasons: readonly string[]): readonly string[] => [
  ...reasons.map((reason) => copyName(database, reason)),
  failedName(database),
];

/**
 * @param on.at the database, as its owner
 * @param on.admin the same server as its administrator
 * @param on.reason last part of its name: two copies for different reasons can stand side by side
 */
export function safetyCopy(on: { readonly at: DatabaseAddress; readonly admin: DatabaseAddress; readonly reason: string }): SafetyCopy {
  const { at, admin, reason } = on;
  const name = copyName(at.name, reason);
  const failed = failedName(at.name);
  const drop = async (host: Host, database: string): Promise<void> => {
    await host.database.change(admin, (sql) => sql.rows(`drop database if exists ${identifier(database)} with (force)`));
  };
  const isThere = async (sql: Sql): Promise<boolean> => (await sql.rows('select 1 from pg_database where datname = $1', [name])).length > 0;
  return {
    name,
    exists: (host) => host.database.look(admin, isThere),
    drop: (host) => drop(host, name),
    tidy: (host) => drop(host, failed),
    async make(host) {
      await drop(host, name);
      const statement = `create database ${identifier(name)} template ${identifier(at.name)} owner ${identifier(at.user)}`;
      await host.database.change(admin, (sql) => sql.rows(statement));
    },
    // Names can be changed in a transaction, so that there is a database of the name at every moment.
    async putBack(host) {
      await drop(host, failed);
      await host.database.change(admin, async (sql) => {
        const [access] = await sql.rows<{ open: boolean }>("select has_database_privilege('public', $1, 'connect') as open", [at.name]);
        await sql.rows('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1 and pid <> pg_backend_pid()', [at.name]);
        await sql.atomically([
          { text: `alter database ${identifier(at.name)} rename to ${identifier(failed)}` },
          { text: `alter database ${identifier(name)} rename to ${identifier(at.name)}` },
          // A copy has its owner, but not its access rights.
          ...(access?.open === false ? [{ text: `revoke all on database ${identifier(at.name)} from public` }] : []),
        ]);
      });
      await drop(host, failed);
    },
  };
}
