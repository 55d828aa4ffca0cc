/*
 * Who may change a pool: the one host that holds the lease of the role on the master domain. A lease is kept on the storage itself, so that it
 * also decides between hosts that see the storage and not each other.
 */

/** Where the leases of a domain lie. */
export interface LeasePlaces {
  /** The domain, which is the name of the space that hosts are numbered in. */
  readonly domain: string;
  /** File with a place for each host. */
  readonly ids: string;
  /** File with a place for each lease. */
  readonly leases: string;
}

/** The role while it is held. */
export interface HeldLease {
  /** How often the role has changed hands. */
  readonly version: number;
  /** Whether it is still held, asked at this moment and without waiting. */
  isHeld(): boolean;
  /** Resolves when it is held no more, whatever the reason. */
  readonly lost: Promise<void>;
  release(): Promise<void>;
}

/** Who has the role, as the storage says: `hostId` is -1 where nobody has. */
export interface Holder {
  readonly hostId: number;
  readonly version: number;
}

export interface Leases {
  /** Prepares the files of a new domain, which are there and empty. */
  format(places: LeasePlaces): Promise<void>;
  /** Takes a number among the hosts of a domain; until then nothing can be held there. Takes up to half a minute. Throws VerbFailure (661). */
  join(places: LeasePlaces, hostId: number, signal: AbortSignal): Promise<void>;
  /** Gives the number back; nothing happens where it was lost. */
  leave(places: LeasePlaces, hostId: number): Promise<void>;
  /** The same of a number that an agent may have left behind which was killed, on whatever domain. */
  leaveEverywhere(hostId: number): Promise<void>;
  /** Takes the role. Throws VerbFailure (651) where another host has it. */
  acquire(places: LeasePlaces): Promise<HeldLease>;
  holder(places: LeasePlaces): Promise<Holder>;
}
