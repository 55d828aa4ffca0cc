/** Words of the API for the statuses of virtual machines, by the number that is stored. */
const words = {
  unassigned: -1,
  down: 0,
  up: 1,
  powering_up: 2,
  paused: 4,
  migrating: 5,
  unknown: 7,
  not_responding: 8,
  wait_for_launch: 9,
  reboot_in_progress: 10,
  saving_state: 11,
  restoring_state: 12,
  suspended: 13,
  image_illegal: 14,
  image_locked: 15,
  powering_down: 16,
} as const;

export type MachineStatus = keyof typeof words;

export const machineStatuses: Readonly<Record<MachineStatus, number>> = words;

/** Numbers of several, for `= any(..)`. */
export const machineStatusNumbers = (...statuses: readonly MachineStatus[]): readonly number[] => statuses.map((status) => words[status]);

/** The word for a number; both ends of a migration have the same. */
export const machineStatusWord = (number: unknown): MachineStatus =>
  Number(number) === 6
    ? 'migrating'
    : ((Object.keys(words) as MachineStatus[]).find((word) => words[word] === Number(number)) ?? 'unknown');
