import type { View } from '#kit';
import { apacheHere, httpPort } from '../apache/settings.ts';
import { isReachable, port as databasePort } from '../database/settings.ts';
import { engineHere } from '../engine/settings.ts';
import { listenerPort } from '../fence-kdump/settings.ts';
import { imageioHere, imageioPort } from '../imageio/settings.ts';
import { httpsPort } from '../network/settings.ts';
import { agentPort } from '../node-agent/settings.ts';
import { daemonPort } from '../node-imageio/settings.ts';
import { hostPort } from '../node-vmconsole/settings.ts';
import { isEnrolled, nodeHere } from '../node/settings.ts';
import { proxyPort, vmconsoleHere } from '../vmconsole/settings.ts';
import { ovnHere, ports as ovnPorts } from '../ovn/settings.ts';
import { websocketHere, websocketPort } from '../websocket/settings.ts';

export interface Port {
  readonly protocol: 'tcp' | 'udp';
  readonly port: number;
  /** The last port of a range that begins with the other one. */
  readonly to?: number;
}

/** What is to be let in for one component. */
export interface Opening {
  /** The name under which firewalld knows it, as administrators do from the original. */
  readonly name: string;
  readonly about: string;
  readonly ports: readonly Port[];
}

interface Component extends Omit<Opening, 'ports'> {
  readonly when: (view: View) => boolean;
  readonly ports: (view: View) => readonly Port[];
}

const tcp = (port: number): readonly Port[] => [{ protocol: 'tcp', port }];

/** All that can be opened, in the order of the classic summary. */
const components: readonly Component[] = [
  {
    name: 'ovirt-postgres',
    about: 'Database of the engine, for hosts that are let in',
    when: isReachable,
    ports: (view) => tcp(view.get(databasePort)),
  },
  {
    name: 'ovirt-https',
    about: 'Portals, API and single sign-on of the engine',
    when: apacheHere,
    ports: (view) => tcp(view.get(httpsPort)),
  },
  {
    name: 'ovn-central-firewall-service',
    about: 'Databases of OVN, for hosts',
    when: ovnHere,
    ports: () => [...tcp(ovnPorts.northbound), ...tcp(ovnPorts.southbound)],
  },
  {
    name: 'ovirt-fence-kdump-listener',
    about: 'Messages of hosts that crash',
    when: engineHere,
    ports: (view) => [{ protocol: 'udp', port: view.get(listenerPort) }],
  },
  {
    name: 'ovirt-imageio-proxy',
    about: 'Uploads and downloads of disk images',
    when: imageioHere,
    ports: (view) => tcp(view.get(imageioPort)),
  },
  {
    name: 'ovirt-websocket-proxy',
    about: 'Consoles of virtual machines in browsers',
    when: websocketHere,
    ports: (view) => tcp(view.get(websocketPort)),
  },
  {
    name: 'ovirt-http',
    about: 'Certificates of the authority, and the way to HTTPS',
    when: apacheHere,
    ports: (view) => tcp(view.get(httpPort)),
  },
  {
    name: 'ovirt-vmconsole-proxy',
    about: 'Serial consoles of virtual machines',
    when: vmconsoleHere,
    ports: () => tcp(proxyPort),
  },
  {
    name: 'ovirt-provider-ovn',
    about: 'Networks of OVN, for the engine and other clients of Neutron',
    when: ovnHere,
    ports: () => [...tcp(ovnPorts.neutron), ...tcp(ovnPorts.keystone)],
  },
];

/** What a compute node lets in. Ports for live migration, SNMP and a web console are nobody's yet. */
const ofNode: readonly Component[] = [
  { name: 'ovirt-host-agent', about: 'The engine, which gives orders to this host', when: isEnrolled, ports: () => tcp(agentPort) },
  { name: 'ovirt-imageio', about: 'Transfers of disk images', when: isEnrolled, ports: () => tcp(daemonPort) },
  { name: 'ovirt-vmconsole', about: 'Serial consoles, for the proxy beside the engine', when: isEnrolled, ports: () => tcp(hostPort) },
  {
    name: 'ovirt-host-displays',
    about: 'Displays of virtual machines',
    when: isEnrolled,
    ports: () => [{ protocol: 'tcp', port: 5900, to: 6923 }],
  },
];

const componentsOf = (view: View): readonly Component[] => (nodeHere(view) ? ofNode : components);

/** What the components of this installation need. */
export const openings = (view: View): readonly Opening[] =>
  componentsOf(view)
    .filter(({ when }) => when(view))
    .map(({ name, about, ports }) => ({ name, about, ports: ports(view) }));

/** Names of those that this installation does not need, but an earlier one may have. */
export const closings = (view: View): readonly string[] =>
  componentsOf(view)
    .filter(({ when }) => !when(view))
    .map(({ name }) => name);

/** All ports, as they are written: `tcp:443`. Sorted as text, like the classic list. */
export const portsOf = (list: readonly Opening[]): readonly Port[] =>
  list.flatMap(({ ports }) => ports).sort((a, b) => (written(a) < written(b) ? -1 : 1));

/** A port, or the first and the last one of a range. */
export const numbers = ({ port, to }: Port, between = '-'): string => (to === undefined ? String(port) : `${port}${between}${to}`);

export const written = (port: Port): string => `${port.protocol}:${numbers(port)}`;

/** As firewalld writes it: `443/tcp`, `5900-6923/tcp`. */
export const asOption = (port: Port): string => `${numbers(port)}/${port.protocol}`;

/** The other way. */
export const portIn = (option: string): readonly Port[] => {
  const [, port, to, protocol] = /^(\d+)(?:-(\d+))?\/(tcp|udp)$/.exec(option) ?? [];
  if (port === undefined) return [];
  return [{ port: Number(port), ...(to === undefined ? {} : { to: Number(to) }), protocol: protocol === 'udp' ? 'udp' : 'tcp' }];
};
