import type { Turns } from '../../frame/turns.ts';
import { setTimeout as sleep } from 'node:timers/promises';
import { AgentFailure, AgentUnreachable } from '../agents/agent-failure.ts';
import { type Agent, isRecovering } from '../agents/agent.ts';
import { CommandFailure } from '../commands/command.ts';
import { reasons } from '../hosts/host-status.ts';
import type { Unfit } from '../hosts/suitability.ts';
import { connectStorage, disconnectStorage, type NotConnected } from './connections.ts';
import { type Asking, isRefusal, joinPool, leavePool } from './pool-work.ts';
import { domainTypes } from './storage-kinds.ts';
import { isAtWork, isConnected, type LedPool, type Pool, type PoolDomain, type StorageRecords } from './storage-records.ts';
import { storageStatusNumber } from './storage-status.ts';

/** A host, and its agent. */
export interface HostWithAgent {
  readonly host: { readonly id: string; readonly name: string };
  readonly agent: Agent;
}

/** Connects hosts to the storage of their data centers, and lets them go. */
export interface HostStorage {
  /**
   * Connects a host to all storage of its data center. Doing it again changes nothing. Returns why it cannot be used, where it does not reach a domain for
   * data that others use; null if it can. Throws AgentUnreachable, and AgentFailure where the agent has just been started.
   */
  connect(who: HostWithAgent, asking: Asking): Promise<Unfit | null>;
  /** The same for a host that was up all the time, and whose agent may have been started anew meanwhile: asks that first. */
  keep(who: HostWithAgent, asking: Asking): Promise<Unfit | null>;
  /**
   * Has a host let go of all storage; the role of the SPM goes to another one. Waits for the tasks that it still carries out as SPM. A host
   * that cannot be reached is let go as it is.
   * @param isCancelled asked while it is waited
   */
  release(who: HostWithAgent, asking: Asking, isCancelled: () => Promise<boolean>): Promise<void>;
}

const againMs = 2_000;

const unreachable = (text: string): Unfit => ({
  ...{ reason: reasons.storage, code: 522, name: 'VDS_SET_NONOPERATIONAL_DOMAIN', text },
});

/** Whether an agent says no. One that has just been started says so to everything, and means nothing by it. */
const isRefused = (error: unknown): error is AgentFailure => error instanceof AgentFailure && !isRecovering(error);

/** Which domain keeps a host from being used: one for data that is at work, and that the host cannot reach. */
export function missedDomain(
  domains: readonly PoolDomain[],
  failed: readonly NotConnected[],
): { readonly name: string; readonly why: string } | null {
  for (const { name, type, status, connection } of domains) {
    const missed = failed.find((one) => one.connection.id === connection.id);
    const counts = type === domainTypes.master || (type === domainTypes.data && status === storageStatusNumber('active'));
    if (missed !== undefined && counts) return { name, why: missed.why };
  }
  return null;
}

export function createHostStorage(records: StorageRecords, turns: Turns): HostStorage {
  /** The data center of a host whose storage is at work. */
  async function workingPool(host: string): Promise<LedPool | null> {
    const pool = await records.poolOf(host);
    return pool !== null && isAtWork(pool) ? pool : null;
  }

  async function connect({ host, agent }: HostWithAgent, pool: LedPool, asking: Asking): Promise<Unfit | null> {
    const number = await records.numberOf(host.id, pool.id);
    if (number === null) return unreachable(`data center ${pool.name} has as many hosts as its storage can tell apart`);
    const domains = (await records.domains(pool.id)).filter(isConnected);
    try {
      const failed = await connectStorage(
        agent,
        pool.id,
        domains.map(({ connection }) => connection),
        asking,
      );
      const missed = missedDomain(domains, failed);
      if (missed !== null) return unreachable(`it cannot reach storage domain ${missed.name}: ${missed.why}`);
      await joinPool(agent, pool, number, domains, asking);
      return null;
    } catch (error) {
      if (!isRefused(error)) throw error;
      return unreachable(`it cannot take part in the storage of data center ${pool.name}: ${error.message}`);
    }
  }

  async function giveUp({ host, agent }: HostWithAgent, pool: Pool, asking: Asking): Promise<void> {
    const number = (await records.numberOf(host.id, pool.id)) ?? 1;
    await leavePool(agent, pool.id, number, asking);
    const now = await records.pool(pool.id);
    if (now?.spm === host.id) await records.setPool(pool.id, { status: now.status, spm: null });
    const domains = (await records.domains(pool.id)).filter(isConnected);
    await disconnectStorage(
      agent,
      pool.id,
      domains.map(({ connection }) => connection),
      asking,
    );
  }

  return {
    async connect(who, asking) {
      const pool = await workingPool(who.host.id);
      return pool === null ? null : connect(who, pool, asking);
    },

    async keep(who, asking) {
      const pool = await workingPool(who.host.id);
      if (pool === null) return null;
      try {
        const pools = await who.agent.call('Host.getConnectedStoragePools', {}, asking);
        if (Array.isArray(pools) && pools.includes(pool.id)) return null;
      } catch (error) {
        if (!isRefused(error)) throw error;
      }
      return connect(who, pool, asking);
    },

    async release(who, asking, isCancelled) {
      for (;;) {
        if (await isCancelled()) throw new CommandFailure('The host is wanted after all.');
        const pool = await workingPool(who.host.id);
        if (pool === null) return;
        try {
          return await turns.take([pool.id], () => giveUp(who, pool, asking));
        } catch (error) {
          if (asking.signal.aborted) throw error;
          if (!(error instanceof AgentFailure || error instanceof AgentUnreachable)) throw error;
          // Tasks that are at work are waited for, as an agent is that has just been started; whatever else it refuses cannot be worse than a host
          // that never comes to rest.
          if (!isRefusal(error, 'tasksAtWork') && !isRecovering(error)) return;
        }
        await sleep(againMs, undefined, { signal: asking.signal });
      }
    },
  };
}
