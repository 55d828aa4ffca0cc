import type { Database } from '../../../frame/database.ts';
import { Refusal } from '../../http/refusal.ts';
import { incomplete, invalidValue, rejected } from '../fault.ts';
import { insertSql } from '../insert.ts';
import type { Values } from '../search/values.ts';
import type { Entity } from '../types.ts';
import type { Special, Work } from './collection.ts';
import { permits } from './permits.ts';

/* Networks as clusters use them. */

/** What a network is used for, by the words of clients: by virtual machines of all clusters, and in a single cluster. */
export const usageColumns = {
  vm: 'vm_network',
  display: 'is_display',
  migration: 'migration',
  management: 'management',
  default_route: 'default_route',
  gluster: 'is_gluster',
} as const;

/** The words that a client sent. Throws a fault (400) for one that is no use of a network. */
export function usagesOf(value: unknown): readonly string[] {
  const words = (value as readonly string[]).map((word) => word.toLowerCase());
  if (words.some((word) => !Object.hasOwn(usageColumns, word))) throw invalidValue('usage', Object.keys(usageColumns));
  return words;
}

type Uses = Readonly<Record<string, boolean>>;

/** What a client sent of the use of a network in a cluster, by columns. */
const usesOf = (entity: Entity): Uses => {
  const words = Array.isArray(entity['usages']) ? usagesOf(entity['usages']) : undefined;
  const { vm: _ofAllClusters, ...inCluster } = usageColumns;
  return {
    ...(typeof entity['required'] === 'boolean' ? { required: entity['required'] } : {}),
    ...(words === undefined ? {} : Object.fromEntries(Object.entries(inCluster).map(([word, column]) => [column, words.includes(word)]))),
  };
};

/** A network that is named without an id is one of the data center of the cluster, since others have networks of the same name. */
async function amongTheirs(database: Database, cluster: string | null, named: Entity): Promise<Entity> {
  if (typeof named.id === 'string' && named.id !== '') return named;
  const [found] = await database.query<{ id: string }>(
    'select n.id from network n join cluster c on c.storage_pool_id = n.storage_pool_id where c.cluster_id = $1 and n.name = $2',
    [cluster, named['name']],
  );
  return found ?? named;
}

/** Throws a refusal (409) for uses that would leave a cluster without a network over which its hosts are managed. */
function needManagement(uses: Uses, now: Uses = {}): void {
  if (now['management'] === true && uses['management'] === false)
    throw new Refusal(409, 'A cluster has to have a management network: give this use to another network of it.');
  const { management, required } = { ...now, ...uses };
  if (management === true && required === false) throw new Refusal(409, 'The management network of a cluster is required in it.');
}

/** A cluster has one network for each use, which is taken from the network that had it. To stand behind a part `added`. */
function takenOver(uses: Uses, network: string, cluster: string | null, values: Values): readonly (readonly [string, string])[] {
  const taken = Object.entries(uses).filter(([column, use]) => use && column !== 'required');
  if (taken.length === 0) return [];
  const sets = taken.map(([column]) => `${column} = false`).join(', ');
  const others = `cluster_id = ${values.add(cluster)} and network_id <> ${values.add(network)}`;
  return [['taken', `update network_cluster set ${sets} where ${others} and exists (select from added)`]];
}

const networkWork = (network: string, event: Work['event'], statement: Work['statement']): Omit<Work, 'permit'> => ({
  object: network,
  event,
  statement,
});

