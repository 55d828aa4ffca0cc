import { type Problem, type Setting, type Text, type View, message, setting, yesNo } from '#kit';
import { dwhHere } from '../dwh/settings.ts';
import { engineHere } from '../engine/settings.ts';
import { isWholeHost, realRoot } from '../environment/settings.ts';
import type { OtherVersion } from './other-version.ts';
import { isOurs, otherVersion, paths } from './settings.ts';

/* What is asked, and refused, where the cluster of a trial is not of the version of the programs that are to run it. */

const isOlder = ({ cluster, programs }: OtherVersion): boolean => Number(cluster) < Number(programs);
const arises = (view: View): boolean => {
  const found = view.fact(otherVersion);
  return engineHere(view) && isOurs(view) && !isWholeHost(view) && found !== undefined && isOlder(found);
};

const mebibytes = (bytes: number): string => `${Math.ceil(bytes / 1024 / 1024)} MiB`;
const versionsIn = (view: View): Text => {
  const { cluster = '', programs = '' } = view.fact(otherVersion) ?? {};
  return message`The database cluster was made by PostgreSQL ${cluster}, and the programs on this host are PostgreSQL ${programs}`;
};

export const upgradeServer: Setting<boolean> = setting({
  key: 'OVESETUP_PROVISIONING/postgresUpgrade',
  section: 'database',
  kind: yesNo,
  about: 'Whether setup brings its database cluster to the major version of the PostgreSQL programs that it comes with, by copying.',
  ask: {
    name: 'UPGRADE_DBMS',
    text: 'PostgreSQL can be upgraded automatically. Do you want Setup to do that?',
    notes: (view) => [
      'The databases are copied into a new cluster; the old one stays as it is until everything else is done.',
      'What was changed by hand in the configuration of the old cluster is not carried over.',
      // The history is never on a server of its own that would have to be asked about (docs/decisions/0017).
      ...(dwhHere(view) ? [message`The DWH database is on the same server: it is upgraded together with that of the engine.`] : []),
    ],
  },
  remember: false,
  when: arises,
  remarks: (view) => (arises(view) ? [{ level: 'warning', text: versionsIn(view) }] : []),
  // It has been done; only the rest of that run is left.
  settled: (view) => (view.fact(otherVersion)?.copied === true ? true : undefined),
  initial: true,
  validate: (value) => (value ? undefined : { ends: 'The database cluster has to be upgraded before setup can go on' }),
});

export const cleanOld: Setting<boolean> = setting({
  key: 'OVESETUP_PROVISIONING/postgresUpgradeCleanold',
  section: 'database',
  kind: yesNo,
  about: 'Whether the data of the old database cluster are removed once it has been upgraded and the run has succeeded.',
  ask: {
    name: 'UPGRADE_DBMS_CLEANUPOLD',
    text: 'Do you want Setup to remove the old data afterwards?',
    notes: (view) => [
      message`The old data are ${mebibytes(view.fact(otherVersion)?.bytes ?? 0)} large. They are removed when everything has succeeded, or kept in`,
      message`    ${view.fact(realRoot)}${paths.kept(view.fact(otherVersion)?.cluster ?? '')}`,
    ],
  },
  when: (view) => view.find(upgradeServer) === true,
  initial: true,
});

/** What keeps a cluster of another major version from being used, or from being upgraded. */
export function versionProblems(view: View): readonly Problem[] {
  const found = view.fact(otherVersion);
  if (found === undefined) return [];
  const { cluster, programs, lookedIn, bytes, free } = found;
  const problem = (id: string, text: Text, remedy: Text): readonly Problem[] => [{ id, level: 'error', message: text, remedy }];
  if (!isOlder(found)) return problem('database-version', versionsIn(view), message`Bring back PostgreSQL ${cluster} or a newer one.`);
  const real = (path: string): string => `${view.fact(realRoot)}${path}`;
  const kept = real(paths.kept(cluster));
  const inTheWay = found.inTheWay
    ? problem('database-in-the-way', message`${kept} is not empty; the old data of PostgreSQL are to lie there`, 'Move what is there away.')
    : [];
  if (found.copied) return inTheWay;
  return [
    ...inTheWay,
    ...(found.former === undefined
      ? problem(
          'database-version',
          message`The database cluster of PostgreSQL ${cluster} can be upgraded to ${programs} only by programs of ${cluster}, which are not in ${lookedIn.join(', ')}`,
          message`Install the server package of PostgreSQL ${cluster}; it need not run.`,
        )
      : []),
    ...(free < bytes
      ? problem(
          'database-room',
          message`${real(paths.home)} has ${mebibytes(free)} left; copying the database cluster needs ${mebibytes(bytes)}`,
          'Make room, then run setup again.',
        )
      : []),
  ];
}
