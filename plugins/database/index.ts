import { type HostReader, type Problem, type Step, type View, message, plugin } from '#kit';
import { ownDatabase } from '#steps';
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

const engine = (view: View): readonly Step[] =>
  ownDatabase({
    admin: administration(view),
    own: engineDatabase(view),
    chapter: 'database.engine',
    ids: { role: 'database/engine-role', database: 'database/engine', privileges: 'database/engine-privileges' },
    needs: ['database/start'],
    inside: ['database/initdb'],
  });

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
