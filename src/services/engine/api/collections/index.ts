import type { Collection } from './collection.ts';
import { clusterLevels, icons, networkFilters, operatingSystems } from './constants.ts';
import { clusters, dataCenterClusters, dataCenters } from './datacenters.ts';
import { domainUsers, domains, groups, permissions, rolePermits, roles, users } from './directory.ts';
import { clusterNetworks, dataCenterNetworks, macPools, networkVnicProfiles, networks, vnicProfiles } from './networks.ts';
import { affinityLabels, bookmarks, events, jobs, options, steps, tags, tagsOf } from './records.ts';

/** Permissions of the members of a collection: those given on them. */
const permissionsOf = (rel: string): Collection => permissions({ rel, column: 'object_id' });

/** Everything that the API has, in no order that means anything. */
export const collections: readonly Collection[] = [
  affinityLabels,
  bookmarks,
  clusterLevels,
  clusters,
  clusterNetworks,
  permissionsOf('clusters'),
  dataCenters,
  dataCenterClusters,
  dataCenterNetworks,
  permissionsOf('datacenters'),
  domains,
  domainUsers,
  events,
  groups,
  permissions({ rel: 'groups', column: 'ad_element_id' }),
  tagsOf('groups', 'tags_user_group_map', 'group_id'),
  icons,
  jobs,
  steps,
  macPools,
  permissionsOf('macpools'),
  networkFilters,
  networks,
  networkVnicProfiles,
  permissionsOf('networks'),
  operatingSystems,
  options,
  permissions(),
  roles,
  rolePermits,
  tags,
  users,
  permissions({ rel: 'users', column: 'ad_element_id' }),
  tagsOf('users', 'tags_user_map', 'user_id'),
  vnicProfiles,
  permissionsOf('vnicprofiles'),
];
