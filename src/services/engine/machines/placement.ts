import type { HostStatus } from '../hosts/host-status.ts';

/* On which host a machine is started: filters say where it cannot be, weights where it is best. Nothing here looks at the world. */

/** What a machine asks of its host. */
export interface Wanted {
  readonly guaranteedMb: number;
  readonly cpus: number;
  /** Hosts that it may run on, by their ids; empty for any. */
  readonly pinned: readonly string[];
  /** Networks that its cards are connected to, as hosts call them. */
  readonly networks: readonly string[];
  /** Kinds of its displays. */
  readonly displays: readonly string[];
}

/** A host of the cluster of the machine, with what is promised to others there. */
export interface Candidate {
  readonly id: string;
  readonly name: string;
  readonly status: HostStatus;
  /** Null as long as nothing is known. */
  readonly physicalMb: number | null;
  readonly reservedMb: number;
  /** What each machine takes beside its own memory. */
  readonly overheadMb: number;
  /** What is guaranteed to machines that run there or may run there, with their overhead. */
  readonly committedMb: number;
  /** Per cent of its memory that may be promised. */
  readonly overcommit: number;
  readonly cpus: number;
  /** Processors of the machines there. */
  readonly cpusInUse: number;
  readonly machines: number;
  /** Per cent; null as long as nothing is known. */
  readonly load: number | null;
  /** Networks with a bridge. */
  readonly networks: readonly string[];
  /** Kinds of displays that it can show; null where it does not say. */
  readonly displays: readonly string[] | null;
}

export interface Placed {
  readonly host: string;
  readonly name: string;
}

/** Nothing fits: a sentence for each host that was looked at. */
export interface Unplaced {
  readonly why: readonly string[];
}

/** What each host could still promise, in megabytes. */
const freeMb = ({ physicalMb, reservedMb, committedMb, overcommit }: Candidate): number =>
  Math.floor(((physicalMb ?? 0) * overcommit) / 100) - reservedMb - committedMb;

type Filter = (host: Candidate, wanted: Wanted) => string | null;

/** Each says what is in the way, or nothing; the first that does is told. */
const filters: readonly Filter[] = [
  ({ id }, { pinned }) => (pinned.length > 0 && !pinned.includes(id) ? 'the machine may not run there' : null),
  // Only a host that reaches its storage is up.
  ({ status }) => (status === 'up' ? null : `its status is ${status.replaceAll('_', ' ')}`),
  ({ physicalMb }) => (physicalMb === null ? 'it has not told yet how much memory it has' : null),
  ({ cpus }, wanted) => (cpus < wanted.cpus ? `it has ${cpus} processors, and the machine needs ${wanted.cpus}` : null),
  (host, { guaranteedMb }) => {
    const [needed, free] = [guaranteedMb + host.overheadMb, Math.max(0, freeMb(host))];
    return free < needed ? `it has ${free} MB of memory left to promise, and the machine needs ${needed} MB` : null;
  },
  ({ networks }, wanted) => {
    const missing = wanted.networks.filter((network) => !networks.includes(network));
    if (missing.length === 0) return null;
    return `it has no bridge for ${missing.length === 1 ? 'the network' : 'the networks'} ${missing.join(', ')}`;
  },
  ({ displays }, wanted) => {
    const missing = wanted.displays.filter((display) => displays?.includes(display) === false);
    return missing.length === 0 ? null : `it cannot show displays of the kind ${missing.join(', ').toUpperCase()}`;
  },
];

/** The lower, the better: how much of the host is taken, whichever of memory, processors and load is worst. Ties are broken by machines, then by name. */
function weight(host: Candidate): number {
  const memory = 1 - freeMb(host) / Math.max(1, freeMb({ ...host, committedMb: 0 }));
  return Math.max(memory, host.cpusInUse / Math.max(1, host.cpus), (host.load ?? 0) / 100);
}

/** Chooses the host for a machine, so that machines are spread evenly. */
export function place(wanted: Wanted, candidates: readonly Candidate[]): Placed | Unplaced {
  const judged = candidates.map((host) => ({ host, obstacle: filters.map((filter) => filter(host, wanted)).find((one) => one !== null) }));
  const [best] = judged
    .filter(({ obstacle }) => obstacle === undefined)
    .map(({ host }) => ({ host, weight: weight(host) }))
    .toSorted((a, b) => a.weight - b.weight || a.host.machines - b.host.machines || (a.host.name < b.host.name ? -1 : 1));
  if (best !== undefined) return { host: best.host.id, name: best.host.name };
  if (candidates.length === 0) return { why: ['Its cluster has no hosts.'] };
  return { why: judged.map(({ host, obstacle }) => `Host ${host.name}: ${obstacle ?? ''}.`) };
}
