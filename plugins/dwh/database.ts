import { type DatabaseAddress, DatabaseUnavailable, type HostReader, SetupError, type Step, type View, message, nothing } from '#kit';
import { command, database, identifier, role, rows } from '#steps';
import { administration, unit as server } from '../database/settings.ts';
import { historyDatabase } from './settings.ts';

const inside = ['database/initdb'];

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
 * A server that has been running reads its access rules anew: the role of the history has to be let in now, and not only
 * when the server is restarted at the end.
 */
const letIn = (at: DatabaseAddress): Step =>
  command(
    {
      id: 'dwh/access',
      chapter: 'database.dwh',
      title: 'Letting the owner of the history into PostgreSQL',
      quiet: true,
      needs: ['database/access', 'dwh/database'],
    },
    {
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
    },
  );

/** Role and database of the history on the server of the engine's database. */
export function historyOnServer(view: View): readonly Step[] {
  const admin = administration(view);
  const own = historyDatabase(view);
  return [
    role(
      {
        id: 'dwh/role',
        chapter: 'database.dwh',
        title: message`Creating PostgreSQL role '${own.user}'`,
        quiet: true,
        needs: ['database/start'],
        inside,
      },
      { admin, name: own.user, password: own.password },
    ),
    database(
      {
        id: 'dwh/database',
        chapter: 'database.dwh',
        title: message`Creating PostgreSQL '${own.name}' database`,
        needs: ['dwh/role'],
        inside,
      },
      { admin, name: own.name, owner: own.user },
    ),
    rows(
      {
        id: 'dwh/privileges',
        chapter: 'database.dwh',
        title: 'Configuring PostgreSQL',
        needs: ['dwh/database'],
        inside: [...inside, 'dwh/database'],
      },
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
    letIn(own),
  ];
}
