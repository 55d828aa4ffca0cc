import { type HostStatus, statusWord } from '../hosts/host-status.ts';

/* What is to be done about a host, by what is known of it. Nothing here looks at the world, so everything can be tried. */

/** What the engine has seen of a host in its turn. */
export interface Seen {
  /** Undefined while nobody has tried to reach it yet. */
  readonly reachable: boolean | undefined;
  /** The next statistics, and the next look at a host that is not operational, by the clock of the engine in milliseconds. */
  readonly statisticsAt: number;
  readonly examinationAt: number;
}

/** A host, as far as it matters here. */
export interface Watched {
  readonly status: number;
  readonly statusSince: Date;
  readonly virtualMachines: number;
  /** A command works on it. */
  readonly locked: boolean;
}

export interface Patience {
  /** How long a host that cannot be reached is waited for, and how much longer for each of its virtual machines, in milliseconds. */
  readonly graceMs: number;
  readonly graceForMachineMs: number;
}

/** What to do: nothing; statistics; look at it, since it may be up again; it is lost; or it has been lost for too long. */
export type Deed = 'nothing' | 'statistics' | 'examine' | 'lost' | 'given up';

/** Hosts in these are not connected to: nobody expects anything of them. */
const atRest: ReadonlySet<HostStatus> = new Set([
  'maintenance',
  'down',
  'pending_approval',
  'install_failed',
  'installing',
  'installing_os',
]);

/** Whether a host is to be connected to. */
export const isWatched = (status: number): boolean => !atRest.has(statusWord(status));

/** Whether nothing at all is expected of a host, so that it need not stay connected; one that is installed is connected to by its command. */
export const isAtRest = (status: number): boolean => atRest.has(statusWord(status)) && statusWord(status) !== 'installing';

/** How long a host is waited for. */
export const graceOf = ({ virtualMachines }: Watched, { graceMs, graceForMachineMs }: Patience): number =>
  graceMs + virtualMachines * graceForMachineMs;

/** What is to be done about a host now. */
export function deedFor(host: Watched, seen: Seen, patience: Patience, now: number): Deed {
  const status = statusWord(host.status);
  if (!isWatched(host.status) || seen.reachable === undefined) return 'nothing';
  if (seen.reachable) {
    if (status === 'up' || status === 'preparing_for_maintenance') return now >= seen.statisticsAt ? 'statistics' : 'nothing';
    // What is in error is brought back by people.
    if (!host.locked && status !== 'error' && now >= seen.examinationAt) return 'examine';
    // One that is not operational goes on running what it has.
    return status === 'non_operational' && now >= seen.statisticsAt ? 'statistics' : 'nothing';
  }
  switch (status) {
    case 'up':
    case 'non_operational':
    case 'unassigned':
    case 'initializing':
      return host.locked ? 'nothing' : 'lost';
    case 'connecting':
    case 'reboot':
      return now - host.statusSince.getTime() > graceOf(host, patience) ? 'given up' : 'nothing';
    default:
      return 'nothing';
  }
}
