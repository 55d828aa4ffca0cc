import { notFound } from '../http/fault.ts';
import type { Entity, Resource } from './resource.ts';

/** What the API can beyond its core, by the words that clients ask for. */
const list: readonly (readonly [alias: string, name: string, about: string])[] = [
  ['ext-gw-mode', 'Neutron L3 Configurable external gateway mode', 'Routers that translate source addresses.'],
  ['external-net', 'Neutron external network', 'Networks that routers lead out to.'],
  ['extraroute', 'Neutron Extra Route', 'Routes of routers.'],
  ['net-mtu', 'Network MTU', 'The largest packet of a network.'],
  ['port-security', 'Port Security', 'Ports that send from their own addresses only.'],
  ['provider', 'Provider Network', 'Networks on the wires of hosts.'],
  ['router', 'Neutron L3 Router', 'Routers between networks.'],
  ['security-group', 'security-group', 'What ports let through.'],
];

/** Extensions by their alias. */
export const extensions: Resource = {
  rel: 'extensions',
  one: 'extension',
  many: 'extensions',
  list: () => list.map(describe),
  get(id) {
    const found = list.find(([alias]) => alias === id);
    if (found === undefined) throw notFound('extension', id);
    return describe(found);
  },
};

const describe = ([alias, name, description]: readonly [string, string, string]): Entity => ({
  id: alias,
  alias,
  name,
  description,
  links: [],
  updated: '2026-01-01T00:00:00Z',
});
