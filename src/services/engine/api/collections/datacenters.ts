import { permits } from './permits.ts';
import { choicesOf, numberIn, plainName } from './stored.ts';
import { type Collection, type SearchField, versionOf } from './collection.ts';
import { levels } from './constants.ts';
import { invalidValue } from '../fault.ts';

const states = ['uninitialized', 'up', 'maintenance', 'not_operational', 'problematic', 'contend'] as const;
const quotaModes = ['disabled', 'audit', 'enabled'] as const;

/** A level that clusters and data centers can have, from what a client sent as `version`. */
export const storedLevel = (value: unknown): string => {
  const { major, minor } = value as { readonly major?: unknown; readonly minor?: unknown };
  const level = `${String(major)}.${String(minor)}`;
  if (!levels.includes(level)) throw invalidValue('version', levels);
  return level;
};

/** Names of what a data center has several of. */
const names = (query: string): SearchField => ({
  sql: `(select string_agg(s.value, ' ' order by s.value) from (${query}) s (value))`,
  as: 'text',
  several: query,
});
const storageNames = names(`select s.storage_name from storage_pool_iso_map m join storage_domain_static s on s.id = m.storage_id
  where m.storage_pool_id = t.id`);

export const dataCenters: Collection = {
  rel: 'datacenters',
  type: 'data_center',
  about: 'Data centers: clusters that share storage and networks.',
  from: 'storage_pool t',
  id: 't.id',
  columns: `t.name, t.description, t.free_text_comment, t.is_local, t.status, t.compatibility_version, t.storage_pool_format_type,
    t.quota_enforcement_type`,
  describe: (row) => ({
    name: String(row['name']),
    description: String(row['description']),
    comment: String(row['free_text_comment']),
    local: row['is_local'] === true,
    quota_mode: quotaModes[Number(row['quota_enforcement_type'])] ?? 'disabled',
    status: states[Number(row['status'])] ?? 'uninitialized',
    storage_format: typeof row['storage_pool_format_type'] === 'string' ? `v${row['storage_pool_format_type']}` : undefined,
    supported_versions: levels.map((level) => versionOf(level)),
    version: versionOf(row['compatibility_version']),
  }),
  order: 'lower(t.name), t.id',
  sight: 'permitted',
  search: {
    name: { sql: 't.name', as: 'text' },
    description: { sql: 't.description', as: 'text' },
    comment: { sql: 't.free_text_comment', as: 'text' },
    local: { sql: 't.is_local', as: 'boolean' },
    status: { sql: 't.status', as: { choices: choicesOf(states) } },
    compatibility_version: { sql: 't.compatibility_version', as: 'text' },
    storage: storageNames,
    'storage.name': storageNames,
    'clusters.name': names('select c.name from cluster c where c.storage_pool_id = t.id'),
  },
  words: ['name', 'description', 'comment'],
  store: {
    table: 'storage_pool',
    key: 'id',
    noun: 'Data center',
    fields: {
      name: { column: 'name', required: true, longest: 40, store: plainName },
      description: { column: 'description', longest: 4000 },
      comment: { column: 'free_text_comment', longest: 4000 },
      local: { column: 'is_local', fixed: false },
      quota_mode: { column: 'quota_enforcement_type', store: numberIn(quotaModes, 'quota_mode') },
      version: { column: 'compatibility_version', store: storedLevel },
    },
    defaults: { compatibility_version: `'${levels.at(-1) ?? ''}'` },
    // A data center has a management network from the beginning.
    along: `insert into network (id, name, vdsm_name, description, storage_pool_id)
      select gen_random_uuid(), 'ovirtmgmt', 'ovirtmgmt', 'Management Network', id from added`,
    add: { permit: permits.create_storage_pool, code: 950, event: 'USER_ADD_STORAGE_POOL' },
    update: { permit: permits.edit_storage_pool_configuration, code: 952, event: 'USER_UPDATE_STORAGE_POOL' },
    remove: { permit: permits.delete_storage_pool, code: 954, event: 'USER_REMOVE_STORAGE_POOL' },
  },
};
