import { type HostReader, type Problem, type View, message, plugin } from '#kit';
import { database, identifier, role, rows } from '#steps';
import { engineHere } from '../engine/settings.ts';
import { takenPort } from '../network/settings.ts';
import { fixConfiguration, foreignSettings, foreignVersion, lacking, overrides, versions } from './condition.ts';
import { server } from './server.ts';
import {
  adminPassword,
  administration,
  engineDatabase,
  fields,
  isOurs,
  location,
  paths,
  port,
  present,
  programs,
  provisioning,
  unit,
} from './settings.ts';

const inside = ['database/initdb'];

const engine = (view: View) => {
  const admin = administration(view);
  const own = engineDatabase(view);
  return [
    role(
      {
        id: 'database/engine-role',
        chapter: 'database.engine',
        title: message`Creating PostgreSQL role '${own.user}'`,
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
        title: message`Creating PostgreSQL '${own.name}' database`,
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
        note: message`only ${own.user} may connect to ${own.name}`,
        isRight: async (sql) =>
          (await sql.rows<{ open: boolean }>("select has_database_privilege('public', $1, 'connect') as open", [own.name]))[0]?.open ===
          false,
        statements: () => [{ text: `revoke all on database ${identifier(own.name)} from public` }],
        undo: () => [{ text: `grant connect, temporary on database ${identifier(own.name)} to public` }],
      },
    ),
  ];
};

const foreignCluster = (host: HostReader): Problem => ({
  id: 'database-in-the-way',
  level: 'error',
  message: message`${host.files.real(paths.data)} holds a database cluster that setup has not made`,
  remedy: message`Bring back ${host.files.real(paths.adminPassword)} if the cluster is one of setup; otherwise move the cluster away.`,
});

export default plugin({
  name: 'database',
  facts: [present, programs, versions, lacking, overrides],
  settings: [location, provisioning, ...fields.all, adminPassword, fixConfiguration],
  async preflight(view, reader) {
    if (!engineHere(view)) return [];
    if (!isOurs(view)) return foreignSettings(view);
    const problems: Problem[] = [];
    const { problem } = view.fact(programs);
    if (problem !== undefined) problems.push({ id: 'postgres-programs', level: 'error', ...problem });
    const { occupied, adminPassword: known } = view.fact(present);
    // Setup leaves the password of its own cluster beside it before it makes one.
    problems.push(...(occupied && known === undefined ? [foreignCluster(reader)] : foreignVersion(view)));
    const wanted = { id: 'database-port', port: view.get(port), purpose: 'PostgreSQL', key: port.key };
    const taken = await takenPort(reader, wanted, { unit, port: view.fact(present).port });
    if (taken !== undefined) problems.push(taken);
    return problems;
  },
  steps: (view) => (engineHere(view) && isOurs(view) ? [...server(view), ...engine(view)] : []),
});
