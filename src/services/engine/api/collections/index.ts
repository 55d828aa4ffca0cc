import type { Collection } from './collection.ts';
import { clusterFeatures, clusterLevels, clusterNetworkFilters, networkFilters, schedulingPolicies } from './constants.ts';
import { clusters, dataCenterClusters } from './clusters.ts';
import { dataCenters } from './datacenters.ts';
import { diskAttachments, templateDiskAttachments } from './disks/attachments.ts';
import { diskStatistics } from './disks/disk-figures.ts';
import { disks, storageDomainDisks } from './disks/disks.ts';
import { imageTransfers } from './disks/transfers.ts';
import { domainGroups, domainUsers, domains, groups, groupsOfUser, users } from './directory.ts';
import { hostNics } from './host-nics.ts';
import { hostNicStatistics, hostStatistics } from './host-figures.ts';
import { hosts } from './hosts.ts';
import { icons } from './icons.ts';
import { jobs, steps } from './jobs.ts';
import { affinityLabels, labelHosts, labelVms } from './labels.ts';
import { macPools } from './mac-pools.ts';
import { machineCdroms } from './machines/cdroms.ts';
import { machineStatistics, nicStatistics } from './machines/machine-figures.ts';
import { applications, nicReportedDevices, reportedDevices, sessions } from './machines/guest.ts';
import { machineGraphics } from './machines/graphics-consoles.ts';
import { machineNics } from './machines/nics.ts';
import { numaNodes } from './machines/numa-nodes.ts';
import { instanceTypes, templates } from './machines/templates.ts';
import { vms } from './machines/vms.ts';
import { clusterNetworks, dataCenterNetworks, networkLabels, networks } from './networks.ts';
import { operatingSystems } from './operating-systems.ts';
import { bookmarks, events, options, tags, tagsOf } from './records.ts';
import { permissions, rolePermits, roles, rolesOf } from './roles.ts';
import { openStackNetworkProviders } from './providers.ts';
import { sshPublicKeys, userOptions } from './profiles.ts';
import { domainFiles } from './storage/domain-files.ts';
import { domainConnections, storageConnections } from './storage/storage-connections.ts';
import { attachedDomains, storageDomains } from './storage/storage-domains.ts';
import { eventSubscriptions } from './subscriptions.ts';
import { networkVnicProfiles, vnicProfiles } from './vnic-profiles.ts';

/** Permissions of the members of a collection: those given on them. */
const permissionsOf = (rel: string): Collection => permissions({ rel, column: 'object_id' });

/** Everything that the API has, in no order that means anything. */
export const collections: readonly Collection[] = [
  affinityLabels,
  labelHosts,
  labelVms,
  bookmarks,
  clusterLevels,
  clusterFeatures,
  clusters,
  clusterNetworks,
  clusterNetworkFilters,
  permissionsOf('clusters'),
  dataCenters,
  dataCenterClusters,
  dataCenterNetworks,
  attachedDomains,
  permissionsOf('datacenters'),
  disks,
  storageDomainDisks,
  diskAttachments,
  templateDiskAttachments,
  diskStatistics,
  permissionsOf('disks'),
  imageTransfers,
  domains,
  domainUsers,
  domainGroups,
  events,
  groups,
  permissions({ rel: 'groups', column: 'ad_element_id' }),
  rolesOf('groups'),
  tagsOf('groups', 'tags_user_group_map', 'group_id'),
  hosts,
  hostNics,
  hostNicStatistics,
  hostStatistics,
  permissionsOf('hosts'),
  icons,
  instanceTypes,
  machineNics('instancetypes'),
  machineGraphics('instancetypes'),
  jobs,
  steps,
  macPools,
  permissionsOf('macpools'),
  networkFilters,
  networks,
  networkVnicProfiles,
  networkLabels,
  permissionsOf('networks'),
  openStackNetworkProviders,
  operatingSystems,
  options,
  permissions(),
  roles,
  rolePermits,
  schedulingPolicies,
  storageConnections,
  storageDomains,
  domainConnections,
  domainFiles,
  permissionsOf('storagedomains'),
  tags,
  templates,
  machineNics('templates'),
  machineCdroms('templates'),
  machineGraphics('templates'),
  permissionsOf('templates'),
  tagsOf('templates', 'tags_vm_map', 'vm_id'),
  users,
  permissions({ rel: 'users', column: 'ad_element_id' }),
  rolesOf('users'),
  groupsOfUser,
  eventSubscriptions,
  sshPublicKeys,
  userOptions,
  tagsOf('users', 'tags_user_map', 'user_id'),
  vnicProfiles,
  permissionsOf('vnicprofiles'),
  vms,
  machineNics('vms'),
  nicReportedDevices,
  nicStatistics,
  machineCdroms('vms'),
  machineGraphics('vms'),
  machineStatistics,
  numaNodes,
  applications,
  reportedDevices,
  sessions,
  permissionsOf('vms'),
  tagsOf('vms', 'tags_vm_map', 'vm_id'),
];
