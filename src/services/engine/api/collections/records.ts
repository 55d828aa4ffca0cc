import { zeroId } from '../../zero-id.ts';
import type { Entity } from '../types.ts';
import { type Collection, optional, reference } from './collection.ts';
import { permits } from './permits.ts';
import { severities, severityName } from './severities.ts';
import { eventSpecial, taggedSpecial, undeleteEvents } from './special-records.ts';

export const events: Collection = {
  rel: 'events',
  type: 'event',
  about: 'What happened, and who did it.',
  from: 'audit_log t',
  id: 't.audit_log_id',
  idKind: 'number',
  columns: `t.audit_log_id as index, t.log_time, t.log_type, t.severity, t.message, t.user_id, t.correlation_id, t.origin,
    t.custom_event_id, t.custom_data, t.event_flood_in_sec, t.storage_pool_id, t.cluster_id, t.vds_id, t.storage_domain_id,
    t.vm_id, t.vm_template_id`,
  describe: (row) => ({
    description: String(row['message']),
    code: Number(row['log_type']),
    correlation_id: optional(row['correlation_id']),
    custom_data: row['custom_data'] === '' ? undefined : String(row['custom_data']),
    custom_id: Number(row['custom_event_id']),
    flood_rate: Number(row['event_flood_in_sec']),
    index: Number(row['index']),
    origin: String(row['origin']),
    severity: severityName(Number(row['severity'])),
    time: row['log_time'] as Date,
    cluster: reference('clusters', row['cluster_id']),
    data_center: reference('datacenters', row['storage_pool_id']),
    host: reference('hosts', row['vds_id']),
    storage_domain: reference('storagedomains', row['storage_domain_id']),
    template: reference('templates', row['vm_template_id']),
    user: reference('users', row['user_id']),
    vm: reference('vms', row['vm_id']),
  }),
  order: 't.audit_log_id desc',
  sight: 'administrators',
  own: 't.user_id = $user',
  usually: { condition: 'not t.deleted', unless: 'deleted' },
  search: {
    type: { sql: 't.log_type', as: 'number' },
    severity: { sql: 't.severity', as: { choices: severities } },
    message: { sql: 't.message', as: 'text' },
    time: { sql: 't.log_time', as: 'date' },
    usrname: { sql: 't.user_name', as: 'text' },
    correlation_id: { sql: 't.correlation_id', as: 'text' },
    origin: { sql: 't.origin', as: 'text' },
    custom_event_id: { sql: 't.custom_event_id', as: 'number' },
    datacenter: { sql: '(select name from storage_pool p where p.id = t.storage_pool_id)', as: 'text' },
    'datacenter.name': { sql: '(select name from storage_pool p where p.id = t.storage_pool_id)', as: 'text' },
    cluster: { sql: '(select name from cluster c where c.cluster_id = t.cluster_id)', as: 'text' },
    'cluster.name': { sql: '(select name from cluster c where c.cluster_id = t.cluster_id)', as: 'text' },
    host: { sql: 't.vds_name', as: 'text' },
    'host.name': { sql: 't.vds_name', as: 'text' },
    storage: { sql: 't.storage_domain_name', as: 'text' },
    'storage.name': { sql: 't.storage_domain_name', as: 'text' },
    vm: { sql: 't.vm_name', as: 'text' },
    'vm.name': { sql: 't.vm_name', as: 'text' },
    template: { sql: '(select s.vm_name from vm_static s where s.vm_guid = t.vm_template_id)', as: 'text' },
    deleted: { sql: 't.deleted', as: 'boolean' },
  },
  words: ['message'],
  special: eventSpecial,
  collectionActions: { undelete: undeleteEvents },
};

export const bookmarks: Collection = {
  rel: 'bookmarks',
  type: 'bookmark',
  about: 'Searches that somebody has kept under a name.',
  from: 'bookmarks t',
  id: 't.bookmark_id',
  columns: 't.bookmark_name as name, t.bookmark_value as value',
  describe: (row) => ({ name: String(row['name']), value: String(row['value']) }),
  named: 't.bookmark_name',
  order: 'lower(t.bookmark_name)',
  sight: 'everybody',
  search: { name: { sql: 't.bookmark_name', as: 'text' }, value: { sql: 't.bookmark_value', as: 'text' } },
  words: ['name', 'value'],
  store: {
    table: 'bookmarks',
    key: 'bookmark_id',
    noun: 'Bookmark',
    fields: {
      name: { column: 'bookmark_name', required: true, longest: 40 },
      value: { column: 'bookmark_value', required: true, longest: 300 },
    },
    add: { permit: permits.bookmark_management, code: 351, event: 'USER_ADD_BOOKMARK' },
    update: { permit: permits.bookmark_management, code: 353, event: 'USER_UPDATE_BOOKMARK' },
    remove: { permit: permits.bookmark_management, code: 355, event: 'USER_REMOVE_BOOKMARK' },
  },
};

