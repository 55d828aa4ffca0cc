import { type Exit, type Status, exitReasons } from './codes.ts';
import type { Machine } from './machine.ts';

/** Events of libvirt in the life of a machine (`virDomainEventType`). */
export const lifecycle = { started: 2, suspended: 3, resumed: 4, stopped: 5, shutdown: 6 } as const;

/** Why a machine has stopped (`virDomainEventStoppedDetailType`). */
const stopped = { shutdown: 0, destroyed: 1, crashed: 2, migrated: 3, saved: 4, failed: 5 } as const;

/** States of libvirt (`virDomainState`). */
const states = { running: 1, blocked: 2, paused: 3, shutdown: 4 } as const;

/** The state of one that has ended, and that libvirt is about to forget. */
export const shutOff = 5;

/** The status of a machine that is found running. */
export function stateStatus(state: number): Status {
  switch (state) {
    case states.running:
    case states.blocked:
      return 'Up';
    case states.paused:
      return 'Paused';
    case states.shutdown:
      return 'Powering down';
    default:
      return 'Unknown';
  }
}

/**
 * The same where nobody has seen it: the agent was away, or libvirt.
 * @param word what libvirt has written of it, `crashed` for instance
 */
export function endUnseen(machine: Pick<Machine, 'ending' | 'shutdownBy' | 'status'>, word: string): Exit {
  const detail = Object.entries(stopped).find(([name]) => name === word)?.[1];
  if (detail === undefined && machine.ending === undefined)
    return { code: 1, reason: exitReasons.domainGone, message: 'It ended while nobody could see how' };
  return exitOf({ ...machine, status: 'Up' }, detail ?? stopped.destroyed);
}

/** How the end of a machine is told, by what libvirt tells of it and what we had begun. */
export function exitOf({ ending, shutdownBy, status }: Pick<Machine, 'ending' | 'shutdownBy' | 'status'>, detail: number): Exit {
  const normal = (reason: number, message: string): Exit => ({ code: 0, reason, message });
  const failed = (reason: number, message: string): Exit => ({ code: 1, reason, message });
  switch (detail) {
    case stopped.migrated:
      return normal(exitReasons.migrated, 'Migration succeeded');
    case stopped.saved:
      return normal(exitReasons.saved, 'SAVE_STATE_SUCCEEDED');
    case stopped.crashed:
    case stopped.failed:
      return failed(exitReasons.lostQemu, 'Lost connection with qemu process');
    default:
  }
  if (ending === 'destroy') {
    if (status === 'WaitForLaunch') return normal(exitReasons.destroyedAtStart, 'VM destroyed during the startup');
    if (status === 'RebootInProgress') return normal(exitReasons.destroyedAtReboot, 'VM was destroyed during the reboot');
    if (status === 'Paused') return normal(exitReasons.destroyedPaused, 'VM was destroyed while it was paused');
    return normal(exitReasons.byAdministrator, 'Admin shut down from the engine');
  }
  if (ending === 'shutdown') return normal(exitReasons.byAdministrator, 'Admin shut down from the engine');
  if (detail === stopped.shutdown || shutdownBy === 'guest') return normal(exitReasons.byUser, 'User shut down from within the guest');
  return normal(exitReasons.byHost, 'The host shut the VM down');
}
