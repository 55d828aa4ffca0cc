import { randomUUID } from 'node:crypto';
import { statusNumber } from '../../../hosts/host-status.ts';
import { badRequest, notFound, Refusal } from '../../../http/refusal.ts';
import { domainTypes, domainVersions, poolStatus, storageKinds } from '../../../storage/storage-kinds.ts';
import { storageStatusNumbers } from '../../../storage/storage-status.ts';
import { commandsThere, disksThere, runningThere } from '../../../storage/uses-of-domains.ts';
import { incomplete, invalidValue, outOfRange } from '../../fault.ts';
import type { Values } from '../../search/values.ts';
import type { Entity } from '../../types.ts';
import { objectIn, type Occasion, type SpecialChange, textOf } from '../collection.ts';
import { permits, systemObject } from '../permits.ts';
import { plainName, within } from '../stored.ts';
import { type PlaceColumns, placeOf } from './places.ts';

/* Storage domains as such: making them, taking over those that are there, and removing them. */

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** The host that is to do something, with its data center. Throws refusals (404, 409). */
async function upHost({ database, members, asker }: Occasion, named: Entity): Promise<{ readonly id: string; readonly name: string }> {
  const id = await members.resolve('hosts', named, asker);
  const [host] = await database.query<{ name: string; up: boolean }>(
    'select vds_name as name, status = $2 as up from vds where vds_id = $1',
    [id, statusNumber('up')],
  );
  if (host === undefined) throw notFound();
  if (!host.up) throw new Refusal(409, `Host ${host.name} is not up. Name one that is.`);
  return { id, name: host.name };
}

/** The connection that a domain is to lie behind: one that is there already, or a new one. Throws refusals. */
async function connectionOf(
  { database, entity, members, asker }: Occasion,
  host: string,
): Promise<{ readonly id: string; readonly place: PlaceColumns | null; readonly kind: number }> {
  const storage = objectIn(entity, 'storage');
  if (typeof storage.id === 'string' && storage.id !== '') {
    const id = await members.resolve('storageconnections', { id: storage.id }, asker);
    const [known] = await database.query<{ kind: number }>('select storage_type as kind from storage_server_connections where id = $1', [
      id,
    ]);
    return { id, place: null, kind: known?.kind ?? 0 };
  }
  const place = placeOf(storage, 'storage_domain');
  // A folder of a host is another one than that of another host.
  const [twin] = await database.query<{ id: string; domain: string | null }>(
    `select c.id, s.storage_name as domain from storage_server_connections c left join storage_domain_static s on s.storage = c.id
     where c.connection = $1 and c.storage_type = $2 and ($2 <> ${storageKinds.localfs} or s.vds_id = $3) order by s.storage_name nulls last limit 1`,
    [place.connection, place.storage_type, host],
  );
  if (typeof twin?.domain === 'string') throw new Refusal(409, `Storage domain ${twin.domain} lies on ${place.connection} already.`);
  return twin === undefined
    ? { id: randomUUID(), place, kind: place.storage_type }
    : { id: twin.id, place: null, kind: place.storage_type };
}

const types = ['data', 'iso', 'export'] as const;

