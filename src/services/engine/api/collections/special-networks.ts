import { Refusal } from '../../http/refusal.ts';
import { incomplete, rejected } from '../fault.ts';
import type { Entity } from '../types.ts';
import type { Special, Work } from './collection.ts';
import { permits } from './permits.ts';

/* Networks as clusters use them. */

/** What a cluster uses a network for, by the words of clients. */
const usageColumns = {
  display: 'is_display',
  migration: 'migration',
  management: 'management',
  default_route: 'default_route',
  gluster: 'is_gluster',
} as const;

const usesOf = (entity: Entity): Readonly<Record<string, boolean>> => {
  const uses = Array.isArray(entity['usages']) ? (entity['usages'] as readonly string[]) : undefined;
  return {
    ...(typeof entity['required'] === 'boolean' ? { required: entity['required'] } : {}),
    ...(uses === undefined ? {} : Object.fromEntries(Object.entries(usageColumns).map(([word, column]) => [column, uses.includes(word)]))),
  };
};

const networkWork = (network: string, event: Work['event'], statement: Work['statement']): Omit<Work, 'permit'> => ({
  object: network,
  event,
  statement,
});

export const clusterNetworkSpecial: Special = {
  add: {
    permit: permits.assign_cluster_network,
    async work({ database, entity, members, asker, place }) {
      const network = await members.resolve('networks', entity, asker);
      const [same] = await database.query<{ same: boolean }>(
        'select c.storage_pool_id = n.storage_pool_id as same from cluster c, network n where c.cluster_id = $1 and n.id = $2',
        [place.parent, network],
      );
      if (same?.same !== true) throw new Refusal(409, 'The network belongs to another data center than the cluster.');
      const uses = usesOf(entity);
      const event = { code: 946, name: 'NETWORK_ATTACH_NETWORK_TO_CLUSTER', text: 'Network ${name} was attached to a cluster by ${user}.' };
      return networkWork(network, event, (values) => [
        [
          'added',
          `insert into network_cluster (network_id, cluster_id${Object.keys(uses)
            .map((column) => `, ${column}`)
            .join('')})
         values (${values.add(network)}, ${values.add(place.parent)}${Object.values(uses)
           .map((use) => `, ${values.add(use)}`)
           .join('')}) returning network_id`,
        ],
        ['done', 'select n.id::text as id, n.name::text as name from network n join added a on a.network_id = n.id'],
      ]);
    },
  },
  update: {
    permit: permits.assign_cluster_network,
    async work({ id, entity, place }) {
      const uses = Object.entries(usesOf(entity));
      const event = {
        code: 1100,
        name: 'NETWORK_UPDATE_DISPLAY_FOR_CLUSTER',
        text: 'The use of network ${name} in a cluster was changed by ${user}.',
      };
      return networkWork(id, event, (values) => [
        [
          'added',
          `update network_cluster set ${['status = status', ...uses.map(([column, use]) => `${column} = ${values.add(use)}`)].join(', ')}
         where network_id = ${values.add(id)} and cluster_id = ${values.add(place.parent)} returning network_id`,
        ],
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
