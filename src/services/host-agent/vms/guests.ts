import type { Libvirt } from '../libvirt/libvirt.ts';
import { guestFields } from './guest.ts';
import type { Machine } from './machine.ts';

/*
 * Agents inside of guests. Whoever runs a guest decides whether its agent answers, when, and what: nothing but the guest itself may ever wait for it.
 * libvirt works on few calls of one connection at a time (`max_client_requests`), so these calls have a connection of their own.
 */

const everyMs = 60_000;
/** An agent begins to listen before its guest has all its addresses: it is asked again after these times. */
const soonMs = [5_000, 10_000, 20_000] as const;
/** Guests that have taken so long are asked less often, so that the others have their turn. */
const slowMs = 4_000;
const slowEveryMs = 600_000;
/** libvirt takes five calls at a time: there is room left to end guests. */
const atOnce = 2;
const answerSeconds = 5;
/** So long a guest is given until it has begun to end. */
const beginMs = 30_000;
/** So long somebody waits to hear that it does not. */
const refuseMs = 2_000;
/** What happened to a guest is told over another connection than what its agent answers. */
const settleMs = 500;

const after = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms).unref());

export interface Guests {
  /** Asks what the agent of a machine tells, which has begun to listen: now, soon again, and from then on as long as one listens. */
  ask(machine: Machine): void;
  /**
   * Has the agent of a machine end or restart its guest. It says nothing while that goes on, so what is not refused at once counts as done; one that
   * does nothing is not waited for.
   * @param otherwise what is done instead when it refuses, or has done nothing after half a minute
   * @throws what `otherwise` throws at once
   */
  end(machine: Machine, how: 'shutdown' | 'reboot', otherwise: () => Promise<void>): Promise<void>;
  stop(): void;
}

/** @param libvirt a connection for nothing else; throws while it is away */
export function createGuests(libvirt: () => Libvirt): Guests {
  const waiting = new Set<Machine>();
  const asked = new Set<Machine>();
  const timers = new Map<Machine, NodeJS.Timeout>();
  /** How often each was asked since it listens. */
  const times = new WeakMap<Machine, number>();
  let stopped = false;

  async function look(machine: Machine): Promise<void> {
    const { domain } = machine;
    if (domain === undefined || !machine.agentConnected) return;
    const begun = performance.now();
    const isSlow = (): boolean => performance.now() - begun >= slowMs;
    const isThere = (): boolean => machine.agentConnected && machine.domain?.id === domain.id;
    try {
      await libvirt().limitGuest(domain, answerSeconds);
      // libvirt goes through all questions even where none is answered, and says of neither that it was not: so one is asked first.
      await libvirt().guestInfo(domain, 'name');
      if (isSlow()) throw new Error('it does not answer');
      const told = guestFields(await libvirt().guestInfo(domain));
      if (isThere()) machine.guest = told;
    } catch {
      // One that does not answer now is asked again.
    }
    if (stopped) return;
    clearTimeout(timers.get(machine));
    const count = times.get(machine) ?? 0;
    times.set(machine, count + 1);
    timers.set(machine, setTimeout(() => enqueue(machine), isSlow() ? slowEveryMs : (soonMs[count] ?? everyMs)).unref());
  }

  function next(): void {
    for (const machine of waiting) {
      if (asked.size >= atOnce) return;
      if (asked.has(machine)) continue;
      waiting.delete(machine);
      asked.add(machine);
      void look(machine).finally(() => {
        asked.delete(machine);
        next();
      });
    }
  }

  function enqueue(machine: Machine): void {
    clearTimeout(timers.get(machine));
    timers.delete(machine);
    waiting.add(machine);
    next();
  }

  return {
    ask(machine) {
      times.delete(machine);
      enqueue(machine);
    },
    async end(machine, how, otherwise) {
      const { domain } = machine;
      if (domain === undefined) return;
      const tooLong = after(beginMs).then(() => Promise.reject(new Error('it does nothing')));
      const begun = Promise.race([Promise.try(() => libvirt()[how](domain, 'agent')), tooLong]).catch(async () => {
        await after(settleMs);
        // One whose agent has just gone is going down. To press its button then as well would turn a later end of it into another new start.
        // So would one that was asked to shut down meanwhile.
        const isGoing = how === 'reboot' && (!machine.agentConnected || machine.ending === 'shutdown');
        if (machine.domain?.id === domain.id && !isGoing && !stopped) await otherwise();
      });
      // Whoever does not wait any more is told nothing.
      for (const promise of [tooLong, begun]) promise.catch(() => undefined);
      await Promise.race([begun, after(refuseMs)]);
    },
    stop() {
      stopped = true;
      for (const timer of timers.values()) clearTimeout(timer);
    },
  };
}
