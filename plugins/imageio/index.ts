import { type HealthCheck, type Step, type View, message, messageOf, plugin, readText } from '#kit';
import { absent, directories, retired, running, unitFile, unitPath, writeFile } from '#steps';
import { render } from '../../src/setup/render/render.ts';
import { engineHere } from '../engine/settings.ts';
import { accounts, realPath, sandbox, serviceUnit } from '../environment/settings.ts';
import { fqdn, takenPort } from '../network/settings.ts';
import { paths as pki, trusted } from '../pki/settings.ts';
import { address } from './address.ts';
import * as runtime from './runtime.ts';
import { imageioHere, imageioPort, imageioProxy, paths, presentPort, unit } from './settings.ts';

const configuration = (view: View): readonly Step[] => {
  const real = (path: string): string => realPath(view, path);
  const trial = view.fact(sandbox);
  return [
    directories(
      {
        id: 'imageio/directories',
        chapter: 'imageio',
        title: 'Creating directories of the Image I/O proxy',
        quiet: true,
        needs: ['environment/directories'],
      },
      [{ path: paths.folder, mode: 0o755 }],
    ),
    writeFile(
      {
        id: 'imageio/10-setup.conf',
        chapter: 'imageio',
        title: 'Configuring Image I/O Proxy',
        needs: ['imageio/directories', 'pki/imageio-proxy', 'pki/imageio-client'],
        notify: [unit],
        // Transfers are cut at the beginning, when people have been told so, and not at some moment of the work.
        stops: [{ unit, title: 'Stopping Image I/O Proxy service' }],
      },
      {
        path: paths.configuration,
        content: render('imageio/10-setup.conf', {
          address: trial ? '127.0.0.1' : '*',
          port: view.get(imageioPort),
          certificate: real(pki.certificate('imageio-proxy')),
          key: real(pki.key('imageio-proxy')),
          hostCertificate: real(pki.certificate('imageio-client')),
          hostKey: real(pki.key('imageio-client')),
          authority: real(pki.authority),
          // The hosts of a trial are on loopback, which is no place for hosts otherwise.
          networks: trial ? '127.0.0.0/8 ::1/128' : '',
          controlSocket: real(paths.controlSocket),
          healthSocket: real(paths.healthSocket),
        }),
      },
    ),
  ];
};

const service = (view: View): readonly Step[] => [
  unitFile(
    { id: 'imageio/unit', chapter: 'units', title: 'Installing the unit of the Image I/O proxy', quiet: true, notify: [unit] },
    serviceUnit(view, {
      unit,
      account: accounts.imageio,
      main: 'src/services/image-io/main.ts',
      options: runtime.options,
      environment: Object.entries(runtime.environment).map(([name, value]) => `${name}=${value}`),
      configuration: { IMAGE_IO_CONF: paths.main },
      log: paths.log,
    }),
  ),
  running(
    {
      id: 'imageio/start',
      chapter: 'services.start',
      title: 'Starting Image I/O Proxy service',
      quiet: true,
      needs: ['imageio/10-setup.conf', 'imageio/unit'],
    },
    { unit, remedy: message`Look into ${realPath(view, paths.log)}` },
  ),
];

/** What is done about a proxy that was declined after it had been installed. Its keys and certificates stay, as the PKI keeps all of them. */
const farewell = (view: View): readonly Step[] => [
  retired({ id: 'imageio/retire', chapter: 'units', title: 'Stopping the Image I/O proxy for good', quiet: true }, unit),
  // The configuration goes last: by it a run that takes up an interrupted one knows that there is something to do.
  absent({ id: 'imageio/remove', chapter: 'units', title: 'Removing the Image I/O proxy', quiet: true }, [
    unitPath(unit),
    paths.configuration,
  ]),
  ...(engineHere(view) ? [address(view)] : []),
];

/** It tells its version to everybody, under the certificate that browsers see. */
const health = (view: View): HealthCheck => ({
  name: 'imageio-proxy',
  limitMs: 60_000,
  remedy: message`Look into ${realPath(view, paths.log)}`,
  async probe(host) {
    const ca = await readText(host, trusted(view));
    if (ca === undefined) return message`${trusted(view)} is not there`;
    const url = `https://${view.get(fqdn)}:${view.get(imageioPort)}/info/`;
    try {
      const { status } = await host.network.get({ url, ca, timeoutMs: 2000 });
      return status === 200 ? undefined : message`${url} answered ${status}`;
    } catch (error) {
      return message`${url} does not answer (${messageOf(error)})`;
    }
  },
});

export default plugin({
  name: 'imageio',
  facts: [presentPort],
  settings: [imageioProxy, imageioPort],
  async preflight(view, host) {
    if (!imageioHere(view)) return [];
    const wanted = { id: 'imageio-port', port: view.get(imageioPort), purpose: 'the Image I/O proxy', key: imageioPort.key };
    const taken = await takenPort(host, wanted, { unit, port: view.fact(presentPort) });
    return taken === undefined ? [] : [taken];
  },
  steps(view) {
    if (imageioHere(view)) return [...configuration(view), address(view), ...service(view)];
    return view.fact(presentPort) === undefined ? [] : farewell(view);
  },
  health: (view) => (imageioHere(view) ? [health(view)] : []),
});
