import { domainTypes, domainTypeWord, formatWord, storageKinds } from '../../../storage/storage-kinds.ts';
import { storageStatuses, storageStatusNumber, storageStatusWord } from '../../../storage/storage-status.ts';
import type { Entity } from '../../types.ts';
import { type Collection, optional, reference, type Row, type SearchField } from '../collection.ts';
import { permits } from '../permits.ts';
import { choicesOf, plainName, within } from '../stored.ts';
import { describePlace, placeColumns } from './places.ts';
import { activateDomain, attachDomain, deactivateDomain, detachDomain } from './special-attached-domains.ts';
import { removeDomain } from './removal-of-domains.ts';
import { addDomain, isAttached } from './special-storage-domains.ts';

const externalStatuses = ['ok', 'info', 'warning', 'error', 'failure'] as const;

/** Bytes of all images on a domain, as their guests see them. */
const committed = `(select coalesce(sum(i.size), 0) from image_storage_domain_map x join images i on i.image_guid = x.image_id where x.storage_domain_id = t.id)`;

const from = `storage_domain_static t join storage_server_connections c on c.id = t.storage left join storage_domain_dynamic d on d.id = t.id`;

const columns = `t.storage_name, t.storage_description, t.storage_comment, t.storage_domain_type, t.storage_domain_format_type, t.vds_id,
  t.wipe_after_delete, t.discard_after_delete, t.backup, t.warning_low_space_indicator, t.critical_space_action_blocker, t.block_size,
  d.available_disk_size, d.used_disk_size, coalesce(d.external_status, 0) as external_status, ${committed} as committed, ${placeColumns},
  (select json_agg(m.storage_pool_id order by m.storage_pool_id) from storage_pool_iso_map m where m.storage_id = t.id) as pools,
  exists (select from command_locks l where l.object_id = t.id) as locked`;

const bytes = (value: unknown): bigint | undefined => (typeof value === 'string' || typeof value === 'number' ? BigInt(value) : undefined);

/** What is shown of a domain wherever it is shown. */
function describe(row: Row): Entity {
  const pools = (row['pools'] ?? []) as readonly string[];
  return {
    name: String(row['storage_name']),
    description: String(row['storage_description']),
    comment: String(row['storage_comment']),
    available: bytes(row['available_disk_size']),
    backup: row['backup'] === true,
    block_size: Number(row['block_size']),
    committed: bytes(row['committed']),
    critical_space_action_blocker: Number(row['critical_space_action_blocker']),
    discard_after_delete: row['discard_after_delete'] === true,
    external_status: externalStatuses[Number(row['external_status'])],
    master: Number(row['storage_domain_type']) === domainTypes.master,
    storage: { ...describePlace(row), id: optional(row['connection_id']) ?? '' },
    storage_format: formatWord(row['storage_domain_format_type']),
    supports_discard: false,
    supports_discard_zeroes_data: false,
    type: domainTypeWord(row['storage_domain_type']),
    used: bytes(row['used_disk_size']),
    warning_low_space_indicator: Number(row['warning_low_space_indicator']),
    wipe_after_delete: row['wipe_after_delete'] === true,
    data_center: pools[0] === undefined ? undefined : reference('datacenters', pools[0]),
    data_centers: pools.length === 0 ? undefined : pools.map((id) => ({ id, href: `/ovirt-engine/api/datacenters/${id}` })),
    host: reference('hosts', row['vds_id']),
  };
}

/** The status of one that is in no data center, by its number; in one it has another status in each. */
const statusSql = `coalesce((select min(m.status) from storage_pool_iso_map m where m.storage_id = t.id),
  case when exists (select from command_locks l where l.object_id = t.id) then ${storageStatusNumber('locked')} else ${storageStatusNumber('unattached')} end)`;

const gigabytes = (sql: string): string => `(${sql} / 1073741824)`;

