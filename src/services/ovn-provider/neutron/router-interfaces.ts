import { badRequest, conflict, Fault } from '../http/fault.ts';
import type { Fields } from '../http/fields.ts';
import { tenantId } from '../keystone.ts';
import { isOfRouter, isReservation, keys } from '../northbound/inventory.ts';
import type { DhcpOptions } from '../northbound/tables.ts';
import { isWithin, readCidr } from './addresses.ts';
import { addressesOfSide, gatewayOf, mustBeFree, rangeOf, subnetWith } from './addressing.ts';
import { addressesOf } from './fixed-addresses.ts';
import { floatingAddresses } from './floating.ts';
import { removeNat } from './nat-operations.ts';
import type { Parts } from './parts.ts';
import type { Resource } from './resource.ts';
import { interfaceOwner, link, linksOf, unlink } from './router-links.ts';
import { beginSourceNat, hasSourceNat, rangesAt, sourceRows } from './source-nat.ts';

/** Links of routers with networks inside: by a subnet, whose gateway the router becomes, or by a port that is there. */
export function routerInterfaces({ northbound, inventory }: Parts): NonNullable<Resource['actions']> {
  const answer = (id: string, portId: string, subnetId: string, networkId: string): object => ({
    id,
    port_id: portId,
    subnet_id: subnetId,
    subnet_ids: [subnetId],
    network_id: networkId,
    tenant_id: tenantId,
  });

  const networkIdOf = (subnet: DhcpOptions): string => subnet.external_ids.get(keys.subnetNetwork) ?? '';

  /** The subnet, and the port where one was named, that a request is about. */
  function targetOf(fields: Fields) {
    const subnetId = fields.text('subnet_id');
    const portId = fields.text('port_id');
    if (typeof subnetId === 'string' && typeof portId !== 'string') return { subnet: inventory.subnet(subnetId) };
    if (typeof portId === 'string' && typeof subnetId !== 'string') return { port: inventory.port(portId) };
    throw badRequest('Either subnet_id or port_id is needed.');
  }

  return {
    async add_router_interface(id, fields) {
      const router = inventory.router(id);
      const { subnet: given, port } = targetOf(fields);
      if (port !== undefined && isOfRouter(port)) throw conflict(`The port ${port.id} belongs to a router already.`);
      if (port !== undefined && isReservation(port)) throw conflict(`The port ${port.id} keeps a floating address.`);
      const network = port === undefined ? inventory.network(networkIdOf(given)) : inventory.networkOf(port);
      if (network === undefined) throw conflict('The port is of no network.');
      const [own] = port === undefined ? [] : addressesOf(port);
      const subnet = given ?? (own === undefined ? undefined : subnetWith(own, inventory.subnetsOf(network.id)));
      if (subnet === undefined) throw badRequest('The port has no address of a subnet.');
      const address = own ?? gatewayOf(subnet);
      if (address === undefined) throw badRequest('The subnet has no gateway_ip, which the router could become.');
      const cidr = rangeOf(subnet);
      if (port === undefined) mustBeFree(address, network, inventory);
      const links = linksOf(router, northbound, inventory);
      const overlapping = links.some(({ side }) => addressesOfSide(side).some((one) => isWithin(one, cidr)));
      if (overlapping) throw conflict(`The router has an address of ${cidr.text} already.`);
      const made = link({ router, network, address, cidr, owner: interfaceOwner, ...(port === undefined ? {} : { port }) }, northbound);
      const gateway = links.find(({ isGateway }) => isGateway);
      const isTranslated = gateway !== undefined && cidr.version === 4 && hasSourceNat(router, links, inventory);
      await northbound.transact([
        ...made.operations,
        ...(isTranslated ? beginSourceNat(id, addressesOfSide(gateway.side), [cidr.text]) : []),
      ]);
      return answer(id, made.portId, subnet.id, network.id);
    },
    async remove_router_interface(id, fields) {
      const router = inventory.router(id);
      const { subnet, port } = targetOf(fields);
      const links = linksOf(router, northbound, inventory);
      const found = links.find(
        (one) =>
          !one.isGateway &&
          (subnet === undefined
            ? one.port.id === port.id
            : one.network.id === networkIdOf(subnet) && addressesOfSide(one.side).some((each) => isWithin(each, rangeOf(subnet)))),
      );
      if (found === undefined) throw new Fault(404, 'The router has no such interface.');
      const ranges = found.side.networks.flatMap((text) => readCidr(text) ?? []);
      const used = floatingAddresses(northbound, inventory).find(
        ({ translation }) => translation?.router.id === id && ranges.some((range) => isWithin(translation.nat.logical_ip, range)),
      );
      if (used !== undefined) throw conflict(`The floating address ${used.address} stands for an address behind this interface.`);
      const rows = sourceRows(router, links, inventory).filter(({ logical_ip }) => rangesAt(found).includes(logical_ip));
      await northbound.transact([
        ...unlink(router, found),
        ...removeNat(
          id,
          rows.map((row) => row.id),
        ),
      ]);
      const its = subnet ?? subnetWith(addressesOfSide(found.side)[0] ?? '', inventory.subnetsOf(found.network.id));
      return answer(id, found.port.id, its?.id ?? '', found.network.id);
    },
  };
}
