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
import { isWholeHost, realPath } from '../environment/settings.ts';
import { fqdn, takenPort } from '../network/settings.ts';
import { paths as pki } from '../pki/settings.ts';
import { configuration, service } from './configuration.ts';
import * as hostDatabases from './databases.ts';
import { foreignProvider, forgotten, known } from './engine-rows.ts';
import * as trialDatabases from './trial-databases.ts';
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
  portSettings,
  portsOf,
  trialUnits,
  unit,
} from './settings.ts';

/** How the databases of OVN are opened and closed: those that the system runs, or those of a trial. */
const databasesOf = (view: View): Pick<typeof hostDatabases, 'opened' | 'closed'> => (isWholeHost(view) ? hostDatabases : trialDatabases);

/** What is done about a provider that was declined after it had been installed. OVN stays, with the networks in it. */
const farewell = (view: View): readonly Step[] => [
  retired({ id: 'ovn/retire', chapter: 'ovn', title: 'Stopping ovirt-provider-ovn for good', quiet: true }, unit),
  ...forgotten(view),
  ...databasesOf(view).closed(view),
  // The configuration goes last: by it a run that takes up an interrupted one knows that there is something to do.
  absent({ id: 'ovn/remove', chapter: 'units', title: 'Removing ovirt-provider-ovn', quiet: true }, [unitPath(unit), paths.configuration]),
];

/** The provider answers, and is connected with OVN. */
const health = (view: View): HealthCheck => ({
  name: unit,
  limitMs: 60_000,
  remedy: message`Look into ${realPath(view, paths.log)}`,
  async probe(host) {
    // Its certificate is of our own authority, whatever browsers see.
    const ca = await readText(host, pki.authority);
    if (ca === undefined) return message`${pki.authority} is not there`;
    const { keystone, neutron } = portsOf(view);
    for (const port of [keystone, neutron]) {
      const url = `https://${view.get(fqdn)}:${port}/`;
      try {
        const { status } = await host.network.get({ url, ca, timeoutMs: 2000 });
        if (status !== 200) return message`${url} answered ${status}`;
      } catch (error) {
        return message`${url} does not answer (${messageOf(error)})`;
      }
    }
    const said = await host.network.health(host.files.real(paths.healthSocket));
    return said?.checks['ovn'] === 'up' ? undefined : message`${unit} is not connected with the northbound database of OVN`;
  },
});

/** Who has a port already and may keep it. Clients and hosts look for fixed ports of a host: whoever has them otherwise has to leave. */
function holders(view: View): Readonly<Record<keyof typeof portSettings, Parameters<typeof takenPort>[2]>> {
  const found = view.fact(configured);
  const ports = portsOf(view);
  const trial = !isWholeHost(view);
  const own = (usual: number, now: string | undefined) => ({ unit, port: found === undefined ? undefined : trial ? now : String(usual) });
  const { northbound, southbound } = view.fact(trialDatabases.presentPorts);
  const server = { program: 'ovsdb-server' };
  return {
    keystone: own(ports.keystone, found?.keystonePort),
    neutron: own(ports.neutron, found?.neutronPort),
    northbound: trial ? { unit: trialUnits.northbound, port: northbound } : server,
    southbound: trial ? { unit: trialUnits.southbound, port: southbound } : server,
  };
}

async function takenPorts(view: View, host: HostReader): Promise<readonly Problem[]> {
  const [ports, may] = [portsOf(view), holders(view)];
  const found: (Problem | undefined)[] = [];
  for (const name of ['keystone', 'neutron', 'northbound', 'southbound'] as const) {
    const purpose = name === 'keystone' || name === 'neutron' ? 'ovirt-provider-ovn' : 'databases of OVN';
    const key = isWholeHost(view) ? {} : { key: portSettings[name].key };
    found.push(await takenPort(host, { id: `ovn-${name}-port`, port: ports[name], purpose, ...key }, may[name]));
  }
  return found.filter((one) => one !== undefined);
}

/** What is said of a provider that was chosen before there was one, and cannot be installed without a password. */
const awaited = (view: View): Summary => ({
  block: 'more',
  lines: [],
  warnings: [
    isWholeHost(view)
      ? message`${unit} was chosen with an earlier version, which did not install it. To have it now, run setup again and say how the engine signs in to it: ${ovnUser.key} and ${ovnPassword.key}, in an answer file.`
      : message`${unit} is not in this trial yet. To have it, run setup again and say with which password the administrator signs in to it: ${`--set-file=${ovnPassword.key}=FILE`}.`,
  ],
});

export default plugin({
  name: 'ovn',
  facts: [...facts, trialDatabases.presentPorts],
  settings: [ovn, defaultCredentials, ovnUser, ovnPassword, ovnSecret, ...Object.values(portSettings)],
  preflight: async (view, host) => (ovnHere(view) ? [...(await foreignProvider(view, host)), ...(await takenPorts(view, host))] : []),
  steps(view) {
    if (ovnHere(view)) return [...known(view), ...databasesOf(view).opened(view), ...configuration(view), ...service(view)];
    return view.find(ovn) === false && view.fact(configured) !== undefined ? farewell(view) : [];
  },
  health: (view) => (ovnHere(view) ? [health(view)] : []),
  summary: (view) => Promise.resolve(isAwaited(view) ? [awaited(view)] : []),
});
