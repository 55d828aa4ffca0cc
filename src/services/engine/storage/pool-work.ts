import { setTimeout as sleep } from 'node:timers/promises';
import { AgentFailure } from '../agents/agent-failure.ts';
import type { Agent } from '../agents/agent.ts';
import { objectOf, textOf } from '../agents/hostile.ts';
import { CommandFailure } from '../commands/command.ts';
import { mostHosts } from './storage-kinds.ts';
import type { LedPool, Pool, PoolDomain } from './storage-records.ts';
import { outcomeOf } from './task-outcome.ts';

/* What hosts are asked for so that they take part in the storage of a data center. Everything can be asked for again. */

export interface Asking {
  readonly flowId?: string | undefined;
  readonly signal: AbortSignal;
}

const codes = { notConnected: 309, exists: 316, tasksAtWork: 653, hostId: 661 } as const;

/** Whether an agent has refused with one of these codes. */
export const isRefusal = (error: unknown, ...wanted: readonly (keyof typeof codes)[]): boolean =>
  error instanceof AgentFailure && wanted.some((one) => codes[one] === error.code);

/** How long taking the role of the SPM may take: two turns of sanlock, and what the last holder has left unfinished. */
const mostSpmMs = 170_000;

/** Has a host take part in a pool. Throws AgentFailure and AgentUnreachable. */
export async function joinPool(agent: Agent, pool: LedPool, hostId: number, domains: readonly PoolDomain[], asking: Asking): Promise<void> {
  const params = {
    storagepoolID: pool.id,
    hostID: hostId,
    scsiKey: pool.id,
    masterSdUUID: pool.master,
    masterVersion: pool.masterVersion,
    domainDict: Object.fromEntries(domains.map(({ id }) => [id, 'active'])),
  };
  try {
    await agent.call('StoragePool.connect', params, asking);
  } catch (error) {
    // It went by another number once.
    if (!isRefusal(error, 'hostId')) throw error;
    await leavePool(agent, pool.id, hostId, asking);
    await agent.call('StoragePool.connect', params, asking);
  }
}

/** Has a host leave a pool; its role as SPM goes with that. Throws AgentFailure, while tasks are at work there for instance. */
export async function leavePool(agent: Agent, pool: string, hostId: number, asking: Asking): Promise<void> {
  try {
    await agent.call('StoragePool.spmStop', { storagepoolID: pool }, asking);
    await agent.call('StoragePool.disconnect', { storagepoolID: pool, hostID: hostId, scsiKey: pool, remove: false }, asking);
  } catch (error) {
    if (!isRefusal(error, 'notConnected')) throw error;
  }
}

/** What a host says of its role: `SPM`, `Contend` while it is taking it, or `Free`. Throws AgentFailure and AgentUnreachable. */
export async function spmState(
  agent: Agent,
  pool: string,
  asking: Asking & { readonly timeoutMs?: number },
): Promise<'SPM' | 'Contend' | 'Free'> {
  const { spmStatus } = objectOf(await agent.call('StoragePool.getSpmStatus', { storagepoolID: pool }, asking));
  return spmStatus === 'SPM' || spmStatus === 'Contend' ? spmStatus : 'Free';
}

/**
 * Makes a host that takes part in a pool its SPM, and returns when it is. Throws CommandFailure with a sentence where it cannot be, since another
 * host has the role, and AgentFailure and AgentUnreachable.
 */
export async function becomeSpm(agent: Agent, pool: Pool, asking: Asking): Promise<void> {
  const { signal } = asking;
  const until = performance.now() + mostSpmMs;
  let isTried = false;
  for (let waitMs = 100; ; waitMs = Math.min(waitMs * 1.5, 2_000)) {
    const state = await spmState(agent, pool.id, asking);
    if (state === 'SPM') return;
    if (state === 'Free') {
      if (isTried) throw new CommandFailure('The host says that it has taken the role of the storage pool manager, and does not have it.');
      await start(agent, pool, until, asking);
      isTried = true;
      continue;
    }
    if (performance.now() > until) throw tooLong();
    await sleep(waitMs, undefined, { signal });
  }
}

const tooLong = (): CommandFailure =>
  new CommandFailure(`The host did not become the storage pool manager within ${mostSpmMs / 1_000} seconds.`);

async function start(agent: Agent, pool: Pool, until: number, asking: Asking): Promise<void> {
  const { signal } = asking;
  const params = {
    storagepoolID: pool.id,
    prevID: -1,
    prevLver: '-1',
    enableScsiFencing: 'false',
    maxHostID: mostHosts + 1,
    domVersion: pool.version,
  };
  const task = textOf(await agent.call('StoragePool.spmStart', params, asking), 36);
  if (task === null) throw new CommandFailure('The host does not say how its becoming the storage pool manager is called.');
  for (let waitMs = 100; ; waitMs = Math.min(waitMs * 1.5, 2_000)) {
    const outcome = outcomeOf(await agent.call('Task.getStatus', { taskID: task }, asking));
    if (outcome !== 'at work') {
      await agent.call('Task.clear', { taskID: task }, asking).catch(() => undefined);
      if (outcome.success) return;
      throw new CommandFailure(`The host did not become the storage pool manager: ${outcome.message}.`);
    }
    if (performance.now() > until) throw tooLong();
    await sleep(waitMs, undefined, { signal });
  }
}
