import type { Answer, Request } from '../http/exchange.ts';
import { Fault } from '../http/fault.ts';
import { fieldsOf, unwrap } from '../http/fields.ts';
import { versions } from '../keystone.ts';
import { createInventory } from '../northbound/inventory.ts';
import type { Northbound } from '../northbound/northbound.ts';
import { tableNames } from '../northbound/tables.ts';
import type { Settings } from '../settings.ts';
import type { Door } from '../sign-on/door.ts';
import { extensions } from './extensions.ts';
import { floatingIps } from './floating-ips.ts';
import { networks } from './networks.ts';
import { ports } from './ports.ts';
import { filtered, type Resource } from './resource.ts';
import { routers } from './routers.ts';
import { securityGroupRules } from './security-group-rules.ts';
import { securityGroups } from './security-groups.ts';
import { subnets } from './subnets.ts';

export interface NeutronParts {
  readonly northbound: Northbound;
  readonly door: Door;
  readonly settings: Settings;
  readonly now: () => number;
}

const notAllowed = (allowed: readonly string[]): Fault => new Fault(405, `What can be done here: ${allowed.join(', ')}.`);
const nothingHere = (): Fault => new Fault(404, 'There is nothing at this address.');

/** The network API, version 2.0. */
export function createNeutron({ northbound, door, settings, now }: NeutronParts) {
  const parts = { northbound, inventory: createInventory(northbound), defaults: settings.networks, now };
  const resources = [networks, subnets, ports, routers, floatingIps, securityGroups, securityGroupRules].map((make) => make(parts));
  const byRel = new Map([...resources, extensions].map((resource) => [resource.rel, resource]));
  const version = versions(`https://${settings.host}:${settings.listen.neutronPort}/v2.0/`);

  return async (request: Request): Promise<Answer> => {
    const { method, path, query, token, body } = request;
    const reads = method === 'GET' || method === 'HEAD';
    const [rel, id, action, ...more] = path;
    // Which versions there are is told to everybody: clients ask before they sign in.
    if (rel === undefined && reads) return { status: 200, body: version };
    await door.admit(token);
    if (rel === undefined) throw notAllowed(['GET']);
    if (rel === 'tech' && id === undefined && reads) return { status: 200, body: { tech: diagnosis(northbound) } };
    const resource = byRel.get(rel);
    if (resource === undefined || more.length > 0) throw nothingHere();
    if (id === undefined) return collection(resource, method, query, body);
    if (action !== undefined) return act(resource, method, id, action, body);
    return member(resource, method, id, body);
  };

  async function collection(resource: Resource, method: string, query: URLSearchParams, body: Request['body']): Promise<Answer> {
    const { one, many, add } = resource;
    if (method === 'GET' || method === 'HEAD') return { status: 200, body: { [many]: filtered(resource.list(), query) } };
    if (method !== 'POST' || add === undefined) throw notAllowed(add === undefined ? ['GET'] : ['GET', 'POST']);
    const fields = unwrap(await body(), one);
    return northbound.alone(async () => ({ status: 201, body: { [one]: resource.get(await add(fields)) } }));
  }

  async function member(resource: Resource, method: string, id: string, body: Request['body']): Promise<Answer> {
    const { one, change, remove } = resource;
    if (method === 'GET' || method === 'HEAD') return { status: 200, body: { [one]: resource.get(id) } };
    if (method === 'PUT' && change !== undefined) {
      const fields = unwrap(await body(), one);
      return northbound.alone(async () => {
        await change(id, fields);
        return { status: 200, body: { [one]: resource.get(id) } };
      });
    }
    if (method === 'DELETE' && remove !== undefined) {
      return northbound.alone(async () => {
        await remove(id);
        return { status: 204 };
      });
    }
    throw notAllowed(['GET', ...(change === undefined ? [] : ['PUT']), ...(remove === undefined ? [] : ['DELETE'])]);
  }

  async function act({ actions = {} }: Resource, method: string, id: string, word: string, body: Request['body']): Promise<Answer> {
    const action = Object.hasOwn(actions, word) ? actions[word] : undefined;
    if (action === undefined) throw nothingHere();
    if (method !== 'PUT') throw notAllowed(['PUT']);
    const fields = fieldsOf(await body());
    return northbound.alone(async () => ({ status: 200, body: await action(id, fields) }));
  }
}

/** What OVN has, for whoever looks for a fault: every row that the provider sees. */
function diagnosis(northbound: Northbound): object {
  const plain = (value: unknown): unknown => (value instanceof Map ? Object.fromEntries(value as ReadonlyMap<string, string>) : value);
  return Object.fromEntries(
    tableNames.map((table) => [
      table,
      [...northbound.rows(table).values()].map((row) =>
        Object.fromEntries(Object.entries(row).map(([name, value]) => [name, plain(value)])),
      ),
    ]),
  );
}