/** Adds a domain, and begins to make it on the storage; or takes over the one whose id the client names. */
export const addDomain: SpecialChange = {
  permit: permits.create_storage_domain,
  settles: true,
  async work(occasion) {
    const { entity, database } = occasion;
    const type = (textOf(entity, 'type').toLowerCase() || 'data') as (typeof types)[number];
    if (!types.includes(type)) throw invalidValue('type', types);
    const missing = [
      ...(textOf(entity, 'name').trim() === '' ? ['name'] : []),
      ...(Object.keys(objectIn(entity, 'host')).length === 0 ? ['host.id|name'] : []),
      ...(Object.keys(objectIn(entity, 'storage')).length === 0 ? ['storage'] : []),
    ];
    if (missing.length > 0) throw incomplete('storage_domain', missing, 'add');
    const name = String(plainName(textOf(entity, 'name')));
    if (name.length > 250 || textOf(entity, 'description').length > 4_000 || textOf(entity, 'comment').length > 4_000)
      throw outOfRange('name may have 250 characters, description and comment 4000 at most.');
    const adopts = typeof entity.id === 'string' && entity.id !== '';
    if (adopts && !uuid.test(entity.id ?? '')) throw badRequest('The id of a storage domain is a UUID.');
    const format = textOf(entity, 'storage_format');
    const formats = domainVersions[type] === 0 ? ['v1'] : [`v${domainVersions[type]}`];
    if (format !== '' && !formats.includes(format)) throw invalidValue('storage_format', formats);
    const id = adopts ? (entity.id ?? '').toLowerCase() : randomUUID();
    const host = await upHost(occasion, objectIn(entity, 'host'));
    const connection = await connectionOf(occasion, host.id);
    const [known] = await database.query('select from storage_domain_static where id = $1', [id]);
    if (known !== undefined) throw new Refusal(409, `A storage domain with the id ${id} is there already.`);
    const numberOf = (attribute: string, otherwise: number, most: number): number =>
      entity[attribute] === undefined || entity[attribute] === null ? otherwise : within(0, most, attribute)(entity[attribute]);
    const columns = {
      id,
      storage: connection.id,
      storage_name: name,
      storage_description: textOf(entity, 'description'),
      storage_comment: textOf(entity, 'comment'),
      storage_type: connection.kind,
      storage_domain_type: domainTypes[type],
      storage_domain_format_type: String(domainVersions[type]),
      vds_id: connection.kind === storageKinds.localfs ? host.id : null,
      wipe_after_delete: entity['wipe_after_delete'] === true,
      discard_after_delete: entity['discard_after_delete'] === true,
      backup: entity['backup'] === true,
      warning_low_space_indicator: numberOf('warning_low_space_indicator', 10, 100),
      critical_space_action_blocker: numberOf('critical_space_action_blocker', 5, 2_147_483_647),
    };
    return {
      ...{ object: systemObject, storageDomain: id, name },
      event: {
        ...{ code: 9870, name: 'USER_ADD_STORAGE_DOMAIN_STARTED', failed: 957 },
        text: `Storage domain \${name} is being ${adopts ? 'taken over' : 'made'}, as \${user} wants it.`,
      },
      statement: (values) => {
        const list = (all: object): readonly [names: string, places: string] => [
          Object.keys(all).join(', '),
          Object.values(all)
            .map((value) => values.add(value))
            .join(', '),
        ];
        const [names, places] = list(columns);
        const connecting = connection.place === null ? null : list({ id: connection.id, with_domain: true, ...connection.place });
        return [
          ...(connecting === null
            ? []
            : ([['connected', `insert into storage_server_connections (${connecting[0]}) values (${connecting[1]})`]] as const)),
          ['added', `insert into storage_domain_static (${names}) values (${places}) returning id, storage_name`],
          ['dynamic', 'insert into storage_domain_dynamic (id) select id from added'],
          ['done', 'select id::text as id, storage_name::text as name from added'],
        ];
      },
      begins: { type: 'AddStorageDomain', parameters: { domain: id, name, host: host.id, adopt: adopts }, locks: [id] },
    };
  },
};

interface Subject {
  readonly name: string;
  readonly kind: number;
  readonly type: number;
  readonly host: string | null;
  readonly pool: string | null;
  readonly poolStatus: number | null;
  readonly status: number | null;
  readonly disks: number;
  /** Virtual machines that run from its disks, and commands at work on those. */
  readonly machines: number;
  readonly commands: number;
}

async function subjectOf({ database, id }: Pick<Occasion, 'database' | 'id'>): Promise<Subject> {
  const [row] = await database.query<Subject>(
    `select s.storage_name as name, s.storage_type as kind, s.storage_domain_type as type, s.vds_id as host, m.storage_pool_id as pool,
       p.status as "poolStatus", m.status,
       (select count(distinct d)::integer from (${disksThere}) d) as disks,
       (select count(*)::integer from (${runningThere}) v) as machines,
       (select count(distinct c)::integer from (${commandsThere}) c) as commands
     from storage_domain_static s left join storage_pool_iso_map m on m.storage_id = s.id left join storage_pool p on p.id = m.storage_pool_id
     where s.id = $1`,
    [id],
  );
  if (row === undefined) throw notFound();
  return row;
}

/** The host that is to clean the storage: the one that was named, the one that has a local domain, or any that is up. Throws refusals (404, 409). */
async function cleaner(occasion: Occasion, { name, host }: Subject): Promise<string> {
  const wanted = occasion.parameter('host');
  if (wanted !== null && wanted !== '') {
    const named = await upHost(occasion, uuid.test(wanted) ? { id: wanted } : { name: wanted });
    // The folder of the same name on another host is another folder.
    if (host !== null && host !== named.id)
      throw new Refusal(
        409,
        `Storage domain ${name} is local to another host than ${named.name}, and only that one can remove what is on it.`,
      );
    return named.id;
  }
  const [any] = await occasion.database.query<{ id: string }>(
    'select vds_id as id from vds where status = $1 and vds_id = coalesce($2, vds_id) order by vds_name limit 1',
    [statusNumber('up'), host],
  );
  if (any === undefined) throw new Refusal(409, 'No host that could remove what is on the storage is up.');
  return any.id;
}

