import type { Told } from '../commands/command.ts';

/* What is told of storage. Codes and names are those that tools look for. */

interface Named {
  readonly id: string;
  readonly name: string;
}

/** The event that a host has become the SPM of a data center. */
export const spmIsOn = (host: Named & { readonly address: string }, pool: Named): Told => ({
  ...{ code: 204, name: 'IRS_HOSTED_ON_VDS', severity: 0, host: host.id, pool: pool.id },
  text: `Host ${host.name} (${host.address}) is the storage pool manager of data center ${pool.name}.`,
});

/** The event that the storage of a data center cannot be changed at the moment. */
export const poolIsProblematic = (pool: Named, why: string): Told => ({
  ...{ code: 980, name: 'SYSTEM_CHANGE_STORAGE_POOL_STATUS_PROBLEMATIC', severity: 2, pool: pool.id },
  text: `The storage of data center ${pool.name} cannot be managed at the moment: ${why}`,
});

/** The event that a domain was found to be away, or to be back. */
export const domainWent = (domain: Named, pool: Named, back: boolean): Told =>
  back
    ? {
        ...{ code: 966, name: 'USER_ACTIVATED_STORAGE_DOMAIN', severity: 0, storageDomain: domain.id, pool: pool.id },
        text: `Storage domain ${domain.name} of data center ${pool.name} can be reached again.`,
      }
    : {
        ...{ code: 970, name: 'SYSTEM_DEACTIVATED_STORAGE_DOMAIN', severity: 2, storageDomain: domain.id, pool: pool.id },
        text: `Storage domain ${domain.name} of data center ${pool.name} is inactive: its host can no longer reach it.`,
      };

/** The event that little room is left on a domain. */
export const spaceIsLow = (domain: Named, free: string, critical: boolean): Told => ({
  ...(critical
    ? ({ code: 201, name: 'IRS_DISK_SPACE_LOW_ERROR', severity: 2 } as const)
    : ({ code: 26, name: 'IRS_DISK_SPACE_LOW', severity: 1 } as const)),
  storageDomain: domain.id,
  text: `Little room is left on storage domain ${domain.name}: ${free}. Free some, or extend the storage.`,
});
