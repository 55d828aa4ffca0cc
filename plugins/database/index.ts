import { type HostReader, type Problem, type Step, type Summary, type View, message, plugin } from '#kit';
import { ownDatabase } from '#steps';
import { serverHere } from '../dwh/settings.ts';
import { engineHere } from '../engine/settings.ts';
import { isWholeHost, realRoot } from '../environment/settings.ts';
import { takenPort } from '../network/settings.ts';
import { accessRules, openAccess } from './access-rules.ts';
import { fixConfiguration, foreignSettings, lacking, oldServer, overrides, serverVersion } from './condition.ts';
import { hostCluster, occupied, serverValues } from './host-cluster.ts';
import { strayData } from './host-create.ts';
import { hostServer, ownedHere } from './host-server.ts';
import { network, overruled } from './network.ts';
import { trialServer } from './trial-server.ts';
import { cleanOld, upgradeServer, versionProblems } from './upgrade.ts';
import {
  adminPassword,
  administration,
  authority,
  clients,
  engineDatabase,
  fields,
  isOurs,
  isUnclaimed,
  location,
  otherVersion,
  paths,
  port,
  present,
  programs,
  provisioning,
  serverUnit,
  warehouseElsewhere,
  whole,
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

/** How the engine's database and the history are called. */
const usually = { engine: { title: 'Engine', usual: 'engine' }, history: { title: 'DWH', usual: 'ovirt_engine_history' } } as const;

const foreignCluster = (host: HostReader): Problem => ({
  id: 'database-in-the-way',
  level: 'error',
  message: message`${host.files.real(paths.data)} holds a database cluster that setup has not made`,
  remedy: message`Bring back ${host.files.real(paths.adminPassword)} if the cluster is one of setup; otherwise move the cluster away.`,
});

/** Names that are not the usual ones, because the server had something of that name; nobody could guess them. */
function unusualNames(view: View): readonly Summary[] {
  const all = ownedHere(view).map((one, at) => ({ ...one, ...(isOurs(view) && at === 0 ? usually.engine : usually.history) }));
  const lines = all
    .filter(({ usual, name, user }) => name !== usual || user !== usual)
    .flatMap(({ title, name, user }) => [message`    ${title} database: ${name}`, message`    ${title} database user: ${user}`]);
  const title = message`The server of this host had databases or roles of the usual names already; those of this installation are:`;
  return lines.length === 0 ? [] : [{ block: 'databases', lines: [title, ...lines] }];
}

function summary(view: View): readonly Summary[] {
  if (!serverHere(view)) return [];
  const { cluster } = view.fact(otherVersion) ?? {};
  const kept = view.find(cleanOld) === false && cluster !== undefined;
  return [
    ...unusualNames(view),
    ...(kept
      ? [
          {
            block: 'databases' as const,
            lines: [message`The data of PostgreSQL ${cluster} are kept in ${view.fact(realRoot)}${paths.kept(cluster)}`],
          },
        ]
      : []),
  ];
}

export default plugin({
  name: 'database',
  facts: [present, programs, otherVersion, lacking, serverVersion, overrides, hostCluster, occupied, serverValues, accessRules],
  settings: [
    location,
    provisioning,
    authority,
    ...fields.all,
    warehouseElsewhere,
    clients,
    adminPassword,
    fixConfiguration,
    upgradeServer,
    cleanOld,
  ],
  async preflight(view, reader) {
    const theirs = engineHere(view) && !isOurs(view) ? foreignSettings(view) : [];
    if (!serverHere(view)) return engineHere(view) ? [...oldServer(view), ...theirs] : [];
    // The cluster of a whole host keeps the port that it has, or gets one that is free.
    if (isWholeHost(view))
      return [
        ...oldServer(view),
        ...theirs,
        ...overruled(view),
        ...openAccess(view, ownedHere(view)),
        ...(await strayData(reader, whole(view))),
      ];
    const problems: Problem[] = [];
    const { problem } = view.fact(programs);
    if (problem !== undefined) problems.push({ id: 'postgres-programs', level: 'error', ...problem });
    const { occupied, adminPassword: known } = view.fact(present);
    // Setup leaves the password of its own cluster beside it before it makes one.
    problems.push(...(occupied && known === undefined ? [foreignCluster(reader)] : versionProblems(view)));
    const wanted = { id: 'database-port', port: view.get(port), purpose: 'PostgreSQL', key: port.key };
    const taken = await takenPort(reader, wanted, { unit: serverUnit(view), port: view.fact(present).port });
    if (taken !== undefined) problems.push(taken);
    return problems;
  },
  steps: (view) =>
    serverHere(view)
      ? [
          ...(isWholeHost(view) ? hostServer(view) : trialServer(view)),
          ...(isOurs(view) ? engine(view) : []),
          ...(isWholeHost(view) ? network(view) : []),
        ]
      : [],
  summary: (view) => Promise.resolve(summary(view)),
});
