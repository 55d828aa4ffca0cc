import { randomUUID } from 'node:crypto';
import { conflict } from '../http/fault.ts';
import { tenantId } from '../keystone.ts';
import { insert, needs, remove, update } from '../northbound/operations.ts';
import type { Router } from '../northbound/tables.ts';
import type { Parts } from './parts.ts';
import type { Entity, Resource } from './resource.ts';
import { routerGateways } from './router-gateways.ts';
import { routerInterfaces } from './router-interfaces.ts';
import { linksOf, unlink } from './router-links.ts';
import { addRoute, readRoutes, removeRoutes, routesOf } from './router-routes.ts';

/** Routers, their gateways, routes and interfaces. */
export function routers(parts: Parts): Resource {
  const { northbound, inventory } = parts;
  const gateways = routerGateways(parts);

  const describe = (router: Router): Entity => ({
    id: router.id,
    name: router.name,
    admin_state_up: router.enabled !== false,
    status: router.enabled === false ? 'INACTIVE' : 'ACTIVE',
    tenant_id: tenantId,
    external_gateway_info: gateways.describe(router),
    routes: routesOf(router, northbound).own.map(({ ip_prefix, nexthop }) => ({ destination: ip_prefix, nexthop })),
  });

  return {
    rel: 'routers',
    one: 'router',
    many: 'routers',
    list: () => inventory.routers().map(describe),
    get: (id) => describe(inventory.router(id)),
    async add(fields) {
      const id = randomUUID();
      const gateway = gateways.read(fields);
      const routes = readRoutes(fields) ?? [];
      await northbound.transact([
        insert('Logical_Router', id, { name: fields.text('name') ?? '', enabled: fields.flag('admin_state_up') ?? true }),
        ...(gateway === undefined || gateway === null ? [] : gateways.begin(id, gateway)),
        ...routes.flatMap((route) => addRoute(id, route)),
      ]);
      return id;
    },
    async change(id, fields) {
      const router = inventory.router(id);
      const name = fields.text('name');
      const enabled = fields.flag('admin_state_up');
      const gateway = gateways.read(fields);
      const routes = readRoutes(fields);
      await northbound.transact([
        needs('Logical_Router', id),
        ...(typeof name === 'string' ? [update('Logical_Router', id, { name })] : []),
        ...(enabled === undefined ? [] : [update('Logical_Router', id, { enabled })]),
        ...(gateway === undefined ? [] : gateways.change(router, gateway)),
        ...(routes === undefined
          ? []
          : [...removeRoutes(id, routesOf(router, northbound).own), ...routes.flatMap((route) => addRoute(id, route))]),
      ]);
    },
    async remove(id) {
      const router = inventory.router(id);
      const links = linksOf(router, northbound, inventory);
      if (links.some(({ isGateway }) => !isGateway)) throw conflict(`The router ${id} has interfaces.`);
      gateways.refuseWhileUsed(router);
      await northbound.transact([...links.flatMap((each) => unlink(router, each)), remove('Logical_Router', id)]);
    },
    actions: routerInterfaces(parts),
  };
}
