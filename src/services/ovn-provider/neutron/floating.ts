import { type Inventory, isOfRouter, isReservation } from '../northbound/inventory.ts';
import type { Northbound } from '../northbound/northbound.ts';
import type { Nat, Router, Switch, SwitchPort } from '../northbound/tables.ts';
import { isWithin, readCidr } from './addresses.ts';
import { addressesAt, addressesOfSide } from './addressing.ts';
import { addressesOf } from './fixed-addresses.ts';
import { linksOf } from './router-links.ts';

/** A translation of one address outside into one inside. */
export interface Translation {
  readonly router: Router;
  readonly nat: Nat;
  /** The port inside; undefined where that cannot be told. */
  readonly port: SwitchPort | undefined;
}

/**
 * A floating address. It is kept by a reservation, and translated by a row of NAT of type dnat_and_snat. Where somebody else has made such a row,
 * there is no reservation.
 */
export interface Floating {
  readonly id: string;
  readonly address: string;
  /** The network outside; undefined where that cannot be told. */
  readonly network: Switch | undefined;
  readonly reservation: SwitchPort | undefined;
  readonly translation: Translation | undefined;
}

/** All floating addresses. */
export function floatingAddresses(northbound: Northbound, inventory: Inventory): readonly Floating[] {
  return northbound.derived(
    'floating addresses',
    ['Logical_Switch', 'Logical_Switch_Port', 'Logical_Router', 'Logical_Router_Port', 'NAT'],
    () => {
      const translations = inventory.routers().flatMap((router) => translationsOf(router, northbound, inventory));
      const left = new Set(translations);
      const reserved = inventory.ports().flatMap((reservation): readonly Floating[] => {
        const network = inventory.networkOf(reservation);
        const [address] = isReservation(reservation) ? addressesAt(reservation, inventory) : [];
        if (network === undefined || address === undefined) return [];
        const translation = translations.find((one) => one.network?.id === network.id && one.nat.external_ip === address && left.has(one));
        if (translation !== undefined) left.delete(translation);
        return [{ id: reservation.id, address, network, reservation, translation }];
      });
      const byHand = [...left].map((translation): Floating => {
        const { nat, network } = translation;
        return { id: nat.id, address: nat.external_ip, network, reservation: undefined, translation };
      });
      return [...reserved, ...byHand];
    },
  );
}

function translationsOf(
  router: Router,
  northbound: Northbound,
  inventory: Inventory,
): readonly (Translation & { readonly network: Switch | undefined })[] {
  const rows = inventory.natOf(router).filter(({ type }) => type === 'dnat_and_snat');
  if (rows.length === 0) return [];
  const links = linksOf(router, northbound, inventory);
  const leadsTo = (address: string) =>
    links.find(({ side }) => side.networks.some((text) => isIn(text, address))) ?? links.find(({ isGateway }) => isGateway);
  return rows.map((nat) => {
    const network = leadsTo(nat.external_ip)?.network;
    const named = nat.logical_port === undefined ? undefined : inventory.portNamed(nat.logical_port);
    const inside = links
      .filter((one) => one.network.id !== network?.id && one.side.networks.some((text) => isIn(text, nat.logical_ip)))
      .flatMap((one) => inventory.portsOf(one.network))
      .find((port) => !isOfRouter(port) && addressesOf(port).includes(nat.logical_ip));
    return { router, nat, network, port: named ?? inside };
  });
}

const isIn = (range: string, address: string): boolean => {
  const cidr = readCidr(range);
  return cidr !== null && isWithin(address, cidr);
};

/** The router that leads from an address inside to a network outside; if there are several, the one that is the gateway there. */
export function routerBetween(
  inside: { readonly network: Switch; readonly address: string; readonly gateway: string | undefined },
  outside: Switch,
  northbound: Northbound,
  inventory: Inventory,
): Router | undefined {
  const candidates = inventory.routers().flatMap((router) => {
    const links = linksOf(router, northbound, inventory);
    if (!links.some((one) => one.isGateway && one.network.id === outside.id)) return [];
    const here = links.filter(
      (one) => !one.isGateway && one.network.id === inside.network.id && one.side.networks.some((text) => isIn(text, inside.address)),
    );
    return here.map(({ side }) => ({ router, addresses: addressesOfSide(side) }));
  });
  const atGateway = candidates.find(({ addresses }) => inside.gateway !== undefined && addresses.includes(inside.gateway));
  return (atGateway ?? candidates[0])?.router;
}
