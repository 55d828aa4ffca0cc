import { Refusal } from '../../http/refusal.ts';
import { incomplete } from '../fault.ts';
import type { Collection, Special } from './collection.ts';
import { permits } from './permits.ts';

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
  named: 't.label_name',
  order: 'lower(t.label_name)',
  sight: 'everybody',
  search: { name: { sql: 't.label_name', as: 'text' } },
  words: ['name'],
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

/** Nothing can be tied yet to a label: there are neither hosts nor virtual machines. */
const tied = (type: 'host' | 'vm'): Special => ({
  add: {
    permit: permits.tag_management,
    async work({ entity }) {
      if (typeof entity.id !== 'string' && typeof entity['name'] !== 'string') throw incomplete(type, ['id|name'], 'add');
      throw new Refusal(404, `There is none of the ${type}s with this id or name.`);
    },
  },
});

/** What a label ties together. */
const tiedTo = (type: 'host' | 'vm', about: string): Collection => ({
  rel: `${type}s`,
  below: { rel: 'affinitylabels', condition: 't.label_id = $parent' },
  type,
  about,
  from: '(select null::uuid as id, null::text as name, null::uuid as label_id where false) t',
  id: 't.id',
  columns: 't.name',
  describe: (row) => ({ name: String(row['name']) }),
  order: 'lower(t.name)',
  sight: 'permitted',
  search: { name: { sql: 't.name', as: 'text' } },
  words: ['name'],
  special: tied(type),
});

export const labelHosts = tiedTo('host', 'Hosts of a label.');
export const labelVms = tiedTo('vm', 'Virtual machines of a label.');
