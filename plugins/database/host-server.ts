import { type HostReader, type Step, type View, message } from '#kit';
import { editLines, running, writeFile } from '#steps';
import { neededSettings, suits } from '../../src/setup/postgres/needs.ts';
import { historyDatabase, historyOnHost } from '../dwh/settings.ts';
import { type Owned, isOvertaken } from './access-rules.ts';
import { clientRules } from './clients.ts';
import { fixConfiguration, mendedOverrides } from './condition.ts';
import { type HostCluster, accessBlock, serverValues } from './host-cluster.ts';
import { create } from './host-create.ts';
import { clients, isOurs, name, serverAdministration, user, whole } from './settings.ts';

/*
 * The server of a whole host: the cluster of the distribution. What others have in it, and have set for it, stays as it is.
 */

/** Settings of our own file: those that the server would lack without it. */
function settings(view: View, { ownSettings: present }: HostCluster): string {
  const values = view.fact(serverValues);
  const lines = Object.entries(neededSettings)
    // What is in our file already is met because it is there.
    .filter(([key]) => (present !== undefined && new RegExp(`^${key} = `, 'm').test(present)) || !suits(key, values.get(key) ?? 'unknown'))
    .map(([key, value]) => `${key} = ${value}`);
  const header = '# Written by engine-setup: what the engine needs of this server beyond what it has anyway.';
  return `${[header, ...lines].join('\n')}\n`;
}

/** Our databases on this server. */
export function ownedHere(view: View): readonly Owned[] {
  const engine = isOurs(view) ? [{ name: view.get(name), user: view.get(user) }] : [];
  return [...engine, ...(historyOnHost(view) ? [historyDatabase(view)] : [])];
}

/** Who may connect: the owners of our databases, each to their own, from this host, with their password; and the engine's from its clients. */
const accessLines = (view: View): readonly string[] => [
  ...ownedHere(view).flatMap((one) =>
    ['127.0.0.1/32', '::1/128'].map((address) => `host    "${one.name}"  "${one.user}"  ${address.padEnd(15)} scram-sha-256`),
  ),
  ...(isOurs(view) ? clientRules({ name: view.get(name), user: view.get(user) }, view.find(clients) ?? []) : []),
];

/**
 * The cluster is made by setup, with its own encoding, and not by the package while it is installed. It stays so: the package of another
 * version would bring an idle second server.
 */
const noAutomaticCluster = ({ exists, noAutomatic }: HostCluster): readonly Step[] =>
  exists || noAutomatic === undefined
    ? []
    : [
        writeFile(
          { id: 'database/automatic-cluster', chapter: 'packages', title: 'Keeping packages from making a cluster', quiet: true },
          noAutomatic,
        ),
      ];

/** Whether the server runs with the settings that the engine needs. */
const answers =
  (view: View) =>
  async (host: HostReader): Promise<boolean> => {
    try {
      const rows = await host.database.look(serverAdministration(view), (sql) =>
        sql.rows<{ name: string; setting: string }>('select name, setting, unit from pg_settings where name = any($1)', [
          Object.keys(neededSettings),
        ]),
      );
      return rows.every(({ name: key, setting }) => suits(key, setting));
    } catch {
      return false;
    }
  };

/** A segment of its log, and as much again: with less, a server that others use could not be restarted with its former settings. */
const roomToRestart = 32 * 1024 * 1024;

/** The cluster, its settings, access rules and start. */
export function hostServer(view: View): readonly Step[] {
  const cluster = whole(view);
  const { unit, configuration, ownFile, log } = cluster;
  const mended = mendedOverrides(view);
  const inside = ['database/initdb'];
  const room = cluster.exists ? roomToRestart : 0;
  const heading = { chapter: 'database.server', quiet: true, needs: inside, inside, notify: [unit], room } as const;
  const owner = { owner: 'postgres', group: 'postgres' };
  return [
    ...noAutomaticCluster(cluster),
    create(cluster),
    writeFile(
      { ...heading, id: 'database/settings', title: 'Setting PostgreSQL parameters' },
      { path: ownFile, content: settings(view, cluster), ...owner },
    ),
    ...(cluster.readsFolder
      ? []
      : [
          editLines(
            { ...heading, id: 'database/folder', title: 'Having PostgreSQL read our parameters' },
            { path: `${configuration}/postgresql.conf`, name: accessBlock, at: 'bottom', lines: ["include_dir = 'conf.d'"] },
          ),
        ]),
    ...(mended === undefined
      ? []
      : [
          writeFile(
            { ...heading, id: 'database/overrides', title: 'Updating PostgreSQL configuration', quiet: false },
            { path: `${cluster.data}/postgresql.auto.conf`, content: mended, mode: 0o600, ...owner },
          ),
        ]),
    editLines(
      { ...heading, id: 'database/access', title: 'Limiting access to PostgreSQL' },
      // Rules of others may let everybody in, or nobody: the first that fits counts, so ours stand before them.
      {
        path: `${configuration}/pg_hba.conf`,
        name: accessBlock,
        at: 'top',
        again: view.find(fixConfiguration) === true || isOvertaken(view, ownedHere(view)),
        lines: accessLines(view),
      },
    ),
    running(
      {
        id: 'database/start',
        chapter: 'database.server',
        title: 'Starting PostgreSQL',
        quiet: true,
        needs: ['database/settings', 'database/access'],
      },
      { unit, answers: answers(view), remedy: message`Look into ${log}` },
    ),
  ];
}
