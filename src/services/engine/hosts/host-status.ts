/** Words of the API for the statuses of hosts, by the number that is stored. */
export const hostStatuses = [
  'unassigned',
  'down',
  'maintenance',
  'up',
  'non_responsive',
  'error',
  'installing',
  'install_failed',
  'reboot',
  'preparing_for_maintenance',
  'non_operational',
  'pending_approval',
  'initializing',
  'connecting',
  'installing_os',
  'kdumping',
] as const;

export type HostStatus = (typeof hostStatuses)[number];

/** The number that is stored for a status. */
export const statusNumber = (status: HostStatus): number => hostStatuses.indexOf(status);

/** Numbers of several, for `= any(..)`. */
export const statusNumbers = (...statuses: readonly HostStatus[]): readonly number[] => statuses.map(statusNumber);

/** The word for a number. */
export const statusWord = (number: unknown): HostStatus => hostStatuses[Number(number)] ?? 'error';

/** Why a host is not operational, by the number that is stored. */
export const reasons = {
  none: 0,
  general: 1,
  cpu: 2,
  storage: 3,
  network: 4,
  version: 5,
  kvmNotRunning: 6,
  emulatedMachines: 11,
  clusterVersion: 14,
} as const;
