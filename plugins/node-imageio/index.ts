import { type HealthCheck, type Step, type View, message, plugin } from '#kit';
import { directories, running, unitFile, writeFile } from '#steps';
import { render } from '../../src/setup/render/render.ts';
import { healthSocketOf, serviceUnit } from '../environment/settings.ts';
import { accounts, isEnrolled, paths as node } from '../node/settings.ts';
import { daemonPort, paths, unit } from './settings.ts';

const folder = '/etc/ovirt-imageio';
const main = `${folder}/ovirt-imageio.conf`;
const log = '/var/log/vdsm/imageio.log';

const steps = (view: View): readonly Step[] => [
  directories({ id: 'node-imageio/directories', chapter: 'imageio', title: 'Creating directories of the Image I/O daemon', quiet: true }, [
    { path: folder, mode: 0o755 },
    { path: `${main}.d`, mode: 0o755 },
  ]),
  writeFile(
    {
      id: 'node-imageio/10-setup.conf',
      chapter: 'imageio',
      title: 'Configuring the Image I/O daemon',
      needs: ['node-imageio/directories', 'node/certificate'],
      notify: [unit],
    },
    {
      path: `${main}.d/10-setup.conf`,
      content: render('node/imageio.conf', {
        port: daemonPort,
        certificate: node.certificate,
        key: node.key,
        controlSocket: paths.controlSocket,
        healthSocket: healthSocketOf(unit),
      }),
    },
  ),
  unitFile(
    { id: 'node-imageio/unit', chapter: 'units', title: 'Installing the unit of the Image I/O daemon', quiet: true, notify: [unit] },
    serviceUnit(view, {
      unit,
      account: accounts.agent,
      main: 'src/services/image-io/main.ts',
      configuration: { IMAGE_IO_CONF: main },
      log,
    }),
  ),
  running(
    {
      id: 'node-imageio/start',
      chapter: 'services.start',
      title: 'Starting the Image I/O daemon',
      quiet: true,
      needs: ['node-imageio/10-setup.conf', 'node-imageio/unit', 'node/directories'],
    },
    { unit, remedy: message`Look into ${log}` },
  ),
];

/** Clients need a certificate, and this program has none to show: that somebody listens is all that can be asked. */
const health: HealthCheck = {
  name: 'imageio-daemon',
  limitMs: 60_000,
  remedy: message`Look into ${log}`,
  probe: async (host) =>
    (await host.network.listener(daemonPort)) === undefined ? message`Nobody listens on port ${daemonPort}` : undefined,
};

export default plugin({
  name: 'node-imageio',
  steps: (view) => (isEnrolled(view) ? steps(view) : []),
  health: (view) => (isEnrolled(view) ? [health] : []),
});
