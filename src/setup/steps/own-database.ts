import { type DatabaseAddress, type Heading, type Step, message } from '#kit';
import { database, identifier, role, rows } from './sql.ts';

export interface WantedOwnDatabase {
  /** Administrator's access to the server. */
  readonly admin: DatabaseAddress;
  /** The database, with the role that owns it and its password. */
  readonly own: DatabaseAddress;
  readonly chapter: Heading['chapter'];
  readonly ids: { readonly role: string; readonly database: string; readonly privileges: string };
  /** Steps that the server runs after. */
  readonly needs: readonly string[];
  /** Steps that make what all of it lies in: with that it goes away. */
  readonly inside: readonly string[];
}

/** A database for a role of its own: the role, the database, and nobody else who may connect to it. */
export function ownDatabase({ admin, own, chapter, ids, needs, inside }: WantedOwnDatabase): readonly Step[] {
  return [
    role(
      {
        id: ids.role,
        chapter,
        title: message`Creating PostgreSQL role '${own.user}'`,
        quiet: true,
        needs,
        inside,
      },
      { admin, name: own.user, password: own.password },
    ),
    database(
      { id: ids.database, chapter, title: message`Creating PostgreSQL '${own.name}' database`, needs: [ids.role], inside },
      { admin, name: own.name, owner: own.user },
    ),
    rows(
      { id: ids.privileges, chapter, title: 'Configuring PostgreSQL', needs: [ids.database], inside: [...inside, ids.database] },
      {
        at: admin,
        note: message`only ${own.user} may connect to ${own.name}`,
        isRight: async (sql) =>
          (await sql.rows<{ open: boolean }>("select has_database_privilege('public', $1, 'connect') as open", [own.name]))[0]?.open ===
          false,
        statements: () => [{ text: `revoke all on database ${identifier(own.name)} from public` }],
        undo: () => [{ text: `grant connect, temporary on database ${identifier(own.name)} to public` }],
      },
    ),
  ];
}
