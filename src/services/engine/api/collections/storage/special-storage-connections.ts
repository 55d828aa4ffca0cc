import { randomUUID } from 'node:crypto';
import { storageKinds } from '../../../storage/storage-kinds.ts';
import { storageStatusNumbers } from '../../../storage/storage-status.ts';
import { notFound, Refusal } from '../../../http/refusal.ts';
import { insertSql } from '../../insert.ts';
import type { Entity } from '../../types.ts';
import type { Occasion, Row, SpecialChange } from '../collection.ts';
import { permits, systemObject } from '../permits.ts';
import { describePlace, placeColumns, type PlaceColumns, placeOf } from './places.ts';

/* What is done with connections. */

/** Throws a refusal (409) where there is such a connection already. Folders of hosts are another one on each. */
async function needNew(
  { database }: Pick<Occasion, 'database'>,
  { connection, storage_type }: PlaceColumns,
  except: string | null,
): Promise<void> {
  const [twin] = await database.query(
    `select from storage_server_connections
     where connection = $1 and storage_type = $2 and storage_type <> ${storageKinds.localfs} and id is distinct from $3`,
    [connection, storage_type, except],
  );
  if (twin !== undefined) throw new Refusal(409, `There is a connection to ${connection} already.`);
}

export const addConnection: SpecialChange = {
  permit: permits.create_storage_domain,
  async work({ entity, database }) {
    const place = placeOf(entity, 'storage_connection');
    await needNew({ database }, place, null);
    return {
      object: systemObject,
      event: { code: 9880, name: 'USER_ADD_STORAGE_CONNECTION', text: 'Storage connection ${name} was added by ${user}.' },
      name: place.connection,
      statement: (values) => [
        [
          'done',
          `${insertSql(values, 'storage_server_connections', { id: randomUUID(), ...place })} returning id::text as id, connection::text as name`,
        ],
      ],
    };
  },
};

async function stored({ database, id }: Pick<Occasion, 'database' | 'id'>): Promise<Row> {
  const [row] = await database.query<Row>(`select ${placeColumns} from storage_server_connections c where c.id = $1`, [id]);
  if (row === undefined) throw notFound();
  return row;
}

/** Statuses in which nobody uses a domain. */
const atRest = storageStatusNumbers('maintenance', 'unattached');

export const updateConnection: SpecialChange = {
  permit: permits.edit_storage_domain_configuration,
  async work(occasion) {
    const { entity, id } = occasion;
    const present = describePlace(await stored(occasion));
    const place = placeOf({ ...present, ...(entity as Partial<Entity>), type: present['type'] }, 'storage_connection');
    await needNew(occasion, place, id);
    return {
      object: systemObject,
      event: { code: 1018, name: 'USER_UPDATE_STORAGE_CONNECTION', text: 'Storage connection ${name} was changed by ${user}.' },
      name: place.connection,
      statement: (values) => [
        [
          'done',
          `update storage_server_connections c set ${Object.entries(place)
            .map(([column, value]) => `${column} = ${values.add(value)}`)
            .join(', ')} where c.id = ${values.add(id)}
             and not exists (select from storage_domain_static s where s.storage = c.id and (exists (select from command_locks l where l.object_id = s.id)
               or exists (select from storage_pool_iso_map m where m.storage_id = s.id and m.status <> all(${values.add(atRest)}::integer[]))))
           returning c.id::text as id, c.connection::text as name`,
        ],
      ],
      otherwise: () => new Refusal(409, 'A domain behind this connection is in use. Send its domains into maintenance first.'),
    };
  },
};

export const removeConnection: SpecialChange = {
  permit: permits.delete_storage_domain,
  async work(occasion) {
    const { id } = occasion;
    const { connection } = await stored(occasion);
    return {
      object: systemObject,
      event: { code: 9882, name: 'USER_REMOVE_STORAGE_CONNECTION', text: 'Storage connection ${name} was removed by ${user}.' },
      name: String(connection),
      statement: (values) => [
        ['done', `delete from storage_server_connections where id = ${values.add(id)} returning id::text as id, connection::text as name`],
      ],
    };
  },
};