export const tags: Collection = {
  rel: 'tags',
  type: 'tag',
  about: 'Tags, a tree of them, with which people group what they manage.',
  from: 'tags t',
  id: 't.tag_id',
  columns: 't.tag_name as name, t.description, t.parent_id, t.readonly',
  describe: (row) => ({
    name: String(row['name']),
    description: String(row['description']),
    parent: reference('tags', row['parent_id']),
  }),
  named: 't.tag_name',
  order: 'lower(t.tag_name)',
  sight: 'everybody',
  search: {
    name: { sql: 't.tag_name', as: 'text' },
    description: { sql: 't.description', as: 'text' },
    parent: { sql: '(select p.tag_name from tags p where p.tag_id = t.parent_id)', as: 'text' },
  },
  words: ['name', 'description'],
  store: {
    table: 'tags',
    key: 'tag_id',
    noun: 'Tag',
    fields: {
      name: { column: 'tag_name', required: true, longest: 50 },
      description: { column: 'description', longest: 4000 },
      parent: { column: 'parent_id', reference: 'tags' },
    },
    defaults: { parent_id: `'${zeroId}'` },
    guard: (row) => (row['readonly'] === true ? 'The root of all tags cannot be changed.' : null),
    add: { permit: permits.tag_management, code: 429, event: 'USER_ADD_TAG' },
    update: { permit: permits.tag_management, code: 430, event: 'USER_UPDATE_TAG' },
    remove: { permit: permits.tag_management, code: 432, event: 'USER_REMOVE_TAG' },
  },
};

/** Tags of something, through a table that ties both. */
export const tagsOf = (rel: string, tie: string, column: string): Collection => {
  const { store: _store, ...shown } = tags;
  return {
    ...shown,
    about: `Tags of one of the ${rel}.`,
    special: taggedSpecial(tie, column),
    below: { rel, condition: `t.tag_id in (select m.tag_id from ${tie} m where m.${column} = $parent)` },
  };
};

/** Options that clients may read; others hold secrets, or are nobody's business. */
const publicOptions = [
  'ApplicationMode',
  'ClientModeConsoleDefault',
  'ClientModeVncDefault',
  'ConsoleReconnectTimeout',
  'DefaultWindowsTimeZone',
  'DefaultGeneralTimeZone',
  'InstallationId',
  'MaxNumOfCpuPerSocket',
  'MaxNumOfThreadsPerCpu',
  'MaxNumOfVmCpus',
  'MaxNumOfVmSockets',
  'ProductRPMVersion',
  'SANWipeAfterDelete',
  'SpiceUsbAutoShare',
  'UserSessionTimeOutInterval',
  'WebSocketProxy',
] as const;

/** Only the values that hold for a version. */
const valuesOfVersion = (option: Entity, version: string): Entity => ({
  ...option,
  values: (option['values'] as readonly Entity[]).filter((one) => one['version'] === version),
});

export const options: Collection = {
  rel: 'options',
  type: 'system_option',
  about: 'Options of the engine that clients may read, by name.',
  from: `(select option_name as name, json_agg(json_build_object('value', option_value, 'version', version) order by version) as "values"
    from vdc_options where option_name in (${publicOptions.map((name) => `'${name}'`).join(', ')}) group by option_name) t`,
  id: 't.name',
  idKind: 'name',
  columns: 't.name, t."values"',
  describe: (row) => ({ name: String(row['name']), values: row['values'] as readonly { value: string; version: string }[] }),
  narrowed: { parameter: 'version', to: valuesOfVersion },
  order: 'lower(t.name)',
  sight: 'everybody',
  search: { name: { sql: 't.name', as: 'text' } },
  words: ['name'],
};
