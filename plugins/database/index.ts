import { type Problem, type View, plugin } from '#kit';
import { database, identifier, role, rows } from '#steps';
import { takenPort } from '../network/settings.ts';
import { server } from './server.ts';
import { adminPassword, administration, engineDatabase, host, name, password, port, present, programs, unit, user } from './settings.ts';

const inside = ['database/initdb'];

const engine = (view: View) => {
  const admin = administration(view);
  const own = engineDatabase(view);
  return [
    role(
      {
        id: 'database/engine-role',
        chapter: 'database.engine',
        title: `Creating PostgreSQL role '${own.user}'`,
        quiet: true,
        needs: ['database/start'],
        inside,
      },
      { admin, name: own.user, password: own.password },
    ),
    database(
      {
        id: 'database/engine',
        chapter: 'database.engine',
        title: `Creating PostgreSQL '${own.name}' database`,
        needs: ['database/engine-role'],
        inside,
      },
      { admin, name: own.name, owner: own.user },
    ),
    rows(
      {
        id: 'database/engine-privileges',
        chapter: 'database.engine',
        title: 'Configuring PostgreSQL',
        needs: ['database/engine'],
        inside: [...inside, 'database/engine'],
      },
      {
        at: admin,
        note: `only ${own.user} may connect to ${own.name}`,
        isRight: async (sql) =>
          (await sql.rows<{ open: boolean }>("select has_database_privilege('public', $1, 'connect') as open", [own.name]))[0]?.open ===
          false,
        statements: () => [{ text: `revoke all on database ${identifier(own.name)} from public` }],
        undo: () => [{ text: `grant connect, temporary on database ${identifier(own.name)} to public` }],
      },
    ),
  ];
};

export default plugin({
  name: 'database',
  facts: [present, programs],
  settings: [host, port, name, user, password, adminPassword],
  async preflight(view, reader) {
    const problems: Problem[] = [];
    const { problem } = view.fact(programs);
    if (problem !== undefined) problems.push({ id: 'postgres-programs', level: 'error', ...problem });
    const wanted = { id: 'database-port', port: view.get(port), purpose: 'PostgreSQL', key: port.key };
    const taken = await takenPort(reader, wanted, { unit, port: view.fact(present).port });
    if (taken !== undefined) problems.push(taken);
    return problems;
  },
  steps: (view) => [...server(view), ...engine(view)],
});