/** A domain of ISO files can be in several data centers. */
const centers: SearchField = {
  sql: `(select string_agg(p.name, ' ' order by p.name) from storage_pool_iso_map m join storage_pool p on p.id = m.storage_pool_id where m.storage_id = t.id)`,
  as: 'text',
  several: 'select p.name from storage_pool_iso_map m join storage_pool p on p.id = m.storage_pool_id where m.storage_id = t.id',
};

const search: NonNullable<Collection['search']> = {
  name: { sql: 't.storage_name', as: 'text' },
  description: { sql: 't.storage_description', as: 'text' },
  comment: { sql: 't.storage_comment', as: 'text' },
  status: { sql: statusSql, as: { choices: choicesOf(storageStatuses) } },
  external_status: { sql: 'coalesce(d.external_status, 0)', as: { choices: choicesOf(externalStatuses) } },
  datacenter: centers,
  'datacenter.name': centers,
  type: { sql: 'c.storage_type', as: { choices: storageKinds } },
  size: { sql: gigabytes('(d.available_disk_size + d.used_disk_size)'), as: 'number' },
  used: { sql: gigabytes('d.used_disk_size'), as: 'number' },
  committed: { sql: gigabytes(committed), as: 'number' },
  wipe_after_delete: { sql: 't.wipe_after_delete', as: 'boolean' },
  id: { sql: 't.id::text', as: 'text' },
};

export const storageDomains: Collection = {
  rel: 'storagedomains',
  type: 'storage_domain',
  about: 'Storage domains, on which disks and ISO files lie.',
  from,
  id: 't.id',
  columns,
  describe: (row) => ({
    ...describe(row),
    status: row['pools'] === null ? (row['locked'] === true ? 'locked' : 'unattached') : undefined,
  }),
  named: 't.storage_name',
  order: 'lower(t.storage_name), t.id',
  sight: 'permitted',
  search,
  words: ['name', 'description', 'comment'],
  store: {
    table: 'storage_domain_static',
    key: 'id',
    noun: 'Storage domain',
    fields: {
      name: { column: 'storage_name', required: true, longest: 250, store: plainName },
      description: { column: 'storage_description', longest: 4000 },
      comment: { column: 'storage_comment', longest: 4000 },
      backup: { column: 'backup' },
      critical_space_action_blocker: {
        column: 'critical_space_action_blocker',
        store: within(0, 2_147_483_647, 'critical_space_action_blocker'),
      },
      discard_after_delete: { column: 'discard_after_delete' },
      warning_low_space_indicator: { column: 'warning_low_space_indicator', store: within(0, 100, 'warning_low_space_indicator') },
      wipe_after_delete: { column: 'wipe_after_delete' },
    },
    update: { permit: permits.edit_storage_domain_configuration, code: 958, event: 'USER_UPDATE_STORAGE_DOMAIN' },
  },
  special: { add: addDomain, remove: removeDomain },
  actions: { isattached: isAttached },
};

/** Those that a data center uses, with how they are there. */
export const attachedDomains: Collection = {
  rel: 'storagedomains',
  below: { rel: 'datacenters', condition: 'a.storage_pool_id = $parent' },
  type: 'storage_domain',
  about: 'Storage domains that a data center uses.',
  from: `${from} join storage_pool_iso_map a on a.storage_id = t.id`,
  id: 't.id',
  columns: `${columns}, a.status as its_status, a.storage_pool_id as its_pool`,
  describe: (row) => ({
    ...describe(row),
    status: storageStatusWord(row['its_status']),
    data_center: reference('datacenters', row['its_pool']),
  }),
  named: 't.storage_name',
  order: 'lower(t.storage_name), t.id',
  sight: 'permitted',
  search: { ...search, status: { sql: 'a.status', as: { choices: choicesOf(storageStatuses) } } },
  words: ['name', 'description', 'comment'],
  special: { add: attachDomain, remove: detachDomain },
  actions: { activate: activateDomain, deactivate: deactivateDomain },
};
