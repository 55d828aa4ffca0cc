import { isUuid } from '../../frame/uuid.ts';
import { Problem } from '../tool.ts';
import { listOf, objectOf, textOf } from './json.ts';
import type { Json, Rest } from './rest.ts';

/** A storage domain, as far as it matters here. */
export interface Domain {
  readonly type: 'iso' | 'data';
  readonly id: string;
  readonly name: string;
  /** `ok`, `warning`, ... */
  readonly status: string;
  readonly entity: Json;
}

/** Where the files of a domain lie. */
export interface Place {
  readonly host: string;
  /** The folder that the domain was made in. */
  readonly path: string;
  readonly id: string;
}

/** All domains for ISO files or for data, by their names. */
async function domainsOf(rest: Rest): Promise<readonly Domain[]> {
  return listOf((await rest('storagedomains'))['storage_domain'])
    .flatMap((entity): readonly Domain[] => {
      const { type } = entity;
      const id = textOf(entity['id']);
      if ((type !== 'iso' && type !== 'data') || !isUuid(id)) return [];
      return [{ id, type, name: textOf(entity['name']), status: textOf(entity['external_status']) || 'ok', entity }];
    })
    .sort((one, other) => one.name.localeCompare(other.name));
}

/** All ISO domains, by their names. */
export const isoDomains = async (rest: Rest): Promise<readonly Domain[]> => (await domainsOf(rest)).filter(({ type }) => type === 'iso');

/** The data centers that a domain is attached to. */
function centersOf({ entity }: Domain): readonly string[] {
  const all = [...listOf(objectOf(entity['data_centers'])['data_center']), objectOf(entity['data_center'])];
  return [...new Set(all.map((center) => textOf(center['id'])))].filter(isUuid);
}

/** The domain of a name, which must be in use. Throws a Problem. */
export async function findDomain(rest: Rest, name: string): Promise<Domain> {
  const all = await domainsOf(rest);
  const found = all.find((domain) => domain.name === name || domain.id === name);
  if (found === undefined) {
    const others = all.length === 0 ? 'there is none' : `there is ${all.map((domain) => domain.name).join(', ')}`;
    throw new Problem(`There is no storage domain ${name} for ISO files or data: ${others}.`);
  }
  const ids = centersOf(found);
  if (ids.length === 0) throw new Problem(`The storage domain ${found.name} is not attached to a data center.`);
  const states = await Promise.all(ids.map(async (id) => textOf((await rest(`datacenters/${id}/storagedomains/${found.id}`))['status'])));
  if (states.includes('active')) return found;
  throw new Problem(`The storage domain ${found.name} is not active: its status is ${states.join(', ')}.`);
}

/** Where the files of a domain lie. Throws a Problem. */
export async function placeOf(rest: Rest, domain: Domain): Promise<Place> {
  const { id, name, entity } = domain;
  const storage = objectOf(entity['storage']);
  const [address, path] = [textOf(storage['address']), textOf(storage['path'])];
  switch (storage['type']) {
    case 'nfs':
      return { host: address, path, id };
    case 'posixfs': {
      // A folder that all hosts of the data center have, under the same name.
      if (storage['vfs_type'] === 'bind' && path.startsWith('/')) {
        const host = await hostThatIsUp(rest, domain);
        if (host !== null) return { host, path, id };
        break;
      }
      // `server:/path`, as mount takes it.
      const [, server, folder] = /^\[?([^/[\]]+)\]?:(\/.*)$/.exec(path) ?? [];
      if (server !== undefined && folder !== undefined) return { host: server, path: folder, id };
      break;
    }
    case 'localfs': {
      const host = textOf(objectOf(entity['host'])['id']);
      if (isUuid(host)) return { host: textOf((await rest(`hosts/${host}`))['address']), path, id };
      break;
    }
    default:
  }
  throw new Problem(`It is not known on which host the ISO storage domain ${name} lies. Name it with --nfs-server=HOST:/PATH.`);
}

/** The address of a host that is up in a data center of a domain; null where there is none. */
async function hostThatIsUp(rest: Rest, domain: Domain): Promise<string | null> {
  for (const center of centersOf(domain)) {
    const name = textOf((await rest(`datacenters/${center}`))['name']);
    const search = encodeURIComponent(`datacenter="${name}" and status=up sortby name`);
    const [host] = listOf((await rest(`hosts?search=${search}&max=1`))['host']);
    if (host !== undefined) return textOf(host['address']);
  }
  return null;
}

/** Has the list of files of a domain read anew. */
export const refresh = (rest: Rest, { id }: Domain): Promise<unknown> => rest(`storagedomains/${id}/files?refresh=true`);
