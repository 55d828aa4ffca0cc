import { type Log, errorFields } from '../../frame/log.ts';
import type { Libvirt } from '../libvirt/libvirt.ts';
import type { Machine } from './machine.ts';

const againAfterMs = 5_000;

/** Switches machines off that were given a time to end by themselves. */
export interface SwitchOff {
  /** Watches over one by its `switchOffAt`; what was to come before is forgotten. */
  arm(machine: Machine): void;
  /** It has ended, or the agent ends. */
  disarm(machine: Machine): void;
}

/** @param clock milliseconds since the host has started, in which `switchOffAt` is: nobody sets it */
export function createSwitchOff(parts: { readonly libvirt: () => Libvirt; readonly clock: () => number; readonly log: Log }): SwitchOff {
  const { libvirt, clock, log } = parts;
  const timers = new Map<string, NodeJS.Timeout>();

  async function end(machine: Machine): Promise<void> {
    if (machine.domain === undefined) return;
    log.info('virtual machine has not ended in its time', { vm: machine.id });
    try {
      await libvirt().destroy(machine.domain, { graceful: false });
    } catch (error) {
      log.warning('cannot switch off a virtual machine, trying again', { vm: machine.id, ...errorFields(error) });
      // libvirt may be away. The end of a machine takes its timer away.
      if (timers.has(machine.id)) after(machine, againAfterMs);
    }
  }
  function after(machine: Machine, ms: number): void {
    timers.set(machine.id, setTimeout(() => void end(machine), ms).unref());
  }
  function disarm({ id }: Machine): void {
    clearTimeout(timers.get(id));
    timers.delete(id);
  }

  return {
    arm(machine) {
      disarm(machine);
      if (machine.switchOffAt !== undefined) after(machine, Math.max(0, machine.switchOffAt - clock()));
    },
    disarm,
  };
}
