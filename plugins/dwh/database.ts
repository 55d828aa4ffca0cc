import { type DatabaseAddress, DatabaseUnavailable, type HostReader, SetupError, type Step, type View, message, nothing } from '#kit';
import { command, ownDatabase } from '#steps';
import { administration, unit as server } from '../database/settings.ts';
import { historyDatabase } from './settings.ts';

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
  const own = historyDatabase(view);
  const chapter = 'database.dwh';
  const ids = { role: 'dwh/role', database: 'dwh/database', privileges: 'dwh/privileges' };
  const steps = ownDatabase({ admin: administration(view), own, chapter, ids, needs: ['database/start'], inside: ['database/initdb'] });
  return [...steps, letIn(own)];
}
