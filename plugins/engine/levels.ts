import { type Problem, type View, fact, list, message, setting } from '#kit';
import { inLines } from '../../src/setup/postgres/examine.ts';
import { engineHere, installed } from './settings.ts';
import { lookInside } from './upgrade.ts';

/* Levels of compatibility: an engine works with those that it knows, and with no others. */

export const supportedLevels = setting({
  key: 'OVESETUP_CORE/upgradeSupportedVersions',
  section: 'misc',
  kind: list,
  about:
    'Levels of compatibility that this version of the engine works with. Where a cluster or a data center has another one, nothing is changed.',
  remember: false,
  when: (view) => engineHere(view) && view.fact(installed),
  initial: ['4.2', '4.3', '4.4', '4.5', '4.6', '4.7', '4.8'],
});

interface Levelled {
  readonly kind: 'cluster' | 'data center';
  readonly name: string;
  readonly level: string;
}

/** What has a level in the engine of this host. */
export const levels = fact('engine-levels', (host) =>
  lookInside(host, [], (sql) =>
    sql.rows<Levelled>(
      `select 'cluster' as kind, name, compatibility_version as level from cluster
       union all select 'data center', name, compatibility_version from storage_pool order by kind, name`,
    ),
  ),
);

/** Clusters and data centers of levels that this version does not work with. */
export function unsupportedLevels(view: View): readonly Problem[] {
  const supported = view.find(supportedLevels);
  const found = supported === undefined ? [] : view.fact(levels).filter(({ level }) => !supported.includes(level));
  if (found.length === 0) return [];
  const line = ({ kind, name, level }: Levelled) =>
    kind === 'cluster' ? message`cluster ${name}: ${level}` : message`data center ${name}: ${level}`;
  return [
    {
      id: 'compatibility-levels',
      level: 'error',
      message: inLines('There are levels of compatibility that this version of the engine does not work with:', found.map(line)),
      remedy: message`With the version that is installed, bring them to one of ${(supported ?? []).join(', ')}: first clusters, then data centers.`,
    },
  ];
}
