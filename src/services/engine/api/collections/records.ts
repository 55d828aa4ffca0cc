import { type Collection, optional, reference } from './collection.ts';
import { choicesOf } from './stored.ts';
import { permits } from './permits.ts';
import { eventSpecial, jobActions, jobSpecial, taggedSpecial } from './special-records.ts';

const severities = ['normal', 'warning', 'error', 'alert'] as const;

export const events: Collection = {
  rel: 'events',
  type: 'event',
  about: 'What happened, and who did it.',
  from: '(select * from audit_log where not deleted) t',
  id: 't.audit_log_id',
  idKind: 'number',
  columns: `t.audit_log_id as index, t.log_time, t.log_type, t.severity, t.message, t.user_id, t.correlation_id, t.origin,
    t.custom_event_id, t.custom_data, t.event_flood_in_sec, t.storage_pool_id, t.cluster_id`,
  describe: (row) => ({
    description: String(row['message']),
    code: Number(row['log_type']),
    correlation_id: optional(row['correlation_id']),
    custom_data: row['custom_data'] === '' ? undefined : String(row['custom_data']),
    custom_id: Number(row['custom_event_id']),
    flood_rate: Number(row['event_flood_in_sec']),
    index: Number(row['index']),
    origin: String(row['origin']),
    severity: severities[Number(row['severity'])] ?? 'normal',
    time: row['log_time'] as Date,
    cluster: reference('clusters', row['cluster_id']),
    data_center: reference('datacenters', row['storage_pool_id']),
    user: reference('users', row['user_id']),
  }),
  order: 't.audit_log_id desc',
  sight: 'administrators',
  own: 't.user_id = $user',
  search: {
    type: { sql: 't.log_type', as: 'number' },
    severity: { sql: 't.severity', as: { choices: choicesOf(severities) } },
    message: { sql: 't.message', as: 'text' },
    time: { sql: 't.log_time', as: 'date' },
    usrname: { sql: 't.user_name', as: 'text' },
    correlation_id: { sql: 't.correlation_id', as: 'text' },
    origin: { sql: 't.origin', as: 'text' },
    custom_event_id: { sql: 't.custom_event_id', as: 'number' },
    datacenter: { sql: '(select name from storage_pool p where p.id = t.storage_pool_id)', as: 'text' },
    cluster: { sql: '(select name from cluster c where c.cluster_id = t.cluster_id)', as: 'text' },
  },
  words: ['message'],
  special: eventSpecial,
};

const states: Readonly<Record<string, string>> = {
  STARTED: 'started',
  FINISHED: 'finished',
  FAILED: 'failed',
  ABORTED: 'aborted',
  UNKNOWN: 'unknown',
};
const stateChoices = Object.fromEntries(Object.entries(states).map(([stored, word]) => [word, stored]));
const stateOf = (stored: unknown): string => states[String(stored)] ?? 'unknown';

export const jobs: Collection = {
  rel: 'jobs',
  type: 'job',
  about: 'Work that was asked for: one job for each command.',
  from: 'job t',
  id: 't.job_id',
  columns: `t.description, t.is_auto_cleared, t.correlation_id, t.end_time, t.is_external, t.last_update_time, t.start_time, t.status,
    t.owner_id`,
  describe: (row) => ({
    description: String(row['description']),
    auto_cleared: row['is_auto_cleared'] === true,
    correlation_id: String(row['correlation_id']),
    end_time: row['end_time'] as Date | null,
    external: row['is_external'] === true,
    last_updated: row['last_update_time'] as Date,
    start_time: row['start_time'] as Date,
    status: stateOf(row['status']),
    owner: reference('users', row['owner_id']),
  }),
  order: 't.start_time desc, t.job_id',
  sight: 'administrators',
  own: 't.owner_id = $user',
  search: {
    correlation_id: { sql: 't.correlation_id', as: 'text' },
    status: { sql: 't.status', as: { choices: stateChoices } },
    description: { sql: 't.description', as: 'text' },
  },
  words: ['description'],
  special: jobSpecial,
  actions: jobActions,
};

export const steps: Collection = {
  rel: 'steps',
  below: { rel: 'jobs', condition: 't.job_id = $parent' },
  type: 'step',
  about: 'Steps of a job.',
  from: 'step t',
  id: 't.step_id',
  columns: `t.description, t.end_time, t.is_external, t.step_number, t.progress, t.start_time, t.status, t.step_type, t.job_id,
    t.parent_step_id`,
  describe: (row) => ({
    description: String(row['description']),
    end_time: row['end_time'] as Date | null,
    external: row['is_external'] === true,
    number: Number(row['step_number']),
    progress: row['progress'] === null ? undefined : Number(row['progress']),
    start_time: row['start_time'] as Date,
    status: stateOf(row['status']),
    type: String(row['step_type']).toLowerCase(),
    job: reference('jobs', row['job_id']),
    parent_step: typeof row['parent_step_id'] === 'string' ? { id: row['parent_step_id'] } : undefined,
  }),
  order: 't.step_number',
  sight: 'administrators',
};

export const bookmarks: Collection = {
  rel: 'bookmarks',
  type: 'bookmark',
  about: 'Searches that somebody has kept under a name.',
  from: 'bookmarks t',
  id: 't.bookmark_id',
  columns: 't.bookmark_name as name, t.bookmark_value as value',
  describe: (row) => ({ name: String(row['name']), value: String(row['value']) }),
  order: 'lower(t.bookmark_name)',
  sight: 'everybody',
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
  order: 'lower(t.tag_name)',
  sight: 'everybody',
  store: {
    table: 'tags',
    key: 'tag_id',
    noun: 'Tag',
    fields: {
      name: { column: 'tag_name', required: true, longest: 50 },
      description: { column: 'description', longest: 4000 },
      parent: { column: 'parent_id', reference: 'tags' },
    },
    defaults: { parent_id: `'00000000-0000-0000-0000-000000000000'` },
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

export const affinityLabels: Collection = {
  rel: 'affinitylabels',
  type: 'affinity_label',
  about: 'Labels that tie virtual machines to hosts.',
  from: 'labels t',
  id: 't.label_id',
  columns: 't.label_name as name, t.read_only, t.has_implicit_affinity_group',
  describe: (row) => ({
    name: String(row['name']),
    has_implicit_affinity_group: row['has_implicit_affinity_group'] === true,
    read_only: row['read_only'] === true,
  }),
  order: 'lower(t.label_name)',
  sight: 'everybody',
  store: {
    table: 'labels',
    key: 'label_id',
    noun: 'Affinity label',
    fields: {
      name: { column: 'label_name', required: true, longest: 50 },
      has_implicit_affinity_group: { column: 'has_implicit_affinity_group' },
    },
    guard: (row) => (row['read_only'] === true ? 'The label is read-only.' : null),
    add: { permit: permits.tag_management, code: 10_380, event: 'USER_ADD_AFFINITY_LABEL' },
    update: { permit: permits.tag_management, code: 10_382, event: 'USER_UPDATE_AFFINITY_LABEL' },
    remove: { permit: permits.tag_management, code: 10_384, event: 'USER_REMOVE_AFFINITY_LABEL' },
  },
};

/** Options that clients may read; others hold secrets, or are nobody's business. */
const publicOptions = [
  'ApplicationMode',
  'ConsoleReconnectTimeout',
  'DefaultWindowsTimeZone',
  'DefaultGeneralTimeZone',
  'InstallationId',
  'ProductRPMVersion',
  'SANWipeAfterDelete',
  'UserSessionTimeOutInterval',
  'WebSocketProxy',
] as const;

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
  order: 'lower(t.name)',
  sight: 'everybody',
};
