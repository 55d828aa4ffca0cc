import type { Domain } from '../libvirt/domain.ts';
import type { Exit, Status } from './codes.ts';
import type { Live } from './live.ts';
import type { VolumeRef } from './metadata.ts';

/** A virtual machine as the agent knows it. */
export interface Machine {
  readonly id: string;
  name: string;
  status: Status;
  /** Milliseconds since 1970 at which the status was last changed. */
  statusSince: number;
  /** The same for its start. */
  started: number;
  /** Undefined until libvirt has it, and after it has ended. */
  domain: Domain | undefined;
  /** Why it does not run any more. */
  exit: Exit | undefined;
  /** What it was defined with; undefined for one that was found running. */
  definition: string | undefined;
  /** Volumes that were made ready for it, by the names of its devices. */
  volumes: ReadonlyMap<string, VolumeRef>;
  live: Live | undefined;
  /** Whether an agent inside the guest listens. */
  agentConnected: boolean;
  /** What it has told last, as statistics have it. */
  guest: Readonly<Record<string, unknown>>;
  /** What it was doing before it was paused, and does again when it goes on. */
  pausedWhile: 'Powering up' | 'Powering down' | 'RebootInProgress' | 'Up';
  /** Why it is paused. */
  pauseCode: string;
  clientIp: string;
  /** Seconds that its clock is ahead of UTC; the guest may set it, and finds it so again when it is started with them. */
  timeOffset: number;
  /** What we have begun that will end it, for the reason of its end. */
  ending: 'destroy' | 'shutdown' | undefined;
  /** When it is switched off unless it has ended: milliseconds since the host has started. */
  switchOffAt: number | undefined;
  /** Somebody inside the guest has begun its end, or this host has. */
  shutdownBy: 'guest' | 'host' | undefined;
  /** libvirt was asked to start it, and nobody knows whether it has. */
  undecided: boolean;
  /** Becomes Up when it has been running for so long, agent or not. */
  patience: NodeJS.Timeout | undefined;
}

/** A machine that is about to be started. */
export const newMachine = (id: string, name: string, now: number): Machine => ({
  id,
  name,
  status: 'WaitForLaunch',
  statusSince: now,
  started: now,
  domain: undefined,
  exit: undefined,
  definition: undefined,
  volumes: new Map(),
  live: undefined,
  agentConnected: false,
  guest: {},
  pausedWhile: 'Powering up',
  pauseCode: 'NOERR',
  clientIp: '',
  timeOffset: 0,
  ending: undefined,
  switchOffAt: undefined,
  shutdownBy: undefined,
  undecided: false,
  patience: undefined,
});

/** The definition as `VM.create` and `Host.getVMFullList` tell it. */
export function describe({ id, name, status, statusSince, definition, live, exit, pauseCode }: Machine, xml = definition): object {
  return {
    vmId: id,
    vmName: name,
    status,
    statusTime: String(statusSince),
    ...(xml === undefined ? {} : { xml }),
    ...(live === undefined
      ? {}
      : { hash: live.hash, smp: String(live.cpus), emulatedMachine: live.machine, kvmEnable: String(!live.emulated) }),
    ...(status === 'Paused' ? { pauseCode } : {}),
    ...exitFields(exit),
  };
}

/** How the end of a machine is told. */
export const exitFields = (exit: Exit | undefined): object =>
  exit === undefined ? {} : { exitCode: exit.code, exitReason: exit.reason, exitMessage: exit.message };
