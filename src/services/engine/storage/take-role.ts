import type { Agents } from '../agents/agents.ts';
import { CommandFailure } from '../commands/command.ts';
import { connectStorage } from './connections.ts';
import { type Asking, becomeSpm, joinPool } from './pool-work.ts';
import { isConnected, type LedPool, type PoolHost, type StorageRecords } from './storage-records.ts';

/**
 * Makes a host the SPM of a data center whose storage is at work: connects it to everything first. Returns when it is. Throws AgentFailure, AgentUnreachable
 * and CommandFailure where it cannot be.
 */
export async function takeRole(
  { agents, records }: { readonly agents: Agents; readonly records: StorageRecords },
  pool: LedPool,
  host: PoolHost,
  asking: Asking,
): Promise<void> {
  const agent = agents.of(host);
  const number = await records.numberOf(host.id, pool.id);
  if (number === null) throw new CommandFailure(`Data center ${pool.name} has as many hosts as its storage can tell apart.`);
  const domains = (await records.domains(pool.id)).filter(isConnected);
  await connectStorage(
    agent,
    pool.id,
    domains.map(({ connection }) => connection),
    asking,
  );
  await joinPool(agent, pool, number, domains, asking);
  await becomeSpm(agent, pool, asking);
}
