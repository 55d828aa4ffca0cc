import { notFound } from '../http/fault.ts';
import type { Northbound } from './northbound.ts';
import type { DhcpOptions, Nat, PortGroup, Router, RouterPort, Switch, SwitchPort } from './tables.ts';

/* Names under which the provider keeps what OVN itself has no place for; they are those that other programs know. */
export const keys = {
  networkName: 'ovirt_network_name',
  portSecurity: 'ovirt_port_security',
  mtu: 'mtu',
  nicName: 'ovirt_nic_name',
  deviceId: 'ovirt_device_id',
  deviceOwner: 'ovirt_device_owner',
  securityGroups: 'ovirt_security_groups',
  subnetName: 'ovirt_name',
  subnetNetwork: 'ovirt_network_id',
  addressMode: 'ovirt_ipv6_address_mode',
  gatewayRoute: 'ovirt_gateway_route',
  gatewaySnat: 'ovirt_enable_snat',
  floatingAddress: 'ovirt_floating_ip_address',
  groupName: 'ovirt_sec_group_name',
  description: 'ovirt_description',
  created: 'ovirt_created_at',
  updated: 'ovirt_updated_at',
  revision: 'ovirt_revision_number',
} as const;

/** Rows of the northbound database as the network API asks for them. */
export interface Inventory {
  networks(): readonly Switch[];
  network(id: string): Switch;
  /** Ports of a network, with those that OVN needs for itself. */
  portsOf(network: Switch): readonly SwitchPort[];
  /** The network of a port. */
  networkOf(port: SwitchPort): Switch | undefined;
  ports(): readonly SwitchPort[];
  port(id: string): SwitchPort;
  /** A port by the name that other rows know it by. */
  portNamed(name: string): SwitchPort | undefined;
  subnets(): readonly DhcpOptions[];
  subnet(id: string): DhcpOptions;
  subnetsOf(networkId: string): readonly DhcpOptions[];
  routers(): readonly Router[];
  router(id: string): Router;
  /** Translations of addresses in a router. */
  natOf(router: Router): readonly Nat[];
  /** The router's side of a port that leads to one. */
  routerSide(port: SwitchPort): { readonly router: Router; readonly side: RouterPort } | undefined;
  groups(): readonly PortGroup[];
  group(id: string): PortGroup;
}

/** The port through which a network reaches the wires of hosts is none of its own. */
export const isPhysical = (port: SwitchPort): boolean => port.type === 'localnet';
export const isOfRouter = (port: SwitchPort): boolean => port.type === 'router';

export const floatingOwner = 'network:floatingip';
/** A port that nothing is plugged into: it keeps a floating address in its network, so that nobody else gets it. */
export const isReservation = ({ external_ids }: SwitchPort): boolean => external_ids.get(keys.deviceOwner) === floatingOwner;

export function createInventory(northbound: Northbound): Inventory {
  const all = <T>(rows: ReadonlyMap<string, T>): readonly T[] => [...rows.values()];
  const found = <T>(row: T | undefined, what: string, id: string): T => {
    if (row === undefined) throw notFound(what, id);
    return row;
  };
  const owners = (): ReadonlyMap<string, Switch> =>
    northbound.derived('owners', ['Logical_Switch'], () => {
      const switches = all(northbound.rows('Logical_Switch'));
      return new Map(switches.flatMap((network) => network.ports.map((port) => [port, network] as const)));
    });
  const sides = () =>
    northbound.derived('sides', ['Logical_Router', 'Logical_Router_Port'], () => {
      const rows = northbound.rows('Logical_Router_Port');
      return new Map(
        all(northbound.rows('Logical_Router')).flatMap((router) =>
          router.ports.flatMap((id) => {
            const side = rows.get(id);
            return side === undefined ? [] : [[side.name, { router, side }] as const];
          }),
        ),
      );
    });

  const inventory: Inventory = {
    networks: () => all(northbound.rows('Logical_Switch')),
    network: (id) => found(northbound.rows('Logical_Switch').get(id), 'network', id),
    portsOf(network) {
      const rows = northbound.rows('Logical_Switch_Port');
      return network.ports.flatMap((id) => rows.get(id) ?? []);
    },
    networkOf: (port) => owners().get(port.id),
    ports: () => all(northbound.rows('Logical_Switch_Port')).filter((port) => !isPhysical(port) && owners().has(port.id)),
    port(id) {
      const port = northbound.rows('Logical_Switch_Port').get(id);
      return found(port === undefined || isPhysical(port) || !owners().has(id) ? undefined : port, 'port', id);
    },
    portNamed(name) {
      const byName = northbound.derived('names', ['Logical_Switch_Port'], () => {
        const rows = all(northbound.rows('Logical_Switch_Port'));
        return new Map(rows.map((port) => [port.name, port] as const));
      });
      return byName.get(name);
    },
    subnets: () => all(northbound.rows('DHCP_Options')).filter((row) => row.external_ids.has(keys.subnetNetwork)),
    subnet(id) {
      const row = northbound.rows('DHCP_Options').get(id);
      return found(row?.external_ids.has(keys.subnetNetwork) === true ? row : undefined, 'subnet', id);
    },
    subnetsOf: (networkId) => inventory.subnets().filter((row) => row.external_ids.get(keys.subnetNetwork) === networkId),
    routers: () => all(northbound.rows('Logical_Router')),
    router: (id) => found(northbound.rows('Logical_Router').get(id), 'router', id),
    natOf(router) {
      const rows = northbound.rows('NAT');
      return router.nat.flatMap((id) => rows.get(id) ?? []);
    },
    routerSide: (port) => sides().get(port.options.get('router-port') ?? ''),
    groups: () => all(northbound.rows('Port_Group')).filter((row) => row.external_ids.has(keys.groupName)),
    group(id) {
      const row = northbound.rows('Port_Group').get(id);
      return found(row?.external_ids.has(keys.groupName) === true ? row : undefined, 'security group', id);
    },
  };
  return inventory;
}
