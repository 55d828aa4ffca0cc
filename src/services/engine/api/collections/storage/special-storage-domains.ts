import { randomUUID } from 'node:crypto';
import { isUuid } from '../../../../frame/uuid.ts';
import { statusNumber } from '../../../hosts/host-status.ts';
import { badRequest, notFound, Refusal } from '../../../http/refusal.ts';
import { domainTypes, domainVersions, storageKinds } from '../../../storage/storage-kinds.ts';
import { incomplete, invalidValue, outOfRange } from '../../fault.ts';
import { insertSql } from '../../insert.ts';
import type { Entity } from '../../types.ts';
import { objectIn, type Occasion, type SpecialChange, textOf } from '../collection.ts';
import { permits, systemObject } from '../permits.ts';
import { plainName, within } from '../stored.ts';
import { type PlaceColumns, placeOf } from './places.ts';

/* Storage domains as such: making them, and taking over those that are there. */

/** The host that is to do something, with its data center. Throws refusals (404, 409). */
export async function upHost(
  { database, members, asker }: Occasion,
  named: Entity,
): Promise<{ readonly id: string; readonly name: string }> {
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
    if (adopts && !isUuid(entity.id ?? '')) throw badRequest('The id of a storage domain is a UUID.');
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
        const place = connection.place === null ? null : { id: connection.id, with_domain: true, ...connection.place };
        return [
          ...(place === null ? [] : ([['connected', insertSql(values, 'storage_server_connections', place)]] as const)),
          ['added', `${insertSql(values, 'storage_domain_static', columns)} returning id, storage_name`],
          ['dynamic', 'insert into storage_domain_dynamic (id) select id from added'],
          ['done', 'select id::text as id, storage_name::text as name from added'],
        ];
      },
      begins: { type: 'AddStorageDomain', parameters: { domain: id, name, host: host.id, adopt: adopts }, locks: [id] },
    };
  },
};

/** Says whether a data center has a domain. */
export const isAttached: SpecialChange = {
  permit: permits.manipulate_storage_domain,
  async work(occasion) {
    const { id, database } = occasion;
    const [found] = await database.query<{ name: string; attached: boolean }>(
      `select storage_name as name, exists (select from storage_pool_iso_map where storage_id = id) as attached
       from storage_domain_static where id = $1`,
      [id],
    );
    if (found === undefined) throw notFound();
    return {
      ...{ object: id, storageDomain: id, name: found.name, quiet: true },
      event: { code: 9881, name: 'STORAGE_DOMAIN_IS_ATTACHED', text: '' },
      first: async () => ({ is_attached: found.attached }),
      statement: (values) => [
        ['done', `select id::text as id, storage_name::text as name from storage_domain_static where id = ${values.add(id)}`],
      ],
    };
  },
};
