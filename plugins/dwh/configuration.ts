import type { DatabaseAddress, Step, Text, View } from '#kit';
import { directories, writeFile } from '#steps';
import { render } from '../../src/setup/render/render.ts';
import { engineDatabase } from '../database/settings.ts';
import { engineHere, unit as engineUnit } from '../engine/settings.ts';
import { accounts, isWholeHost, readBy, realRoot } from '../environment/settings.ts';
import { historyDatabase, historyIsOurs, identity, paths, scale, unit } from './settings.ts';

/** Hours that are kept, by scale. */
const scales = {
  '1': { samples: 24, hourly: 720, daily: 0 },
  '2': { samples: 24, hourly: 1440, daily: 43_800 },
} as const;

/** A way into a database, as services read it. */
const keys = ({ tls, authority: _, ...at }: DatabaseAddress): Readonly<Record<string, unknown>> => ({
  ...at,
  secured: tls === undefined ? 'False' : 'True',
  validated: tls === 'verified' ? 'True' : 'False',
});

/** Rights of a file that one account reads, and nobody else. */
const secretOf = (view: View, account: string) => (isWholeHost(view) ? { mode: 0o640, ...readBy(view, account) } : { mode: 0o600 });

/** The way into the engine's database. One on another host is known by that, and by who vouches for it. */
function engine(view: View): Readonly<Record<string, unknown>> {
  const at = engineDatabase(view);
  const authority = at.authority === undefined ? '' : paths.engineAuthority;
  return { ...keys(at), away: engineHere(view) ? undefined : { authority } };
}

/** Who vouches for the engine's database, where that is on another host. */
function vouched(view: View): readonly Step[] {
  const { authority } = engineDatabase(view);
  if (authority === undefined) return [];
  return [
    writeFile(
      {
        id: 'dwh/engine-authority',
        chapter: 'dwh.configuration',
        title: 'Keeping the authority of the engine',
        quiet: true,
        needs: ['dwh/directories'],
        notify: [unit],
      },
      { path: paths.engineAuthority, content: authority },
    ),
  ];
}

/** The files below ovirt-engine-dwhd.conf.d. What an administrator adds as 99-*.conf wins, and is never touched. */
export function configuration(view: View): readonly Step[] {
  const history = { ...keys(historyDatabase(view)), server: historyIsOurs(view) ? 'setup' : 'somebody else' };
  const fragment = (name: string, title: Text, data: Readonly<Record<string, unknown>>): Step =>
    writeFile(
      { id: `dwh/${name}`, chapter: 'dwh.configuration', title, quiet: true, needs: ['dwh/directories'], notify: [unit] },
      {
        path: paths.fragment(name),
        content: render(`dwh/${name}`, data),
        secret: name.includes('database'),
        ...secretOf(view, accounts.dwh),
      },
    );
  return [
    directories({ id: 'dwh/directories', chapter: 'dwh.configuration', title: 'Creating directories of the Data Warehouse', quiet: true }, [
      { path: paths.folder, mode: 0o755 },
      { path: paths.fragments, mode: 0o755 },
      { path: paths.logs, mode: 0o755, ours: true },
    ]),
    ...vouched(view),
    fragment('10-setup-database.conf', 'Configuring the way to the history', { engine: engine(view), history }),
    fragment('10-setup-scale.conf', 'Configuring how much history is kept', scales[view.get(scale)]),
    fragment('10-setup-uuid.conf', 'Keeping the identity of the Data Warehouse', {
      uuid: view.get(identity),
      healthSocket: `${view.fact(realRoot)}${paths.healthSocket}`,
    }),
    ...(engineHere(view) ? [knownToEngine(view, history)] : []),
  ];
}

/** What the engine beside it knows of the history. */
const knownToEngine = (view: View, history: Readonly<Record<string, unknown>>): Step =>
  writeFile(
    {
      id: 'dwh/engine.conf',
      chapter: 'dwh.configuration',
      title: 'Telling the engine where its history is',
      quiet: true,
      needs: ['environment/directories'],
      notify: [engineUnit],
    },
    {
      path: paths.engineFragment,
      content: render('engine/10-setup-dwh-database.conf', history),
      secret: true,
      ...secretOf(view, accounts.engine),
    },
  );
