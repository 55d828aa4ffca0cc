import { AgentFailure } from '../agents/agent-failure.ts';
import { askingOf, type Command, CommandFailure, type CommandType, type Stage } from '../commands/command.ts';
import { destroyPool } from './attach-domain.ts';
import { becoming, type StorageCommandParts, storageSteps, subjectOf, told, where } from './command-parts.ts';
import { connectStorage } from './connections.ts';
import { poolStatus } from './storage-kinds.ts';
import { needsOfDomains } from './uses-of-domains.ts';

const isMaster = (command: Command): boolean => subjectOf(command).isMaster;
const isOther = (command: Command): boolean => !isMaster(command);

/** What the SPM answers where a domain does not belong to the pool any more. */
const notAttached = 354;

/** Commands that take a domain out of work, and out of its data center. */
export function detachDomain(parts: StorageCommandParts): Readonly<Record<'DeactivateStorageDomain' | 'DetachStorageDomain', CommandType>> {
  const { records, spm } = parts;
  const steps = storageSteps(parts);

  const looking: Stage = {
    title: 'Looking whether somebody needs the domain',
    async work({ command, database }) {
      const { domain } = subjectOf(command);
      // Who began in the same moment as this command saw the domain active; from now on nobody does.
      const needs = needsOfDomains.map((needed) => `exists (${needed})`).join(' or ');
      const needed = await database.query(`select from storage_domain_static s where s.id = $1 and (${needs})`, [domain.id]);
      if (needed.length > 0)
        throw new CommandFailure('A virtual machine was started from it, or work on its disks began, in the same moment.');
      return undefined;
    },
  };

  const deactivating: Stage = {
    title: 'Deactivating the domain',
    async work(occasion) {
      const { pool } = await steps.found(occasion.command);
      // An engine that was killed may have come further than this already.
      if (isMaster(occasion.command) && pool.status === poolStatus.maintenance) return undefined;
      await steps.change(occasion, 'StorageDomain.deactivate');
      return undefined;
    },
    async undo(occasion) {
      await steps.change(occasion, 'StorageDomain.activate');
    },
  };

  const stopping: Stage = {
    title: 'Giving back the role of the storage pool manager',
    async work(occasion) {
      await steps.stop(occasion, poolStatus.maintenance);
      return undefined;
    },
    async undo({ command }) {
      const pool = await records.pool(subjectOf(command).pool.id);
      // Whoever watches over storage chooses one then.
      if (pool?.status === poolStatus.maintenance) await records.setPool(pool.id, { status: poolStatus.nonResponsive, spm: null });
    },
  };

  const disconnecting: Stage = {
    title: 'Disconnecting the hosts from the storage',
    async work(occasion) {
      await steps.disconnectAll(occasion);
      return undefined;
    },
  };

  const detaching: Stage = {
    title: 'Detaching the domain',
    async work(occasion) {
      const { domain, pool } = await steps.found(occasion.command);
      await spm.ask(occasion, pool.id, async ({ agent }) => {
        const [missed] = await connectStorage(agent, pool.id, [domain.connection], askingOf(occasion));
        if (missed !== undefined) throw new AgentFailure('StoragePool.connectStorageServer', 477, missed.why);
      });
      try {
        await steps.change(occasion, 'StorageDomain.detach');
      } catch (error) {
        if (!(error instanceof AgentFailure) || error.code !== notAttached) throw error;
      }
      return undefined;
    },
  };

  const destroying: Stage = {
    title: 'Taking the storage pool apart',
    async work(occasion) {
      const { domain, pool } = await steps.found(occasion.command);
      const host = await steps.chosen(occasion.command);
      await destroyPool(parts, steps, occasion, host);
      await records.setMaster(pool.id, domain.id, pool.masterVersion, false);
      return undefined;
    },
  };

  /** The host that takes the pool apart: it is connected, as nobody is while the domain is in maintenance. */
  const choosing: Stage = {
    title: 'Connecting a host to the storage',
    async work(occasion) {
      const { domain, pool } = await steps.found(occasion.command);
      const failures: string[] = [];
      for (const host of await steps.upHosts(pool.id)) {
        const [missed] = await connectStorage(steps.agentOf(host), pool.id, [domain.connection], askingOf(occasion));
        if (missed === undefined) return { host: host.id };
        failures.push(`host ${host.name}: ${missed.why}`);
      }
      const why = failures.length === 0 ? 'none is up' : failures.join('; ');
      throw new AgentFailure('StoragePool.connectStorageServer', 477, `No host of data center ${pool.name} reaches the domain: ${why}`);
    },
    undo: steps.disconnectAll,
  };

  return {
    DeactivateStorageDomain: {
      stages: [looking, deactivating, where(isMaster, stopping), disconnecting],
      succeeded: (command) => ({
        told: told(
          command,
          ...([968, 'USER_DEACTIVATED_STORAGE_DOMAIN'] as const),
          `Storage domain ${subjectOf(command).domain.name} of data center ${subjectOf(command).pool.name} is in maintenance.`,
        ),
        change: becoming(command, 'maintenance'),
      }),
      failed: (command, why) => ({
        told: told(
          command,
          ...([969, 'USER_DEACTIVATE_STORAGE_DOMAIN_FAILED'] as const),
          `Storage domain ${subjectOf(command).domain.name} of data center ${subjectOf(command).pool.name} did not go into maintenance: ${why}`,
        ),
        change: becoming(command, command.parameters['from'] === 'inactive' ? 'inactive' : 'active'),
      }),
    },
    DetachStorageDomain: {
      stages: [where(isMaster, choosing), where(isMaster, destroying), where(isOther, detaching), disconnecting],
      succeeded: (command) => ({
        told: told(
          command,
          ...([964, 'USER_DETACH_STORAGE_DOMAIN_FROM_POOL'] as const),
          `Storage domain ${subjectOf(command).domain.name} was detached from data center ${subjectOf(command).pool.name}.`,
        ),
        change: {
          sql: 'delete from storage_pool_iso_map where storage_id = $1 and storage_pool_id = $2 and exists (select from gone)',
          values: [subjectOf(command).domain.id, subjectOf(command).pool.id],
        },
      }),
      failed: (command, why) => ({
        told: told(
          command,
          ...([965, 'USER_DETACH_STORAGE_DOMAIN_FROM_POOL_FAILED'] as const),
          `Storage domain ${subjectOf(command).domain.name} was not detached from data center ${subjectOf(command).pool.name}: ${why}`,
        ),
        change: becoming(command, 'maintenance'),
      }),
    },
  };
}
