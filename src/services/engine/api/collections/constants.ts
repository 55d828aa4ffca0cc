import { processors as known } from '../../hosts/processors.ts';
import { invalidValue } from '../fault.ts';
import { type Collection, versionOf } from './collection.ts';
import { isAdministrative, permits } from './permits.ts';
import { valuesTable } from './values.ts';

/** Levels of compatibility that clusters and data centers can have. */
export const levels: readonly string[] = ['4.2', '4.3', '4.4', '4.5', '4.6', '4.7', '4.8'];

const processors: readonly string[] = known.map(({ name }) => name);

/** The processor type of a cluster; empty where it is still open. Throws a fault (400) for one that no level knows. */
export const processorType = (value: unknown): unknown => {
  if (value !== '' && !processors.includes(String(value))) throw invalidValue('cpu.type', processors);
  return value;
};

export const clusterLevels: Collection = {
  rel: 'clusterlevels',
  type: 'cluster_level',
  about: 'Levels of compatibility, each with the processor types that it knows.',
  from: valuesTable(levels.map((id) => ({ id }))),
  id: 't.id',
  idKind: 'name',
  columns: 't.id as level',
  describe: () => ({
    cpu_types: processors.map((name, at) => ({ name, level: at + 1, architecture: 'x86_64' })),
    permits: Object.entries(permits).map(([name, id]) => ({ id: String(id), name, administrative: isAdministrative(id) })),
  }),
  order: 't.id',
  sight: 'everybody',
  search: { id: { sql: 't.id', as: 'text' } },
};

/** Features that hosts of a level have besides. None is known that a cluster could ask for. */
export const clusterFeatures: Collection = {
  rel: 'clusterfeatures',
  below: { rel: 'clusterlevels', condition: 't.level = $parent' },
  type: 'cluster_feature',
  about: 'Features that clusters of a level can ask of their hosts besides.',
  from: '(select null::uuid as id, null::text as level, null::text as name where false) t',
  id: 't.id',
  columns: 't.name',
  describe: (row) => ({ name: String(row['name']) }),
  order: 't.name',
  sight: 'everybody',
  search: { name: { sql: 't.name', as: 'text' } },
};

/** The policy that hosts are chosen by: the original has it under this id. */
export const evenDistribution = '20d25257-b4bd-4589-92a6-c4c5c5d3fd1a';

/** How hosts are chosen for virtual machines: of those that fit, the one of which least is taken. */
export const schedulingPolicies: Collection = {
  rel: 'schedulingpolicies',
  list: 'scheduling_policies',
  type: 'scheduling_policy',
  about: 'Policies by which hosts are chosen for virtual machines: one, that of every cluster.',
  from: `(values ('${evenDistribution}'::uuid, 'evenly_distributed')) t (id, name)`,
  id: 't.id',
  columns: 't.name',
  describe: (row) => ({ name: String(row['name']), description: '', default_policy: true, locked: true }),
  named: 't.name',
  order: 't.name',
  sight: 'everybody',
  search: { name: { sql: 't.name', as: 'text' } },
};

export const networkFilters: Collection = {
  rel: 'networkfilters',
  type: 'network_filter',
  about: 'Filters of traffic that vNIC profiles can name.',
  from: 'network_filter t',
  id: 't.filter_id',
  columns: 't.filter_name, t.version',
  describe: (row) => ({ name: String(row['filter_name']), version: versionOf(row['version']) }),
  named: 't.filter_name',
  order: 'lower(t.filter_name)',
  sight: 'everybody',
  search: { name: { sql: 't.filter_name', as: 'text' }, version: { sql: 't.version', as: 'text' } },
  words: ['name'],
};

/** The same filters, as they can be used by the networks of a cluster. */
export const clusterNetworkFilters: Collection = {
  ...networkFilters,
  about: 'Filters of traffic that vNIC profiles of a cluster can name.',
  below: {
    rel: 'clusters',
    condition: `string_to_array(t.version, '.')::integer[] <=
      (select string_to_array(c.compatibility_version, '.')::integer[] from cluster c where c.cluster_id = $parent)`,
  },
};
