/** Words of the API for the phases of transfers, by the number that is stored. */
const transferPhases = [
  'unknown',
  'initializing',
  'transferring',
  'resuming',
  'paused_system',
  'paused_user',
  'cancelled_system',
  'finalizing_success',
  'finalizing_failure',
  'finished_success',
  'finished_failure',
  'cancelled_user',
  'finalizing_cleanup',
  'finished_cleanup',
] as const;

export type TransferPhase = (typeof transferPhases)[number];

/** The number that is stored for a phase. */
export const phaseNumber = (phase: TransferPhase): number => transferPhases.indexOf(phase);

/** The word for a number. */
export const phaseWord = (number: unknown): TransferPhase => transferPhases[Number(number)] ?? 'unknown';

/** Numbers of several, for `= any(..)`. */
export const phaseNumbers = (...phases: readonly TransferPhase[]): readonly number[] => phases.map(phaseNumber);

/** Transfers that have ended. */
export const finishedPhases = ['finished_success', 'finished_failure', 'finished_cleanup'] as const;

export const directions = ['', 'download', 'upload'] as const;

/** What is done with a transfer that nobody uses for too long. */
export const timeoutPolicies = ['legacy', 'pause', 'cancel'] as const;
