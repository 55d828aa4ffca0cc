import { DatabaseUnavailable, type Problem, type Setting, type View, fact, message, readText, setting, yesNo } from '#kit';
import { settingsOf } from '../../src/setup/postgres/condition.ts';
import { inLines } from '../../src/setup/postgres/examine.ts';
import { type Misfit, misfitsAmong, oldestVersion } from '../../src/setup/postgres/needs.ts';
import { engineHere } from '../engine/settings.ts';
import { hostCluster, peer } from './host-cluster.ts';
import { isOurs, otherVersion, paths, present, presentAddress } from './settings.ts';

/* In what condition the server of an installation that is there is: its version, and its settings. */

/** What the running server of an installation lacks; nothing where it cannot be asked. */
export const lacking = fact('database-lacking', async (host): Promise<readonly Misfit[]> => {
  const own = await presentAddress(host);
  if (own === undefined) return [];
  const { foreign, adminPassword = '' } = await present.probe(host);
  // Of a server that is ours, the administrator's database tells it even where the engine's is not there.
  const ours =
    (await hostCluster.probe(host)) === undefined
      ? { ...own, name: 'postgres', user: 'postgres', password: adminPassword }
      : peer(own.port);
  const at = foreign ? own : ours;
  try {
    return misfitsAmong(await host.database.look(at, (sql) => settingsOf(sql)));
  } catch (error) {
    if (error instanceof DatabaseUnavailable) return [];
    throw error;
  }
});

/** Settings that somebody has changed with ALTER SYSTEM: they win over all files. */
export const overrides = fact('database-overrides', async (host) => {
  const data = (await hostCluster.probe(host))?.data;
  return readText(host, data === undefined ? paths.overrides : `${data}/postgresql.auto.conf`);
});

export const fixConfiguration: Setting<boolean> = setting({
  key: 'OVESETUP_DB/fixDbConfiguration',
  section: 'database',
  kind: yesNo,
  about: 'Whether setup puts the settings of its PostgreSQL server right where they do not fit any more.',
  ask: {
    name: 'UPGRADE_PG_CONF_ENGINE',
    text: 'Fix automatically?',
    notes: (view) => [
      'The following settings of PostgreSQL do not fit the engine any more:',
      ...view.fact(lacking).map(({ text }) => message`    ${text}`),
    ],
  },
  remember: false,
  // A cluster that is upgraded gets a new configuration anyway.
  when: (view) => engineHere(view) && isOurs(view) && view.fact(otherVersion) === undefined && view.fact(lacking).length > 0,
  initial: true,
  validate: (value) => (value ? undefined : { ends: 'The settings of PostgreSQL have to be put right before setup can go on' }),
});

/** What ALTER SYSTEM has changed, without the settings that do not fit; undefined where nothing has to be taken out. */
export function mendedOverrides(view: View): string | undefined {
  if (view.find(fixConfiguration) !== true) return undefined;
  const names = new Set(view.fact(lacking).map(({ name }) => name));
  const lines = (view.fact(overrides) ?? '').split('\n');
  const kept = lines.filter((line) => !names.has(line.split(/[\s=]/, 1)[0] ?? ''));
  return kept.length === lines.length ? undefined : kept.join('\n');
}

/** A server of somebody else is not changed: whoever runs it has to. */
export function foreignSettings(view: View): readonly Problem[] {
  const found = view.fact(lacking);
  if (isOurs(view) || found.length === 0) return [];
  return [
    {
      id: 'database-settings',
      level: 'error',
      message: inLines(
        'The server of the Engine database has to be configured first:',
        found.map(({ text }) => text),
      ),
      remedy: 'Whoever runs that server changes these settings; then run setup again.',
    },
  ];
}

/** Version of the server that the engine's database is on, or is to come onto, as a number: 150004; undefined where none is there yet. */
export const serverVersion = fact('database-server-version', async (host): Promise<number | undefined> => {
  const { foreign } = await present.probe(host);
  const cluster = await hostCluster.probe(host);
  const ours = cluster?.exists === true ? peer(cluster.port) : undefined;
  const at = foreign ? await presentAddress(host) : ours;
  if (at === undefined) return undefined;
  try {
    const rows = await host.database.look(at, (sql) => settingsOf(sql, ['server_version_num']));
    return Number(rows.find(({ name }) => name === 'server_version_num')?.setting);
  } catch (error) {
    if (!(error instanceof DatabaseUnavailable)) throw error;
    // The folder of a cluster is named after its version.
    return foreign || cluster === undefined ? undefined : Number(cluster.version) * 10_000;
  }
});

/** A server that is too old for the schemas. */
export function oldServer(view: View): readonly Problem[] {
  const found = view.fact(serverVersion);
  if (found === undefined || found >= oldestVersion * 10_000) return [];
  return [
    {
      id: 'database-version',
      level: 'error',
      message: message`The server of the Engine database is PostgreSQL ${Math.floor(found / 10_000)}, needed is at least ${oldestVersion}`,
      remedy: 'Bring that server to a newer version with the tools of PostgreSQL first; then run setup again.',
    },
  ];
}