/** Removes a domain that no data center has: as it is, or with everything on it (`format`); or whatever has become of it (`destroy`). */
export const removeDomain: SpecialChange = {
  permit: permits.delete_storage_domain,
  settles: true,
  async work(occasion) {
    const { id, asks } = occasion;
    const subject = await subjectOf(occasion);
    const about = { object: id, storageDomain: id, name: subject.name };
    if (asks('destroy')) return { ...about, ...destroying(id, subject) };
    if (subject.pool !== null) throw new Refusal(409, `Storage domain ${subject.name} belongs to a data center. Detach it there first.`);
    if (subject.disks > 0) throw new Refusal(409, `Storage domain ${subject.name} has ${subject.disks} disks. Remove them first.`);
    const format = asks('format');
    const parameters = { domain: id, name: subject.name, format, ...(format ? { host: await cleaner(occasion, subject) } : {}) };
    return {
      ...about,
      event: {
        code: 9873,
        name: 'USER_REMOVE_STORAGE_DOMAIN_STARTED',
        text: 'Storage domain ${name} is being removed, as ${user} wants it.',
        failed: 961,
      },
      statement: (values) => [
        [
          'done',
          `select s.id::text as id, s.storage_name::text as name from storage_domain_static s where s.id = ${values.add(id)}
           and not exists (select from storage_pool_iso_map m where m.storage_id = s.id)`,
        ],
      ],
      begins: { type: 'RemoveStorageDomain', parameters, locks: [id] },
      otherwise: () => new Refusal(409, `Storage domain ${subject.name} has just been attached to a data center.`),
    };
  },
};

/** Statuses in which a domain that is lost may be given up. */
const lost = storageStatusNumbers('maintenance', 'inactive', 'unknown');

function destroying(id: string, { name, type, status, poolStatus: pool, machines, commands }: Subject) {
  if (status !== null && !lost.includes(status))
    throw new Refusal(409, `Storage domain ${name} is in use. Only one that is in maintenance or cannot be reached can be given up.`);
  if (type === domainTypes.master && pool !== poolStatus.maintenance && pool !== poolStatus.nonResponsive)
    throw new Refusal(409, `Storage domain ${name} is the master of its data center. Send it into maintenance first.`);
  // That the engine does not reach a domain does not mean that hosts do not.
  if (machines > 0)
    throw new Refusal(409, `Storage domain ${name} is in use: ${machines} virtual machines run from it. Shut them down first.`);
  if (commands > 0) throw new Refusal(409, `Storage domain ${name} is in use: its disks are being worked on. Wait until that has ended.`);
  return {
    event: {
      code: 9874,
      name: 'USER_DESTROY_STORAGE_DOMAIN',
      text: 'Storage domain ${name} was given up by ${user}; nothing on the storage was changed.',
    },
    statement: (values: Values) => {
      const domain = values.add(id);
      return [
        [
          'known',
          `select s.id, s.storage_domain_type from storage_domain_static s where s.id = ${domain}
             and not exists (select from command_locks where object_id = s.id)
             and not exists (select from storage_pool_iso_map m where m.storage_id = s.id and m.status <> all(${values.add(lost)}::integer[]))
             and not exists (${runningThere}) and not exists (${commandsThere})
             and (s.storage_domain_type <> ${domainTypes.master} or (select count(*) from storage_pool_iso_map o join storage_pool_iso_map m
               on m.storage_pool_id = o.storage_pool_id where m.storage_id = s.id) <= 1) for update`,
        ],
        // Disks that lie here go with it: there are no others that could lie elsewhere as well.
        [
          'disks',
          `delete from base_disks b using images i, image_storage_domain_map x, known where i.image_group_id = b.disk_id and x.image_id = i.image_guid
             and x.storage_domain_id = known.id`,
        ],
        ['images', 'delete from image_storage_domain_map x using known where x.storage_domain_id = known.id'],
        // Without its only domain a data center has no storage.
        [
          'pool',
          `update storage_pool p set status = ${poolStatus.uninitialized}, spm_vds_id = null from storage_pool_iso_map m join known on known.id = m.storage_id
             where m.storage_pool_id = p.id and known.storage_domain_type = ${domainTypes.master}`,
        ],
        ['unmapped', 'delete from storage_pool_iso_map m using known where m.storage_id = known.id'],
        [
          'done',
          'delete from storage_domain_static s using known where s.id = known.id returning s.id::text as id, s.storage_name::text as name',
        ],
      ] as const;
    },
    otherwise: () =>
      new Refusal(409, `Storage domain ${name} is being worked on or used, or is the master of other domains. Give those up first.`),
  };
}

/** Says whether a data center has a domain. */
export const isAttached: SpecialChange = {
  permit: permits.manipulate_storage_domain,
  async work(occasion) {
    const { id } = occasion;
    const { name, pool } = await subjectOf(occasion);
    return {
      ...{ object: id, storageDomain: id, name, quiet: true },
      event: { code: 9881, name: 'STORAGE_DOMAIN_IS_ATTACHED', text: '' },
      first: async () => ({ is_attached: pool !== null }),
      statement: (values) => [
        ['done', `select id::text as id, storage_name::text as name from storage_domain_static where id = ${values.add(id)}`],
      ],
    };
  },
};
