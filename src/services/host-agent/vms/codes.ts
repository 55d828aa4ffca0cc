/* Numbers and words of the wire about virtual machines. */

/** Codes of failures. */
export const codes = {
  noSuchVm: 1,
  exists: 4,
  isDown: 6,
  cannotCreate: 9,
  missing: 11,
  imageNotFound: 13,
  unexpected: 16,
  ticket: 18,
  agent: 19,
  unavailable: 40,
  changeDisk: 41,
  destroy: 42,
  balloon: 53,
  updateDevice: 56,
} as const;

export type Status =
  | 'WaitForLaunch'
  | 'Powering up'
  | 'Up'
  | 'Paused'
  | 'Powering down'
  | 'RebootInProgress'
  | 'Saving State'
  | 'Migration Source'
  | 'Down'
  | 'Unknown';

/** Why a virtual machine does not run any more. */
export const exitReasons = {
  ok: 0,
  lostQemu: 2,
  startFailed: 3,
  migrated: 4,
  saved: 5,
  byAdministrator: 6,
  byUser: 7,
  domainGone: 9,
  destroyedAtStart: 10,
  byHost: 11,
  destroyedAtReboot: 13,
  destroyedPaused: 14,
} as const;

export interface Exit {
  /** 0 normal, 1 error. */
  readonly code: 0 | 1;
  readonly reason: number;
  readonly message: string;
}
