import { randomUUID } from 'node:crypto';
import { badRequest, conflict, notSupported } from '../http/fault.ts';
import { type Fields, required } from '../http/fields.ts';
import { tenantId } from '../keystone.ts';
import { keys } from '../northbound/inventory.ts';
import type { Operation } from '../northbound/northbound.ts';
import { insert, mutate, needs, remove, update } from '../northbound/operations.ts';
import type { DhcpOptions, Router, Row, Switch } from '../northbound/tables.ts';
import { map, uuids } from '../ovsdb/notation.ts';
import { isWithin, plainAddress, readCidr } from './addresses.ts';
import { addressesOfSide, cidrOf, freeAddress, gatewayOf, mustBeFree, rangeOf, subnetWith } from './addressing.ts';
import { floatingAddresses } from './floating.ts';
import type { Parts } from './parts.ts';
import type { Entity, Resource } from './resource.ts';
import { routerInterfaces } from './router-interfaces.ts';
import { gatewayOwner, link, linksOf, unlink } from './router-links.ts';

/** Where a router leads outwards. */
interface Gateway {
  readonly network: Switch;
  readonly subnet: DhcpOptions;
  readonly address: string;
}

interface Route {
  readonly destination: string;
  readonly nexthop: string;
}

/** Routers, their gateways, routes and interfaces. */
export function routers(parts: Parts): Resource {
  const { northbound, inventory } = parts;
  const routesOf = (router: Router): readonly Row<'Logical_Router_Static_Route'>[] => {
    const rows = northbound.rows('Logical_Router_Static_Route');
    return router.static_routes.flatMap((id) => rows.get(id) ?? []);
  };
  const isOfGateway = (route: Row<'Logical_Router_Static_Route'>): boolean => route.external_ids.has(keys.gatewayRoute);
  const gatewayLink = (router: Router) => linksOf(router, northbound, inventory).find(({ isGateway }) => isGateway);

  function describeGateway(router: Router): object | null {
    const found = gatewayLink(router);
    if (found === undefined) return null;
    return {
      network_id: found.network.id,
      enable_snat: false,
      external_fixed_ips: addressesOfSide(found.side).flatMap((address) => {
        const subnet = subnetWith(address, inventory.subnetsOf(found.network.id));
        return subnet === undefined ? [] : [{ ip_address: address, subnet_id: subnet.id }];
      }),
    };
  }

  const describe = (router: Router): Entity => ({
    id: router.id,
    name: router.name,
    admin_state_up: router.enabled !== false,
    status: router.enabled === false ? 'INACTIVE' : 'ACTIVE',
    tenant_id: tenantId,
    external_gateway_info: describeGateway(router),
    routes: routesOf(router)
      .filter((route) => !isOfGateway(route))
      .map(({ ip_prefix, nexthop }) => ({ destination: ip_prefix, nexthop })),
  });

  /** What is wanted outside; null: nothing. Undefined: as it is. */
  function readGateway(fields: Fields): Gateway | null | undefined {
    const wanted = fields.object('external_gateway_info');
    if (wanted === undefined || wanted === null) return wanted;
    if (wanted.flag('enable_snat') === true) throw notSupported('enable_snat is not supported: it must be false.');
    const network = inventory.network(required(wanted, 'network_id'));
    const list = wanted.objects('external_fixed_ips') ?? [];
    if (list.length > 1) throw badRequest('A router has one of external_fixed_ips at most.');
    const subnetId = list[0]?.text('subnet_id');
    const text = list[0]?.text('ip_address');
    const candidates = inventory.subnetsOf(network.id);
    const subnet =
      typeof subnetId === 'string'
        ? candidates.find(({ id }) => id === subnetId)
        : typeof text === 'string'
          ? subnetWith(text, candidates)
          : candidates[0];
    const cidr = subnet === undefined ? undefined : cidrOf(subnet);
    if (subnet === undefined || cidr === undefined) throw badRequest('The external network has no such subnet.');
    if (text === undefined || text === null) {
      return { network, subnet, address: freeAddress(subnet, network, inventory, 'first') };
    }
    const address = plainAddress(text);
    if (address === null || !isWithin(address, cidr)) throw badRequest('ip_address must be an address of the subnet.');
    return { network, subnet, address };
  }

  const addRoute = (
    routerId: string,
    { destination, nexthop }: Route,
    own: Readonly<Record<string, string>> = {},
  ): readonly Operation[] => {
    const id = randomUUID();
    return [
      insert('Logical_Router_Static_Route', id, { ip_prefix: destination, nexthop, external_ids: map(own) }),
      mutate('Logical_Router', routerId, 'static_routes', 'insert', uuids([id])),
    ];
  };

  /** The way outwards, and the route that leads there. */
  function openGateway(router: { readonly id: string }, { network, subnet, address }: Gateway): readonly Operation[] {
    mustBeFree(address, network, inventory);
    const cidr = rangeOf(subnet);
    const nexthop = gatewayOf(subnet);
    return [
      ...link({ router, network, address, cidr, owner: gatewayOwner }, northbound).operations,
      ...(nexthop === undefined || nexthop === address
        ? []
        : addRoute(router.id, { destination: cidr.version === 4 ? '0.0.0.0/0' : '::/0', nexthop }, { [keys.gatewayRoute]: 'true' })),
    ];
  }

  /** Floating addresses need the network that their router leads to. */
  function refuseWhileUsed({ id }: Router): void {
    const used = floatingAddresses(northbound, inventory).find(({ translation }) => translation?.router.id === id);
    if (used !== undefined) throw conflict(`The router ${id} translates the floating address ${used.address}.`);
  }

  const closeGateway = (router: Router): readonly Operation[] => {
    const present = gatewayLink(router);
    const routes = routesOf(router).filter(isOfGateway);
    return [
      ...(present === undefined ? [] : unlink(router, present)),
      ...(routes.length === 0 ? [] : [mutate('Logical_Router', router.id, 'static_routes', 'delete', uuids(routes.map(({ id }) => id)))]),
    ];
  };

  return {
    rel: 'routers',
    one: 'router',
    many: 'routers',
    list: () => inventory.routers().map(describe),
    get: (id) => describe(inventory.router(id)),
    async add(fields) {
      const id = randomUUID();
      const gateway = readGateway(fields);
      const routes = readRoutes(fields) ?? [];
      await northbound.transact([
        insert('Logical_Router', id, { name: fields.text('name') ?? '', enabled: fields.flag('admin_state_up') ?? true }),
        ...(gateway === undefined || gateway === null ? [] : openGateway({ id }, gateway)),
        ...routes.flatMap((route) => addRoute(id, route)),
      ]);
      return id;
    },
    async change(id, fields) {
      const router = inventory.router(id);
      const name = fields.text('name');
      const enabled = fields.flag('admin_state_up');
      const gateway = readGateway(fields);
      const routes = readRoutes(fields);
      const present = describeGateway(router) as { network_id: string; external_fixed_ips: readonly { ip_address: string }[] } | null;
      const isSame =
        gateway === undefined ||
        (gateway === null && present === null) ||
        (gateway !== null && present?.network_id === gateway.network.id && asksForNothingElse(fields, present.external_fixed_ips, gateway));
      if (!isSame && gateway?.network.id !== present?.network_id) refuseWhileUsed(router);
      const own = routesOf(router).filter((route) => !isOfGateway(route));
      await northbound.transact([
        needs('Logical_Router', id),
        ...(typeof name === 'string' ? [update('Logical_Router', id, { name })] : []),
        ...(enabled === undefined ? [] : [update('Logical_Router', id, { enabled })]),
        ...(isSame ? [] : [...closeGateway(router), ...(gateway === null ? [] : openGateway(router, gateway))]),
        ...(routes === undefined
          ? []
          : [
              mutate('Logical_Router', id, 'static_routes', 'delete', uuids(own.map((route) => route.id))),
              ...routes.flatMap((route) => addRoute(id, route)),
            ]),
      ]);
    },
    async remove(id) {
      const router = inventory.router(id);
      const links = linksOf(router, northbound, inventory);
      if (links.some(({ isGateway }) => !isGateway)) throw conflict(`The router ${id} has interfaces.`);
      refuseWhileUsed(router);
      await northbound.transact([...links.flatMap((each) => unlink(router, each)), remove('Logical_Router', id)]);
    },
    actions: routerInterfaces(parts),
  };
}

/** Whether a gateway that is there is what somebody wants who may not have said which address it shall have. */
const asksForNothingElse = (fields: Fields, present: readonly { ip_address: string }[], { address }: Gateway): boolean =>
  fields.object('external_gateway_info')?.has('external_fixed_ips') !== true || present.some((one) => one.ip_address === address);

function readRoutes(fields: Fields): readonly Route[] | undefined {
  return fields.objects('routes')?.map((route) => {
    const destination = readCidr(required(route, 'destination'));
    const nexthop = plainAddress(required(route, 'nexthop'));
    if (destination === null) throw badRequest('destination must be a network, as in 192.0.2.0/24.');
    if (nexthop === null || nexthop.includes(':') !== (destination.version === 6)) {
      throw badRequest('nexthop must be an address of the kind of its destination.');
    }
    return { destination: destination.text, nexthop };
  });
}
