/** Words of the API for the statuses of storage domains in a data center, by the number that is stored. */
export const storageStatuses = [
  'unknown',
  'uninitialized',
  'unattached',
  'active',
  'inactive',
  'locked',
  'maintenance',
  'preparing_for_maintenance',
  'detaching',
  'activating',
] as const;

export type StorageStatus = (typeof storageStatuses)[number];

/** The number that is stored for a status. */
export const storageStatusNumber = (status: StorageStatus): number => storageStatuses.indexOf(status);

/** Numbers of several, for `= any(..)`. */
export const storageStatusNumbers = (...statuses: readonly StorageStatus[]): readonly number[] => statuses.map(storageStatusNumber);

/** The word for a number. */
export const storageStatusWord = (number: unknown): StorageStatus => storageStatuses[Number(number)] ?? 'unknown';
