import { setTimeout as sleep } from 'node:timers/promises';
import { failure } from './failures.ts';
import type { HeldLease, LeasePlaces, Leases } from './leases.ts';

export type RoleState = 'Free' | 'Contend' | 'SPM';

/** The role of the SPM (storage pool manager) in one pool, as far as this host is concerned. */
export interface SpmRole {
  state(): RoleState;
  /** How often the role had changed hands when this host took it; -1 when it has not. */
  version(): number;
  /** Takes the role and returns when this host has it. Throws VerbFailure where another one does. */
  take(): Promise<void>;
  giveBack(): Promise<void>;
  /** Throws VerbFailure (654) unless the role is held at this very moment. Stands before everything that changes metadata. */
  assert(): void;
  /** Aborted when the role that is held now is lost or given back. */
  signal(): AbortSignal;
  /** Gives the place among the hosts back as well. */
  leave(): Promise<void>;
}

/** How often the storage is asked for a place among the hosts until the role is wanted, and how long that waits in between. */
const retryMs = 10_000;

/**
 * Begins to take part in a pool: takes the place of this host on the master domain, which lasts, and goes on trying in the background.
 * @param hostId the number of this host in the pool, from 1 on
 * @param lost told when the role was lost without having been given back
 */
export function createSpmRole(places: LeasePlaces, hostId: number, leases: Leases, lost: () => void): SpmRole {
  let held: HeldLease | null = null;
  let contends = false;
  let ended = new AbortController();
  const leaving = new AbortController();
  let joined = leases.join(places, hostId, leaving.signal);
  const watchJoin = (joining: Promise<void>): void => {
    joining.catch(async () => {
      await sleep(retryMs, undefined, { signal: leaving.signal, ref: false }).catch(() => undefined);
      if (leaving.signal.aborted || joined !== joining) return;
      joined = leases.join(places, hostId, leaving.signal);
      watchJoin(joined);
    });
  };
  watchJoin(joined);

  const drop = (lease: HeldLease): void => {
    if (held !== lease) return;
    held = null;
    ended.abort(failure('not SPM', 'The role of the SPM was lost'));
  };

  return {
    state: () => (held?.isHeld() === true ? 'SPM' : contends ? 'Contend' : 'Free'),
    version: () => held?.version ?? -1,
    async take() {
      if (contends) throw failure('SPM start', 'The role of the SPM is being taken already');
      if (held?.isHeld() === true) return;
      // It is lost, and nobody has told yet.
      if (held !== null) drop(held);
      contends = true;
      try {
        await joined;
        // Whoever has a place keeps it; it is lost when the storage was away for long, or with the sanlock service.
        await leases.join(places, hostId, leaving.signal);
        const lease = await leases.acquire(places);
        held = lease;
        ended = new AbortController();
        void lease.lost.then(() => {
          if (held !== lease) return;
          drop(lease);
          lost();
        });
      } finally {
        contends = false;
      }
    },
    async giveBack() {
      const lease = held;
      if (lease === null) return;
      drop(lease);
      await lease.release();
    },
    assert() {
      if (held?.isHeld() !== true) throw failure('not SPM', 'This host does not have the role of the SPM in the pool');
    },
    signal: () => ended.signal,
    async leave() {
      await this.giveBack();
      leaving.abort();
      await joined.catch(() => undefined);
      // Also a place that was asked for and is not there yet: it would come without us.
      await leases.leave(places, hostId);
    },
  };
}
