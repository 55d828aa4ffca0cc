/** Kinds of storage that the engine can use, by the number that is stored and that agents are told. */
export const storageKinds = { nfs: 1, localfs: 4, posixfs: 6 } as const;
export type StorageKind = keyof typeof storageKinds;

/** The word for a number. */
export const storageKindWord = (number: unknown): StorageKind | undefined =>
  (Object.keys(storageKinds) as StorageKind[]).find((kind) => storageKinds[kind] === Number(number));

/** What domains are for, by the number that is stored: one master among those for data. */
export const domainTypes = { master: 0, data: 1, iso: 2, export: 3 } as const;

/** The word of the API: a master is one for data. */
export const domainTypeWord = (number: unknown): 'data' | 'iso' | 'export' =>
  Number(number) === domainTypes.iso ? 'iso' : Number(number) === domainTypes.export ? 'export' : 'data';

/** What agents are told that a domain is for. */
export const domainClasses = { data: 1, iso: 2, export: 3 } as const;

/** Versions that domains are made in, as agents are told and as they are stored; the API shows 0 as v1, and others as they are. */
export const domainVersions = { data: 5, iso: 0, export: 0 } as const;

/** `v5` for a version that is stored. */
export const formatWord = (version: unknown): string => (Number(version) === 0 ? 'v1' : `v${String(version)}`);

/** Statuses of data centers, by the number that is stored. */
export const poolStatus = { uninitialized: 0, up: 1, maintenance: 2, notOperational: 3, nonResponsive: 4, contend: 5 } as const;

/** Hosts go by numbers from 1 on at the storage; the highest is for whoever makes a pool. */
export const mostHosts = 249;
