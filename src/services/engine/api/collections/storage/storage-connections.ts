import { storageKinds } from '../../../storage/storage-kinds.ts';
import type { Collection } from '../collection.ts';
import { describePlace, placeColumns } from './places.ts';
import { addConnection, removeConnection, updateConnection } from './special-storage-connections.ts';

export const storageConnections: Collection = {
  rel: 'storageconnections',
  type: 'storage_connection',
  about: 'How storage is reached, behind which domains lie.',
  from: '(select c.id as its_id, c.* from storage_server_connections c) c',
  id: 'c.its_id',
  columns: placeColumns,
  describe: describePlace,
  named: 'c.connection',
  order: 'c.connection, c.its_id',
  sight: 'administrators',
  search: {
    path: { sql: 'c.connection', as: 'text' },
    type: { sql: 'c.storage_type', as: { choices: storageKinds } },
    id: { sql: 'c.its_id::text', as: 'text' },
  },
  words: ['path'],
  special: { add: addConnection, update: updateConnection, remove: removeConnection },
};

/** The one that a domain lies behind. */
export const domainConnections: Collection = {
  ...storageConnections,
  about: 'How the storage of a domain is reached.',
  below: { rel: 'storagedomains', condition: 'c.its_id in (select s.storage from storage_domain_static s where s.id = $parent)' },
  special: {},
};
