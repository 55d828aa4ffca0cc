import type { DatabaseAddress, Step, Text, View } from '#kit';
import { directories, writeFile } from '#steps';
import { render } from '../../src/setup/render/render.ts';
import { engineDatabase } from '../database/settings.ts';
import { unit as engine } from '../engine/settings.ts';
import { accounts, isWholeHost, readBy, realRoot } from '../environment/settings.ts';
import { historyDatabase, historyIsOurs, identity, paths, scale, unit } from './settings.ts';

/** Hours that are kept, by scale. */
const scales = {
  '1': { samples: 24, hourly: 720, daily: 0 },
  '2': { samples: 24, hourly: 1440, daily: 43_800 },
} as const;

/** A way into a database, as services read it. */
const keys = ({ tls, ...at }: DatabaseAddress): Readonly<Record<string, unknown>> => ({
  ...at,
  secured: tls === undefined ? 'False' : 'True',
  validated: tls === 'verified' ? 'True' : 'False',
});

/** The files below ovirt-engine-dwhd.conf.d. What an administrator adds as 99-*.conf wins, and is never touched. */
export function configuration(view: View): readonly Step[] {
  const history = { ...keys(historyDatabase(view)), server: historyIsOurs(view) ? 'setup' : 'somebody else' };
  const secretOf = (account: string) => (isWholeHost(view) ? { mode: 0o640, ...readBy(view, account) } : { mode: 0o600 });
  const fragment = (name: string, title: Text, data: Readonly<Record<string, unknown>>): Step =>
    writeFile(
      { id: `dwh/${name}`, chapter: 'dwh.configuration', title, quiet: true, needs: ['dwh/directories'], notify: [unit] },
      { path: paths.fragment(name), content: render(`dwh/${name}`, data), secret: name.includes('database'), ...secretOf(accounts.dwh) },
    );
  return [
    directories({ id: 'dwh/directories', chapter: 'dwh.configuration', title: 'Creating directories of the Data Warehouse', quiet: true }, [
      { path: paths.folder, mode: 0o755 },
      { path: paths.fragments, mode: 0o755 },
      { path: paths.logs, mode: 0o755, ours: true },
    ]),
    fragment('10-setup-database.conf', 'Configuring the way to the history', { engine: keys(engineDatabase(view)), history }),
    fragment('10-setup-scale.conf', 'Configuring how much history is kept', scales[view.get(scale)]),
    fragment('10-setup-uuid.conf', 'Keeping the identity of the Data Warehouse', {
      uuid: view.get(identity),
      healthSocket: `${view.fact(realRoot)}${paths.healthSocket}`,
    }),
    writeFile(
      {
        id: 'dwh/engine.conf',
        chapter: 'dwh.configuration',
        title: 'Telling the engine where its history is',
        quiet: true,
        needs: ['environment/directories'],
        notify: [engine],
      },
      {
        path: paths.engineFragment,
        content: render('engine/10-setup-dwh-database.conf', history),
        secret: true,
        ...secretOf(accounts.engine),
      },
    ),
  ];
}
