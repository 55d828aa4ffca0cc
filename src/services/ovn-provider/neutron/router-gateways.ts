import { badRequest, conflict } from '../http/fault.ts';
import { type Fields, required } from '../http/fields.ts';
import type { Operation } from '../northbound/northbound.ts';
import { update } from '../northbound/operations.ts';
import type { DhcpOptions, Router, Switch } from '../northbound/tables.ts';
import { set } from '../ovsdb/notation.ts';
import { isWithin, plainAddress } from './addresses.ts';
import { addressesOfSide, freeAddress, gatewayOf, mustBeFree, rangeOf, subnetWith } from './addressing.ts';
import { floatingAddresses } from './floating.ts';
import type { Parts } from './parts.ts';
import { gatewayOwner, link, linksOf, type Link, unlink } from './router-links.ts';
import { addRoute, removeRoutes, routesOf } from './router-routes.ts';
import { beginSourceNat, endSourceNat, hasSourceNat, rangesInside, sourceRows } from './source-nat.ts';

/** Where somebody wants a router to lead outwards. What is undefined was not said. */
export interface WantedGateway {
  readonly network: Switch;
  readonly subnetId: string | undefined;
  readonly address: string | undefined;
  readonly snat: boolean | undefined;
}

/** A place in a network outside. */
interface Place {
  readonly subnet: DhcpOptions;
  readonly address: string;
}

