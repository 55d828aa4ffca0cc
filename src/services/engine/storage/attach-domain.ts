import { AgentFailure } from '../agents/agent-failure.ts';
import { objectOf } from '../agents/hostile.ts';
import { askingOf, type Command, type CommandType, type Occasion, type Stage } from '../commands/command.ts';
import {
  becoming,
  type StorageCommandParts,
  storageSteps,
  type StorageSteps,
  subjectOf,
  told,
  unlessAborted,
  where,
} from './command-parts.ts';
import { becomeSpm, isRefusal, joinPool, leavePool } from './pool-work.ts';
import { poolStatus } from './storage-kinds.ts';
import { isConnected, type PoolHost } from './storage-records.ts';

/** Takes a pool apart with its last domain, so that this belongs to nobody. What is done already is found done. Throws CommandFailure. */
export async function destroyPool(
  { records, turns }: StorageCommandParts,
  steps: StorageSteps,
  occasion: Occasion,
  host: PoolHost,
): Promise<void> {
  const { command } = occasion;
  const { domain, pool } = await steps.found(command);
  const [agent, asking, led] = [steps.agentOf(host), askingOf(occasion), steps.ledBy(pool, command)];
  const number = (await records.numberOf(host.id, pool.id)) ?? 1;
  await turns.take([pool.id], async () => {
    const info = objectOf(await agent.call('StorageDomain.getInfo', { storagedomainID: domain.id }, asking));
    if (Array.isArray(info['pool']) && !info['pool'].includes(pool.id)) {
      // It is done, and the host may still be at it.
      await leavePool(agent, pool.id, number, asking).catch(unlessAborted(occasion.signal));
      return;
    }
    await joinPool(agent, led, number, (await records.domains(pool.id)).filter(isConnected), asking);
    await becomeSpm(agent, led, asking);
    await agent.call('StoragePool.destroy', { storagepoolID: pool.id, hostID: number, scsiKey: pool.id }, asking);
  });
}

/** Whether the data center has no storage yet: the domain makes it a storage pool. */
const isFirst = (command: Command): boolean => subjectOf(command).isMaster;

/** Whether the storage of the data center was at rest: with its master it comes to work. */
const wakes = ({ parameters }: Command): boolean => parameters['wakes'] === true;

/** Commands that bring a domain to work in a data center. */
export function attachDomain(parts: StorageCommandParts): Readonly<Record<'AttachStorageDomain' | 'ActivateStorageDomain', CommandType>> {
  const { records, turns } = parts;
  const steps = storageSteps(parts);

  const making: Stage = {
    title: 'Making the storage pool',
    async work(occasion) {
      const { domain, pool, masterVersion } = subjectOf(occasion.command);
      const host = await steps.chosen(occasion.command);
      const params = {
        ...{ storagepoolID: pool.id, name: pool.name, masterSdUUID: domain.id, masterVersion, domainList: [domain.id] },
        ...{ lockRenewalIntervalSec: 5, leaseTimeSec: 60, ioOpTimeoutSec: 10, leaseRetries: 3 },
      };
      try {
        await steps.agentOf(host).call('StoragePool.create', params, askingOf(occasion));
      } catch (error) {
        if (!isRefusal(error, 'exists')) throw error;
      }
      return undefined;
    },
    async undo(occasion) {
      const host = await steps.chosen(occasion.command);
      try {
        await destroyPool(parts, steps, occasion, host);
      } catch (error) {
        // The domain cannot be seen, or is of somebody else: nothing was made of it here.
        if (!(error instanceof AgentFailure)) throw error;
      }
    },
  };

  const leading: Stage = {
    title: 'Choosing the storage pool manager',
    async work(occasion) {
      await steps.lead(occasion);
      return undefined;
    },
  };
  const leadingFirst: Stage = {
    ...leading,
    async undo({ command }) {
      const { domain, pool, masterVersion } = subjectOf(command);
      await turns.take([pool.id], () => records.setMaster(pool.id, domain.id, masterVersion - 1, false));
    },
  };
  const leadingAgain: Stage = {
    ...leading,
    undo: async (occasion) => steps.stop(occasion, poolStatus.maintenance),
  };

  const attaching: Stage = {
    title: 'Attaching the domain',
    async work(occasion) {
      await steps.change(occasion, 'StorageDomain.attach');
      return undefined;
    },
    async undo(occasion) {
      await steps.change(occasion, 'StorageDomain.detach').catch(unlessAborted(occasion.signal));
    },
  };

  return {
    AttachStorageDomain: {
      stages: [
        steps.connecting,
        where(isFirst, making),
        where(isFirst, leadingFirst),
        where((command) => !isFirst(command), attaching),
        steps.activating,
        steps.refreshing,
      ],
      succeeded: (command) => ({
        told: told(
          command,
          ...([962, 'USER_ATTACH_STORAGE_DOMAIN_TO_POOL'] as const),
          `Storage domain ${subjectOf(command).domain.name} was attached to data center ${subjectOf(command).pool.name}.`,
        ),
        change: becoming(command, 'active'),
      }),
      failed: (command, why) => ({
        told: told(
          command,
          ...([963, 'USER_ATTACH_STORAGE_DOMAIN_TO_POOL_FAILED'] as const),
          `Storage domain ${subjectOf(command).domain.name} was not attached to data center ${subjectOf(command).pool.name}: ${why}`,
        ),
        change: {
          sql: 'delete from storage_pool_iso_map where storage_id = $1 and storage_pool_id = $2 and exists (select from gone)',
          values: [subjectOf(command).domain.id, subjectOf(command).pool.id],
        },
      }),
    },
    ActivateStorageDomain: {
      stages: [steps.connecting, where(wakes, leadingAgain), steps.activating, steps.refreshing],
      succeeded: (command) => ({
        told: told(
          command,
          ...([966, 'USER_ACTIVATED_STORAGE_DOMAIN'] as const),
          `Storage domain ${subjectOf(command).domain.name} of data center ${subjectOf(command).pool.name} was activated.`,
        ),
        change: becoming(command, 'active'),
      }),
      failed: (command, why) => ({
        told: told(
          command,
          ...([967, 'USER_ACTIVATE_STORAGE_DOMAIN_FAILED'] as const),
          `Storage domain ${subjectOf(command).domain.name} of data center ${subjectOf(command).pool.name} was not activated: ${why}`,
        ),
        change: becoming(command, command.parameters['from'] === 'inactive' ? 'inactive' : 'maintenance'),
      }),
    },
  };
}
