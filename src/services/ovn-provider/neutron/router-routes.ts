import { randomUUID } from 'node:crypto';
import { badRequest } from '../http/fault.ts';
import { type Fields, required } from '../http/fields.ts';
import { keys } from '../northbound/inventory.ts';
import type { Northbound, Operation } from '../northbound/northbound.ts';
import { insert, mutate } from '../northbound/operations.ts';
import type { Router, Row } from '../northbound/tables.ts';
import { map, uuids } from '../ovsdb/notation.ts';
import { plainAddress, readCidr } from './addresses.ts';

/** A route of a router: where packets for a network go next. */
export interface Route {
  readonly destination: string;
  readonly nexthop: string;
}

type Routes = readonly Row<'Logical_Router_Static_Route'>[];

/** Routes of a router: those that were asked for, and the one that its gateway has brought. */
export function routesOf(router: Router, northbound: Northbound): { readonly own: Routes; readonly ofGateway: Routes } {
  const rows = northbound.rows('Logical_Router_Static_Route');
  const all = router.static_routes.flatMap((id) => rows.get(id) ?? []);
  const isOfGateway = ({ external_ids }: Routes[number]): boolean => external_ids.has(keys.gatewayRoute);
  return { own: all.filter((route) => !isOfGateway(route)), ofGateway: all.filter(isOfGateway) };
}

export function addRoute(routerId: string, { destination, nexthop }: Route, { ofGateway = false } = {}): readonly Operation[] {
  const id = randomUUID();
  const own = map({ [keys.gatewayRoute]: ofGateway ? 'true' : undefined });
  return [
    insert('Logical_Router_Static_Route', id, { ip_prefix: destination, nexthop, external_ids: own }),
    mutate('Logical_Router', routerId, 'static_routes', 'insert', uuids([id])),
  ];
}

export const removeRoutes = (routerId: string, routes: Routes): readonly Operation[] =>
  routes.length === 0 ? [] : [mutate('Logical_Router', routerId, 'static_routes', 'delete', uuids(routes.map(({ id }) => id)))];

/** The field `routes`; undefined where it is not there. */
export function readRoutes(fields: Fields): readonly Route[] | undefined {
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