/** Ways outwards of routers: a link with a network outside, a route that leads there, and translation of who goes there. */
export function routerGateways({ northbound, inventory }: Parts) {
  const linksWith = (router: Router) => {
    const links = linksOf(router, northbound, inventory);
    return { links, gateway: links.find(({ isGateway }) => isGateway) };
  };

  function describe(router: Router): object | null {
    const { links, gateway } = linksWith(router);
    if (gateway === undefined) return null;
    return {
      network_id: gateway.network.id,
      enable_snat: hasSourceNat(router, links, inventory),
      external_fixed_ips: addressesOfSide(gateway.side).flatMap((address) => {
        const subnet = subnetWith(address, inventory.subnetsOf(gateway.network.id));
        return subnet === undefined ? [] : [{ ip_address: address, subnet_id: subnet.id }];
      }),
    };
  }

  /** What is wanted outside; null: nothing. Undefined: as it is. */
  function read(fields: Fields): WantedGateway | null | undefined {
    const wanted = fields.object('external_gateway_info');
    if (wanted === undefined || wanted === null) return wanted;
    const network = inventory.network(required(wanted, 'network_id'));
    const [fixed, ...more] = wanted.objects('external_fixed_ips') ?? [];
    if (more.length > 0) throw badRequest('A router has one of external_fixed_ips at most.');
    const text = fixed?.text('ip_address') ?? undefined;
    const address = text === undefined ? undefined : plainAddress(text);
    if (address === null) throw badRequest('ip_address must be an address of the subnet.');
    return { network, address, subnetId: fixed?.text('subnet_id') ?? undefined, snat: wanted.flag('enable_snat') };
  }

  /** An address outside that is free. */
  function placeFor({ network, subnetId, address }: WantedGateway): Place {
    const candidates = inventory.subnetsOf(network.id).filter(({ id }) => subnetId === undefined || id === subnetId);
    const subnet = address === undefined || subnetId !== undefined ? candidates[0] : subnetWith(address, candidates);
    if (subnet === undefined) throw badRequest('The external network has no such subnet.');
    if (address === undefined) return { subnet, address: freeAddress(subnet, network, inventory, 'first') };
    if (!isWithin(address, rangeOf(subnet))) throw badRequest('ip_address must be an address of the subnet.');
    mustBeFree(address, network, inventory);
    return { subnet, address };
  }

  /** The route that leads there. */
  function routeTo(routerId: string, { subnet, address }: Place): readonly Operation[] {
    const nexthop = gatewayOf(subnet);
    if (nexthop === undefined || nexthop === address) return [];
    const destination = rangeOf(subnet).version === 4 ? '0.0.0.0/0' : '::/0';
    return addRoute(routerId, { destination, nexthop }, { ofGateway: true });
  }

  const open = (router: { readonly id: string }, wanted: WantedGateway, snat: boolean, ranges: readonly string[]): readonly Operation[] => {
    const place = placeFor(wanted);
    const { subnet, address } = place;
    return [
      ...link({ router, network: wanted.network, address, cidr: rangeOf(subnet), owner: gatewayOwner }, northbound).operations,
      ...routeTo(router.id, place),
      ...(snat ? beginSourceNat(router.id, [address], ranges) : []),
    ];
  };

  const close = (router: Router, links: readonly Link[], gateway: Link): readonly Operation[] => [
    ...endSourceNat(router, links, inventory),
    ...unlink(router, gateway),
    ...removeRoutes(router.id, routesOf(router, northbound).ofGateway),
  ];

  /** Another address in the same network: what others have said of the port, its host for instance, stays. */
  function move(router: Router, links: readonly Link[], { side }: Link, wanted: WantedGateway, snat: boolean): readonly Operation[] {
    const place = placeFor(wanted);
    return [
      ...endSourceNat(router, links, inventory),
      update('Logical_Router_Port', side.id, { networks: set([`${place.address}/${rangeOf(place.subnet).prefix}`]) }),
      ...removeRoutes(router.id, routesOf(router, northbound).ofGateway),
      ...routeTo(router.id, place),
      ...(snat ? beginSourceNat(router.id, [place.address], rangesInside(links)) : []),
    ];
  }

  /** Whether a gateway that is there is what somebody wants who may not have said which address it shall have. */
  function stays({ network, side }: Link, wanted: WantedGateway): boolean {
    const addresses = addressesOfSide(side);
    const subnet = inventory.subnetsOf(network.id).find(({ id }) => id === wanted.subnetId);
    return (
      (wanted.address === undefined || addresses.includes(wanted.address)) &&
      (wanted.subnetId === undefined || (subnet !== undefined && addresses.some((address) => isWithin(address, rangeOf(subnet)))))
    );
  }

  /** Begins or ends the translation, and leaves the gateway as it is. */
  function translate(router: Router, links: readonly Link[], { side }: Link, snat: boolean | undefined): readonly Operation[] {
    if (snat === undefined) return [];
    if (!snat) return endSourceNat(router, links, inventory);
    const present = sourceRows(router, links, inventory).map(({ logical_ip }) => logical_ip);
    const missing = rangesInside(links).filter((range) => !present.includes(range));
    return beginSourceNat(router.id, addressesOfSide(side), missing);
  }

  /** Floating addresses need the network that their router leads to. */
  function refuseWhileUsed({ id }: Router): void {
    const used = floatingAddresses(northbound, inventory).find(({ translation }) => translation?.router.id === id);
    if (used !== undefined) throw conflict(`The router ${id} translates the floating address ${used.address}.`);
  }

  /** What makes the way of a router outwards what somebody wants. */
  function change(router: Router, wanted: WantedGateway | null): readonly Operation[] {
    const { links, gateway } = linksWith(router);
    if (gateway === undefined) return wanted === null ? [] : open(router, wanted, wanted.snat === true, rangesInside(links));
    const snat = wanted?.snat ?? hasSourceNat(router, links, inventory);
    if (wanted?.network.id === gateway.network.id) {
      return stays(gateway, wanted) ? translate(router, links, gateway, wanted.snat) : move(router, links, gateway, wanted, snat);
    }
    refuseWhileUsed(router);
    return [...close(router, links, gateway), ...(wanted === null ? [] : open(router, wanted, snat, rangesInside(links)))];
  }

  return {
    describe,
    read,
    /** The first way outwards of a router that is being made. */
    begin: (routerId: string, wanted: WantedGateway) => open({ id: routerId }, wanted, wanted.snat === true, []),
    change,
    refuseWhileUsed,
  };
}
