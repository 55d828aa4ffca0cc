import { type HostReader, type Problem, type Step, type View, message, plugin } from '#kit';
import { ownDatabase } from '#steps';
import { engineHere } from '../engine/settings.ts';
import { isWholeHost } from '../environment/settings.ts';
import { takenPort } from '../network/settings.ts';
import { fixConfiguration, foreignSettings, foreignVersion, lacking, overrides, versions } from './condition.ts';
import { hostCluster, occupied, serverValues } from './host-cluster.ts';
import { hostServer } from './host-server.ts';
import { trialServer } from './trial-server.ts';
import {
  adminPassword,
  administration,
  engineDatabase,
  fields,
  isOurs,
  isUnclaimed,
  location,
  paths,
  port,
  present,
  programs,
  provisioning,
  serverUnit,
} from './settings.ts';

const engine = (view: View): readonly Step[] =>
  ownDatabase({
    admin: administration(view),
    own: engineDatabase(view),
    chapter: 'database.engine',
    ids: {
      role: 'database/engine-role',
      database: 'database/engine',
      privileges: 'database/engine-privileges',
      access: 'database/engine-access',
    },
    needs: ['database/start'],
    inside: ['database/initdb'],
    server: serverUnit(view),
    unclaimed: view.fact(present).name === undefined && isUnclaimed(view, engineDatabase(view).name),
  });

const foreignCluster = (host: HostReader): Problem => ({
  id: 'database-in-the-way',
  level: 'error',
  message: message`${host.files.real(paths.data)} holds a database cluster that setup has not made`,
  remedy: message`Bring back ${host.files.real(paths.adminPassword)} if the cluster is one of setup; otherwise move the cluster away.`,
});

export default plugin({
  name: 'database',
  facts: [present, programs, versions, lacking, overrides, hostCluster, occupied, serverValues],
  settings: [location, provisioning, ...fields.all, adminPassword, fixConfiguration],
  async preflight(view, reader) {
    if (!engineHere(view)) return [];
    if (!isOurs(view)) return foreignSettings(view);
    // The cluster of a whole host keeps the port that it has, or gets one that is free.
    if (isWholeHost(view)) return [];
    const problems: Problem[] = [];
    const { problem } = view.fact(programs);
    if (problem !== undefined) problems.push({ id: 'postgres-programs', level: 'error', ...problem });
    const { occupied, adminPassword: known } = view.fact(present);
    // Setup leaves the password of its own cluster beside it before it makes one.
    problems.push(...(occupied && known === undefined ? [foreignCluster(reader)] : foreignVersion(view)));
    const wanted = { id: 'database-port', port: view.get(port), purpose: 'PostgreSQL', key: port.key };
    const taken = await takenPort(reader, wanted, { unit: serverUnit(view), port: view.fact(present).port });
    if (taken !== undefined) problems.push(taken);
    return problems;
  },
  steps: (view) =>
    engineHere(view) && isOurs(view) ? [...(isWholeHost(view) ? hostServer(view) : trialServer(view)), ...engine(view)] : [],
});
