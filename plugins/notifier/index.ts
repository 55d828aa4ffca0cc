import { type Step, type View, message, plugin } from '#kit';
import { directories, retired, running, writeFile } from '#steps';
import { render } from '../../src/setup/render/render.ts';
import { shippedPath } from '../../src/setup/render/shipped.ts';
import { engineHere, paths as engine } from '../engine/settings.ts';
import { realRoot } from '../environment/settings.ts';
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
    writeFile(
      { id: 'notifier/unit', chapter: 'units', title: 'Installing the unit of the notifier', quiet: true, notify: [unit] },
      {
        path: `/etc/systemd/system/${unit}.service`,
        content: render(`systemd/${unit}.service`, {
          command: [shippedPath('node_modules/.bin/node'), '--max-semi-space-size=1', shippedPath('src/services/notifier/main.ts')],
          environment: [
            `NOTIFIER_CONF=${root}${paths.main}`,
            `ENGINE_CONF=${root}${engine.configuration}`,
            `NODE_COMPILE_CACHE=${root}${engine.cache}`,
          ],
          writable: [`${root}/run/ovirt-engine`, `${root}${engine.cache}`],
          logFile: `${root}${paths.log}`,
        }),
      },
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
