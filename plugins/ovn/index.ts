import {
  type HealthCheck,
  type HostReader,
  type Problem,
  type Step,
  type Summary,
  type View,
  message,
  messageOf,
  plugin,
  readText,
} from '#kit';
import { absent, retired, unitPath } from '#steps';
import { isWholeHost, realRoot } from '../environment/settings.ts';
import { fqdn, takenPort } from '../network/settings.ts';
import { paths as pki } from '../pki/settings.ts';
import { configuration, service } from './configuration.ts';
import { closed, isConnected, opened } from './databases.ts';
import { foreignProvider, forgotten, known } from './engine-rows.ts';
import {
  configured,
  defaultCredentials,
  facts,
  isAwaited,
  ovn,
  ovnHere,
  ovnPassword,
  ovnSecret,
  ovnUser,
  paths,
  ports,
  unit,
} from './settings.ts';

/** What is done about a provider that was declined after it had been installed. OVN stays, with the networks in it. */
const farewell = (view: View): readonly Step[] => [
  retired({ id: 'ovn/retire', chapter: 'ovn', title: 'Stopping ovirt-provider-ovn for good', quiet: true }, unit),
  ...forgotten(view),
  ...closed(view),
  // The configuration goes last: by it a run that takes up an interrupted one knows that there is something to do.
  absent({ id: 'ovn/remove', chapter: 'units', title: 'Removing ovirt-provider-ovn', quiet: true }, [unitPath(unit), paths.configuration]),
];

/** The provider answers, and is connected with OVN. */
const health = (view: View): HealthCheck => ({
  name: unit,
  limitMs: 60_000,
  remedy: message`Look into ${view.fact(realRoot)}${paths.log}`,
  async probe(host) {
    // Its certificate is of our own authority, whatever browsers see.
    const ca = await readText(host, pki.authority);
    if (ca === undefined) return message`${pki.authority} is not there`;
    for (const port of [ports.keystone, ports.neutron]) {
      const url = `https://${view.get(fqdn)}:${port}/`;
      try {
        const { status } = await host.network.get({ url, ca, timeoutMs: 2000 });
        if (status !== 200) return message`${url} answered ${status}`;
      } catch (error) {
        return message`${url} does not answer (${messageOf(error)})`;
      }
    }
    return (await isConnected(host)) ? undefined : message`${unit} is not connected with the northbound database of OVN`;
  },
});

/** Clients and hosts look for fixed ports: whoever has them otherwise has to leave. */
async function takenPorts(view: View, host: HostReader): Promise<readonly Problem[]> {
  const present = view.fact(configured) === undefined ? undefined : unit;
  const own = (port: number) => ({ unit, port: present === undefined ? undefined : String(port) });
  const found = [
    await takenPort(host, { id: 'ovn-keystone-port', port: ports.keystone, purpose: 'ovirt-provider-ovn' }, own(ports.keystone)),
    await takenPort(host, { id: 'ovn-neutron-port', port: ports.neutron, purpose: 'ovirt-provider-ovn' }, own(ports.neutron)),
    await takenPort(host, { id: 'ovn-northbound-port', port: ports.northbound, purpose: 'databases of OVN' }, { program: 'ovsdb-server' }),
    await takenPort(host, { id: 'ovn-southbound-port', port: ports.southbound, purpose: 'databases of OVN' }, { program: 'ovsdb-server' }),
  ];
  return found.filter((one) => one !== undefined);
}

/** What is said of a provider that was chosen before there was one, and cannot be installed without a password. */
const awaited: Summary = {
  block: 'more',
  lines: [],
  warnings: [
    message`${unit} was chosen with an earlier version, which did not install it. To have it now, run setup again and say how the engine signs in to it: ${ovnUser.key} and ${ovnPassword.key}, in an answer file.`,
  ],
};

export default plugin({
  name: 'ovn',
  applies: isWholeHost,
  facts,
  settings: [ovn, defaultCredentials, ovnUser, ovnPassword, ovnSecret],
  preflight: async (view, host) => (ovnHere(view) ? [...(await foreignProvider(view, host)), ...(await takenPorts(view, host))] : []),
  steps(view) {
    if (ovnHere(view)) return [...known(view), ...opened(view), ...configuration(view), ...service(view)];
    return view.find(ovn) === false && view.fact(configured) !== undefined ? farewell(view) : [];
  },
  health: (view) => (ovnHere(view) ? [health(view)] : []),
  summary: (view) => Promise.resolve(isAwaited(view) ? [awaited] : []),
});