export const clusterNetworkSpecial: Special = {
  add: {
    permit: permits.assign_cluster_network,
    async work({ database, entity, members, asker, place }) {
      const network = await members.resolve('networks', await amongTheirs(database, place.parent, entity), asker);
      const [same] = await database.query<{ same: boolean }>(
        'select c.storage_pool_id = n.storage_pool_id as same from cluster c, network n where c.cluster_id = $1 and n.id = $2',
        [place.parent, network],
      );
      if (same?.same !== true) throw new Refusal(409, 'The network belongs to another data center than the cluster.');
      const uses = usesOf(entity);
      needManagement(uses);
      const event = { code: 946, name: 'NETWORK_ATTACH_NETWORK_TO_CLUSTER', text: 'Network ${name} was attached to a cluster by ${user}.' };
      return networkWork(network, event, (values) => [
        [
          'added',
          `${insertSql(values, 'network_cluster', { network_id: network, cluster_id: place.parent, ...uses })} returning network_id`,
        ],
        ...takenOver(uses, network, place.parent, values),
        ['done', 'select n.id::text as id, n.name::text as name from network n join added a on a.network_id = n.id'],
      ]);
    },
  },
  update: {
    permit: permits.assign_cluster_network,
    async work({ database, id, entity, place }) {
      const uses = usesOf(entity);
      const [now] = await database.query<Uses>(
        'select management, required from network_cluster where network_id = $1 and cluster_id = $2',
        [id, place.parent],
      );
      needManagement(uses, now);
      const event = {
        code: 1100,
        name: 'NETWORK_UPDATE_DISPLAY_FOR_CLUSTER',
        text: 'The use of network ${name} in a cluster was changed by ${user}.',
      };
      return networkWork(id, event, (values) => [
        [
          'added',
          `update network_cluster set ${['status = status', ...Object.entries(uses).map(([column, use]) => `${column} = ${values.add(use)}`)].join(', ')}
         where network_id = ${values.add(id)} and cluster_id = ${values.add(place.parent)} returning network_id`,
        ],
        ...takenOver(uses, id, place.parent, values),
        ['done', 'select n.id::text as id, n.name::text as name from network n join added a on a.network_id = n.id'],
      ]);
    },
  },
  remove: {
    permit: permits.assign_cluster_network,
    async work({ database, id, place }) {
      const [found] = await database.query<{ management: boolean }>(
        'select management from network_cluster where network_id = $1 and cluster_id = $2',
        [id, place.parent],
      );
      if (found?.management === true) throw new Refusal(409, 'The network is the management network of the cluster.');
      const event = {
        code: 948,
        name: 'NETWORK_DETACH_NETWORK_TO_CLUSTER',
        text: 'Network ${name} was detached from a cluster by ${user}.',
      };
      return networkWork(id, event, (values) => [
        [
          'gone',
          `delete from network_cluster where network_id = ${values.add(id)} and cluster_id = ${values.add(place.parent)} returning network_id`,
        ],
        ['done', 'select n.id::text as id, n.name::text as name from network n join gone a on a.network_id = n.id'],
      ]);
    },
  },
};

const labelName = /^[A-Za-z0-9_-]{1,255}$/;

export const networkLabelSpecial: Special = {
  add: {
    permit: permits.edit_storage_pool_network,
    async work({ database, entity, place }) {
      const label = entity.id ?? '';
      if (label === '') throw incomplete('network_label', ['id'], 'add');
      if (!labelName.test(label)) throw rejected('A label may hold letters, digits, underscores and hyphens only.');
      const [found] = await database.query<{ label: string | null }>('select label from network where id = $1', [place.parent]);
      if ((found?.label ?? null) !== null) throw new Refusal(409, 'The network has a label already.');
      const event = { code: 1130, name: 'NETWORK_ADD_LABEL', text: 'A label was put on network ${name} by ${user}.' };
      return networkWork(place.parent ?? '', event, (values) => [
        [
          'done',
          `update network set label = ${values.add(label)} where id = ${values.add(place.parent)} and label is null
         returning label as id, name::text as name`,
        ],
      ]);
    },
  },
  remove: {
    permit: permits.edit_storage_pool_network,
    async work({ id, place }) {
      const event = { code: 1132, name: 'NETWORK_REMOVE_LABEL', text: 'The label of network ${name} was removed by ${user}.' };
      return networkWork(place.parent ?? '', event, (values) => [
        [
          'done',
          `update network set label = null where id = ${values.add(place.parent)} and label = ${values.add(id)}
         returning ${values.add(id)}::text as id, name::text as name`,
        ],
      ]);
    },
  },
};
