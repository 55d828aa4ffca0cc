import { type HealthCheck, type Step, type View, message, messageOf, plugin, readText } from '#kit';
import { absent, directories, retired, running, unitFile, unitPath, writeFile } from '#steps';
import { render } from '../../src/setup/render/render.ts';
import { engineHere } from '../engine/settings.ts';
import { accounts, realPath, realRoot, sandbox, serviceUnit } from '../environment/settings.ts';
import { fqdn, takenPort } from '../network/settings.ts';
import { paths as pki, trusted } from '../pki/settings.ts';
import { certificateComes } from '../remote-engine/settings.ts';
import { address } from './address.ts';
import { paths, presentPort, unit, websocketHere, websocketPort, websocketProxy, formerFqdn } from './settings.ts';

/** Whether the proxy is a part of this installation: beside the engine, or with a certificate that an engine elsewhere signs. */
const stands = (view: View): boolean => websocketHere(view) || certificateComes(view);

/** An engine on another host is told by its administrator. */
const toldToEngine = (view: View): readonly Step[] => (engineHere(view) ? [address(view)] : []);

const configuration = (view: View): readonly Step[] => {
  const real = (path: string): string => realPath(view, path);
  const trial = view.fact(sandbox);
  return [
    directories(
      {
        id: 'websocket/directories',
        chapter: 'websocket',
        title: 'Creating directories of the WebSocket proxy',
        quiet: true,
        needs: ['environment/directories'],
      },
      [{ path: paths.folder, mode: 0o755 }],
    ),
    writeFile(
      {
        id: 'websocket/10-setup.conf',
        chapter: 'websocket',
        title: 'Configuring WebSocket Proxy',
        needs: ['websocket/directories', 'pki/websocket-proxy'],
        notify: [unit],
        // Consoles are cut at the beginning, when people have been told so, and not at some moment of the work.
        stops: [{ unit, title: 'Stopping websocket-proxy service' }],
      },
      {
        path: paths.configuration,
        content: render('websocket/10-setup.conf', {
          address: trial ? '127.0.0.1' : '*',
          port: view.get(websocketPort),
          certificate: real(pki.certificate('websocket-proxy')),
          key: real(pki.key('websocket-proxy')),
          signer: real(pki.certificate('engine')),
          authority: real(pki.authority),
          // The hosts of a trial are on loopback, which is no place for consoles otherwise.
          networks: trial ? '127.0.0.0/8 ::1/128' : '',
          healthSocket: real(paths.healthSocket),
        }),
      },
    ),
  ];
};

const service = (view: View): readonly Step[] => {
  const root = view.fact(realRoot);
  return [
    unitFile(
      { id: 'websocket/unit', chapter: 'units', title: 'Installing the unit of the WebSocket proxy', quiet: true, notify: [unit] },
      serviceUnit(view, {
        unit,
        account: accounts.websocketProxy,
        main: 'src/services/websocket-proxy/main.ts',
        configuration: { WEBSOCKET_PROXY_CONF: paths.main },
        log: paths.log,
      }),
    ),
    running(
      {
        id: 'websocket/start',
        chapter: 'services.start',
        title: 'Starting websocket-proxy service',
        quiet: true,
        needs: ['websocket/10-setup.conf', 'websocket/unit'],
      },
      { unit, remedy: message`Look into ${root}${paths.log}` },
    ),
  ];
};

/** What is done about a proxy that was declined after it had been installed. Its key and certificate stay, as the PKI keeps all of them. */
const farewell = (view: View): readonly Step[] => [
  retired({ id: 'websocket/retire', chapter: 'units', title: 'Stopping the WebSocket proxy for good', quiet: true }, unit),
  // The configuration goes last: by it a run that takes up an interrupted one knows that there is something to do.
  absent({ id: 'websocket/remove', chapter: 'units', title: 'Removing the WebSocket proxy', quiet: true }, [
    unitPath(unit),
    paths.configuration,
  ]),
  ...toldToEngine(view),
];

/** Whoever comes without a WebSocket is told by the proxy, under the certificate that browsers see, to come with one. */
const health = (view: View): HealthCheck => ({
  name: 'websocket-proxy',
  limitMs: 60_000,
  remedy: message`Look into ${view.fact(realRoot)}${paths.log}`,
  async probe(host) {
    const ca = await readText(host, trusted(view));
    if (ca === undefined) return message`${trusted(view)} is not there`;
    const url = `https://${view.get(fqdn)}:${view.get(websocketPort)}/`;
    try {
      const { status } = await host.network.get({ url, ca, timeoutMs: 2000 });
      return status === 426 ? undefined : message`${url} answered ${status}`;
    } catch (error) {
      return message`${url} does not answer (${messageOf(error)})`;
    }
  },
});

export default plugin({
  name: 'websocket',
  facts: [presentPort, formerFqdn],
  settings: [websocketProxy, websocketPort],
  async preflight(view, host) {
    if (!stands(view)) return [];
    const wanted = { id: 'websocket-port', port: view.get(websocketPort), purpose: 'the WebSocket proxy', key: websocketPort.key };
    const taken = await takenPort(host, wanted, { unit, port: view.fact(presentPort) });
    return taken === undefined ? [] : [taken];
  },
  steps(view) {
    const declined = view.find(websocketProxy) !== true;
    if (stands(view)) return [...configuration(view), ...toldToEngine(view), ...service(view)];
    return declined && view.fact(presentPort) !== undefined ? farewell(view) : [];
  },
  health: (view) => (stands(view) ? [health(view)] : []),
});
