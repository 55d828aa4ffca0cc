import { randomUUID } from 'node:crypto';
import { type Inventory, isOfRouter, keys } from '../northbound/inventory.ts';
import type { Northbound, Operation } from '../northbound/northbound.ts';
import { insert, mutate, needs, setKeys, update } from '../northbound/operations.ts';
import type { Router, RouterPort, Switch, SwitchPort } from '../northbound/tables.ts';
import { map, set, uuids } from '../ovsdb/notation.ts';
import type { Cidr } from './addresses.ts';
import { newMac } from './fixed-addresses.ts';
import { membership } from './group-operations.ts';

/** A network that a router is linked to: its port there, and the router's side of it. */
export interface Link {
  readonly port: SwitchPort;
  readonly side: RouterPort;
  readonly network: Switch;
  /** Whether it leads outwards. */
  readonly isGateway: boolean;
}

export const interfaceOwner = 'network:router_interface';
export const gatewayOwner = 'network:router_gateway';

/** The links of a router. */
export function linksOf(router: Router, northbound: Northbound, inventory: Inventory): readonly Link[] {
  const bySide = northbound.derived('links', ['Logical_Switch_Port', 'Logical_Switch'], () => {
    const found = new Map<string, { readonly port: SwitchPort; readonly network: Switch }>();
    for (const port of inventory.ports()) {
      const network = inventory.networkOf(port);
      const side = port.options.get('router-port');
      if (isOfRouter(port) && side !== undefined && network !== undefined) found.set(side, { port, network });
    }
    return found;
  });
  const sides = northbound.rows('Logical_Router_Port');
  return router.ports.flatMap((id) => {
    const side = sides.get(id);
    const end = side === undefined ? undefined : bySide.get(side.name);
    if (side === undefined || end === undefined) return [];
    return [{ ...end, side, isGateway: end.port.external_ids.get(keys.deviceOwner) === gatewayOwner }];
  });
}

/** What links a router with a network; `port` is one that is there already, and then becomes the router's. */
export function link(
  wanted: {
    readonly router: Router | { readonly id: string };
    readonly network: Switch;
    readonly address: string;
    readonly cidr: Cidr;
    readonly owner: string;
    readonly port?: SwitchPort;
  },
  northbound: Northbound,
): { readonly portId: string; readonly operations: readonly Operation[] } {
  const { router, network, address, cidr, owner, port } = wanted;
  const portId = port?.id ?? randomUUID();
  const sideId = randomUUID();
  const side = `lrp-${portId}`;
  const external = { [keys.deviceId]: router.id, [keys.deviceOwner]: owner };
  const switchSide: readonly Operation[] =
    port === undefined
      ? [
          needs('Logical_Switch', network.id),
          insert('Logical_Switch_Port', portId, {
            name: portId,
            type: 'router',
            addresses: set(['router']),
            // Who is outside is told of the addresses that the router translates.
            options: map({ 'router-port': side, 'nat-addresses': owner === gatewayOwner ? 'router' : undefined }),
            external_ids: map({ ...external, [keys.nicName]: '' }),
          }),
          mutate('Logical_Switch', network.id, 'ports', 'insert', uuids([portId])),
        ]
      : [
          needs('Logical_Switch_Port', portId),
          update('Logical_Switch_Port', portId, {
            type: 'router',
            addresses: set(['router']),
            port_security: set([]),
            dhcpv4_options: set([]),
            dhcpv6_options: set([]),
          }),
          setKeys('Logical_Switch_Port', portId, 'options', { 'router-port': side }),
          setKeys('Logical_Switch_Port', portId, 'external_ids', { ...external, [keys.securityGroups]: undefined }),
          ...membership(northbound, portId, null),
        ];
  return {
    portId,
    operations: [
      insert('Logical_Router_Port', sideId, {
        name: side,
        mac: newMac(),
        networks: set([`${address}/${cidr.prefix}`]),
      }),
      mutate('Logical_Router', router.id, 'ports', 'insert', uuids([sideId])),
      ...switchSide,
    ],
  };
}

/** What takes a link away, with both of its ends. */
export const unlink = (router: Router, { port, side, network }: Link): readonly Operation[] => [
  mutate('Logical_Switch', network.id, 'ports', 'delete', uuids([port.id])),
  mutate('Logical_Router', router.id, 'ports', 'delete', uuids([side.id])),
];
