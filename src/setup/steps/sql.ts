import {
  type Change,
  type DatabaseAddress,
  DatabaseUnavailable,
  type Heading,
  type HostReader,
  type Json,
  SetupError,
  type Sql,
  type Statement,
  type Step,
  type Text,
  nothing,
  message,
  term,
} from '#kit';
import { matchesScram, scramVerifier } from '../pki/scram.ts';

/** A name as SQL identifier. */
export const identifier = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** A text as SQL literal, for the statements that take no parameters (CREATE ROLE, CREATE DATABASE). */
export const literal = (value: string): string => `'${value.replaceAll("'", "''")}'`;

/** A role that may log in and nothing more. The verifier of its password is all that is ever sent of it; null: it has none. */
export const createRole = (name: string, verifier: string | null, exists = false): string =>
  `${exists ? 'alter' : 'create'} role ${identifier(name)} with login nosuperuser nocreatedb nocreaterole password ${verifier === null ? 'null' : literal(verifier)}`;

/** A database with its own encoding and collation, whatever the locale of the system. */
export const createDatabase = (name: string, owner: string): string =>
  `create database ${identifier(name)} owner ${identifier(owner)} template template0 encoding 'UTF8' lc_collate 'C' lc_ctype 'C'`;

/** Looks into a database that may not be there yet: a check must be able to answer before the server is installed. */
export async function lookOr<R>(host: HostReader, at: DatabaseAddress, otherwise: R, work: (sql: Sql) => Promise<R>): Promise<R> {
  try {
    return await host.database.look(at, work);
  } catch (error) {
    if (error instanceof DatabaseUnavailable) return otherwise;
    throw error;
  }
}

export interface WantedRole {
  /** Administrator's access to the server. */
  readonly admin: DatabaseAddress;
  readonly name: string;
  readonly password: string;
  /** A role of this name that is there already is somebody else's, and stays as it is. */
  readonly unclaimed?: boolean;
}

const foreign = (what: Text): SetupError =>
  new SetupError('failed', message`${term(what)} is on this server already, and setup has not made it`, {
    remedy: 'Run setup again while the server runs: then it can see which names are free.',
  });

/**
 * A role that may log in with a password and nothing more. Only the SCRAM verifier is ever sent, never the password.
 * The verifier of a former password is a secret too, so it is not kept: undo can only say that the password is the new one.
 */
export function role(heading: Heading, { admin, name, password, unclaimed = false }: WantedRole): Step {
  const find = (sql: Sql): Promise<readonly { rolpassword: string | null }[]> =>
    sql.rows('select rolpassword from pg_authid where rolname = $1', [name]);
  return {
    ...heading,
    undo: {
      async run(host, kept) {
        if (kept === 'absent') await host.database.change(admin, (sql) => sql.rows(`drop role if exists ${identifier(name)}`));
        else if (await host.database.look(admin, async (sql) => matchesScram((await find(sql))[0]?.rolpassword, password, host.crypto)))
          throw new SetupError('failed', message`the former password of role ${name} is not kept anywhere`);
      },
    },
    check: (host) =>
      lookOr<Change>(host, admin, { kind: 'create', note: name }, async (sql) => {
        const [found] = await find(sql);
        if (found === undefined) return { kind: 'create', note: name };
        return (await matchesScram(found.rolpassword, password, host.crypto))
          ? nothing
          : { kind: 'update', note: message`${name}: another password` };
      }),
    prepare: (host) =>
      host.database.look(admin, async (sql) => {
        if ((await find(sql)).length === 0) return 'absent';
        if (unclaimed) throw foreign(message`The role ${name}`);
        return 'present';
      }),
    async apply(host) {
      const verifier = await scramVerifier(password, host.crypto.random(16), host.crypto);
      await host.database.change(admin, async (sql) => {
        await sql.rows(createRole(name, verifier, (await find(sql)).length > 0));
      });
    },
  };
}

export interface WantedDatabase {
  readonly admin: DatabaseAddress;
  readonly name: string;
  readonly owner: string;
  /** A database of this name that is there already is somebody else's, and stays as it is. */
  readonly unclaimed?: boolean;
}

/** A database with its own encoding and collation, whatever the locale of the system, and with its owner. */
export function database(heading: Heading, { admin, name, owner, unclaimed = false }: WantedDatabase): Step {
  const ownerOf = async (sql: Sql): Promise<string | undefined> =>
    (await sql.rows<{ owner: string }>('select pg_get_userbyid(datdba) as owner from pg_database where datname = $1', [name]))[0]?.owner;
  const giveTo = (whom: string): string => `alter database ${identifier(name)} owner to ${identifier(whom)}`;
  return {
    ...heading,
    undo: {
      async run(host, kept) {
        const statement = typeof kept === 'string' ? giveTo(kept) : `drop database if exists ${identifier(name)} with (force)`;
        await host.database.change(admin, (sql) => sql.rows(statement));
      },
    },
    check: (host) =>
      lookOr<Change>(host, admin, { kind: 'create', note: name }, async (sql) => {
        const found = await ownerOf(sql);
        if (found === undefined) return { kind: 'create', note: name };
        return found === owner ? nothing : { kind: 'update', note: message`${name}: owner ${found} -> ${owner}` };
      }),
    // The former owner; null: there was no such database.
    prepare: (host) =>
      host.database.look(admin, async (sql) => {
        const former = await ownerOf(sql);
        if (former !== undefined && unclaimed) throw foreign(message`The database ${name}`);
        return former ?? null;
      }),
    async apply(host) {
      await host.database.change(admin, async (sql) => {
        await sql.rows((await ownerOf(sql)) === undefined ? createDatabase(name, owner) : giveTo(owner));
      });
    },
  };
}

export interface WantedRows {
  readonly at: DatabaseAddress;
  /** What the plan calls it. */
  readonly note: Text;
  /** Whether the rows are as wanted. */
  readonly isRight: (sql: Sql) => Promise<boolean>;
  /** Makes them so, in one transaction. */
  readonly statements: (host: HostReader) => readonly Statement[] | Promise<readonly Statement[]>;
  /** How the rows were, for `undo`. Never a secret. */
  readonly keep?: (sql: Sql) => Promise<Json>;
  /** Puts them back, in one transaction. */
  readonly undo: (kept: Json) => readonly Statement[];
}

/** Rows that must be there, with the looking query that says whether they are. */
export function rows(heading: Heading, wanted: WantedRows): Step {
  const { at, note, isRight, keep } = wanted;
  return {
    ...heading,
    undo: { run: (host, kept) => host.database.change(at, (sql) => sql.atomically(wanted.undo(kept))) },
    check: (host) =>
      lookOr<Change>(host, at, { kind: 'create', note }, async (sql) => ((await isRight(sql)) ? nothing : { kind: 'update', note })),
    ...(keep === undefined ? {} : { prepare: (host) => host.database.look(at, keep) }),
    async apply(host) {
      const statements = await wanted.statements(host);
      await host.database.change(at, (sql) => sql.atomically(statements));
    },
  };
}
