import { type DatabaseAddress, DatabaseUnavailable, type Heading, type HostReader, SetupError, type Step, message, nothing } from '#kit';
import { command } from './command.ts';
import { database, identifier, role, rows } from './sql.ts';

export interface WantedOwnDatabase {
  /** Administrator's access to the server. */
  readonly admin: DatabaseAddress;
  /** The database, with the role that owns it and its password. */
  readonly own: DatabaseAddress;
  readonly chapter: Heading['chapter'];
  readonly ids: { readonly role: string; readonly database: string; readonly privileges: string; readonly access: string };
  /** Steps that the server runs after. */
  readonly needs: readonly string[];
  /** Steps that make what all of it lies in: with that it goes away. */
  readonly inside: readonly string[];
  /** The unit of the server. */
  readonly server: string;
  /** What is there already under these names is somebody else's. */
  readonly unclaimed?: boolean;
}

async function mayConnect(host: HostReader, at: DatabaseAddress): Promise<boolean> {
  try {
    await host.database.look(at, (sql) => sql.rows('select 1 from pg_settings limit 1'));
    return true;
  } catch (error) {
    if (error instanceof DatabaseUnavailable) return false;
    throw error;
  }
}

/**
 * A server that has been running reads its access rules anew: the owner has to be let in now, and not only when the server is
 * restarted at the end.
 */
const letIn = (heading: Heading, at: DatabaseAddress, server: string): Step =>
  command(heading, {
    look: async (host) => ((await mayConnect(host, at)) ? nothing : { kind: 'run', note: message`${at.user}` }),
    async run(host) {
      await host.services.reload(server);
      for (let tries = 0; !(await mayConnect(host, at)); tries++) {
        if (tries === 100) throw new SetupError('failed', message`PostgreSQL does not let ${at.user} into ${at.name}`);
        await host.sleep(50);
      }
    },
    // The rules are taken back with their file, and the server restarted then.
    undo: 'restore-files',
  });

/** A database for a role of its own: the role, the database, and nobody else who may connect to it. */
export function ownDatabase({ admin, own, chapter, ids, needs, inside, server, unclaimed = false }: WantedOwnDatabase): readonly Step[] {
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
      { admin, name: own.user, password: own.password, unclaimed },
    ),
    database(
      { id: ids.database, chapter, title: message`Creating PostgreSQL '${own.name}' database`, needs: [ids.role], inside },
      { admin, name: own.name, owner: own.user, unclaimed },
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
    letIn(
      {
        id: ids.access,
        chapter,
        title: message`Letting ${own.user} into PostgreSQL`,
        quiet: true,
        needs: ['database/access', ids.database],
        inside: [...inside, ids.database],
      },
      own,
      server,
    ),
  ];
}
