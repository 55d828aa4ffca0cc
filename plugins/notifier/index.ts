import { type Step, type View, message, plugin } from '#kit';
import { directories, retired, running, unitFile, writeFile } from '#steps';
import { render } from '../../src/setup/render/render.ts';
import { engineHere, paths as engine } from '../engine/settings.ts';
import { accounts, realRoot, serviceUnit } from '../environment/settings.ts';
import { enabled, notifier, paths, unit } from './settings.ts';

/** Everything that it needs to run, for whoever switches it on. */
const files = (view: View): readonly Step[] => {
  const root = view.fact(realRoot);
  return [
    directories(
      {
        id: 'notifier/directories',
        chapter: 'units',
        title: 'Creating directories of the notifier',
        quiet: true,
        needs: ['environment/directories'],
      },
      [...paths.directories.map((path) => ({ path, mode: 0o755 })), { path: paths.logs, mode: 0o755, ours: true }],
    ),
    writeFile(
      {
        id: 'notifier/10-setup.conf',
        chapter: 'units',
        title: 'Configuring the notifier',
        quiet: true,
        needs: ['notifier/directories'],
        notify: [unit],
      },
      { path: paths.configuration, content: render('notifier/10-setup.conf', { healthSocket: `${root}${paths.healthSocket}` }) },
    ),
    unitFile(
      { id: 'notifier/unit', chapter: 'units', title: 'Installing the unit of the notifier', quiet: true, notify: [unit] },
      serviceUnit(view, {
        unit,
        account: accounts.notifier,
        main: 'src/services/notifier/main.ts',
        options: ['--max-semi-space-size=1'],
        configuration: { NOTIFIER_CONF: paths.main, ENGINE_CONF: engine.configuration },
        log: paths.log,
      }),
    ),
  ];
};

const service = (view: View): readonly Step[] => {
  if (view.get(notifier)) {
    const heading = {
      id: 'notifier/start',
      chapter: 'services.start',
      title: 'Starting ovirt-engine-notifier service',
      quiet: true,
      needs: ['notifier/10-setup.conf', 'notifier/unit', 'engine/schema'],
    } as const;
    return [running(heading, { unit, remedy: message`Look into ${view.fact(realRoot)}${paths.log}` })];
  }
  if (!view.fact(enabled)) return [];
  return [retired({ id: 'notifier/retire', chapter: 'units', title: 'Stopping the notifier for good', quiet: true }, unit)];
};

export default plugin({
  name: 'notifier',
  facts: [enabled],
  settings: [notifier],
  steps: (view) => (engineHere(view) ? [...files(view), ...service(view)] : []),
});
