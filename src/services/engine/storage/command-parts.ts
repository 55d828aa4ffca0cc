import type { Turns } from '../../frame/turns.ts';
import { AgentFailure, AgentUnreachable } from '../agents/agent-failure.ts';
import type { Agent } from '../agents/agent.ts';
import type { Agents } from '../agents/agents.ts';
import { askingOf, type Command, CommandFailure, type Ending, type Occasion, type Stage, type Told } from '../commands/command.ts';
import { zeroId } from '../zero-id.ts';
import { connectStorage, disconnectStorage } from './connections.ts';
import { missedDomain } from './host-storage.ts';
import { joinPool, leavePool } from './pool-work.ts';
import { takeRole } from './take-role.ts';
import type { Spm } from './spm.ts';
import { spmIsOn } from './storage-events.ts';
import { poolStatus } from './storage-kinds.ts';
import { isConnected, isUp, type LedPool, type Pool, type PoolDomain, type PoolHost, type StorageRecords } from './storage-records.ts';
import { type StorageStatus, storageStatusNumber } from './storage-status.ts';

/* What the commands of storage domains in data centers have in common. */

export interface StorageCommandParts {
  readonly agents: Agents;
  readonly records: StorageRecords;
  readonly spm: Spm;
  /** One piece of work with the role of the SPM of a data center at a time: whoever chooses one must not do so while it is being given back. */
  readonly turns: Turns;
}

/** What a command was begun with: a domain, and the data center that it is in. */
export const subjectOf = ({ parameters }: Command) => ({
  domain: { id: String(parameters['domain']), name: String(parameters['name']) },
  pool: { id: String(parameters['pool']), name: String(parameters['poolName']) },
  /** Whether the domain is the master, or becomes it. */
  isMaster: parameters['master'] === true,
  masterVersion: Number(parameters['masterVersion']),
});

/** An event of a command. */
export const told = (command: Command, code: number, name: string, text: string): Told => {
  const { domain, pool } = subjectOf(command);
  const isFailure = name.endsWith('_FAILED');
  return {
    code,
    name,
    severity: isFailure ? 2 : 0,
    text,
    storageDomain: domain.id,
    ...(command.parameters['pool'] === undefined ? {} : { pool: pool.id }),
  };
};

/** Gives the domain a status along with the end of a command. */
export const becoming = (command: Command, status: StorageStatus): NonNullable<Ending['change']> => ({
  sql: `update storage_pool_iso_map set status = $3 where storage_id = $1 and storage_pool_id = $2 and exists (select from gone)`,
  values: [subjectOf(command).domain.id, subjectOf(command).pool.id, storageStatusNumber(status)],
});

/** Whether nobody used the domain before. One that only could not be reached is at work on the storage, and connected, all the time. */
const wasAtRest = ({ parameters }: Command): boolean => parameters['from'] === undefined || parameters['from'] === 'maintenance';

/** Whether a host says no, or cannot be asked: there is nothing that could be done about it now. */
const isHosts = (error: unknown): boolean => error instanceof AgentFailure || error instanceof AgentUnreachable;

export type StorageSteps = ReturnType<typeof storageSteps>;

/** The stages that several commands have, and what they are made of. */
export function storageSteps({ agents, records, spm, turns }: StorageCommandParts) {
  const agentOf = (host: PoolHost): Agent => agents.of(host);

  /** The domain and its data center, as they are now. Throws CommandFailure. */
  async function found(command: Command): Promise<{ readonly domain: PoolDomain; readonly pool: Pool }> {
    const { domain, pool } = subjectOf(command);
    const [its, in_] = [await records.domain(domain.id), await records.pool(pool.id)];
    if (its === null) throw new CommandFailure(`Storage domain ${domain.name} has been removed.`);
    if (in_ === null) throw new CommandFailure(`Data center ${pool.name} has been removed.`);
    return { domain: its, pool: in_ };
  }
  const upHosts = async (pool: string): Promise<readonly PoolHost[]> => (await records.hosts(pool)).filter(isUp);

  /** The data center as it is with the domain of the command as its master. */
  const ledBy = (pool: Pool, command: Command): LedPool => {
    const { domain, isMaster, masterVersion } = subjectOf(command);
    if (isMaster) return { ...pool, master: domain.id, masterVersion };
    if (pool.master === null) throw new CommandFailure(`Data center ${pool.name} has no master domain.`);
    return { ...pool, master: pool.master };
  };

  /** The host that an earlier stage has chosen. Throws CommandFailure. */
  async function chosen(command: Command): Promise<PoolHost> {
    const host = await records.host(String(command.data['host']));
    if (host === null || !isUp(host)) throw new CommandFailure('The host that was to be the storage pool manager is no longer up.');
    return host;
  }

  /** Has all hosts let go of the storage of a domain, unless another domain that is at work lies there as well. */
  async function disconnectAll(occasion: Pick<Occasion, 'command' | 'signal'>): Promise<void> {
    const { domain, pool } = await found(occasion.command);
    const others = (await records.domains(pool.id)).filter((one) => one.id !== domain.id && isConnected(one));
    if (others.some(({ connection }) => connection.id === domain.connection.id)) return;
    await Promise.all(
      (await upHosts(pool.id)).map((host) =>
        disconnectStorage(agentOf(host), pool.id, [domain.connection], askingOf(occasion)).catch((error: unknown) => {
          if (occasion.signal.aborted || !isHosts(error)) throw error;
        }),
      ),
    );
  }

  const connecting: Stage = {
    title: 'Connecting the hosts to the storage',
    async work(occasion) {
      const { command, tell, signal } = occasion;
      const { domain, pool } = await found(command);
      const hosts = await upHosts(pool.id);
      const [first] = hosts.filter(({ priority }) => priority >= 0);
      if (first === undefined) throw new CommandFailure(`No host of data center ${pool.name} is up that may be its storage pool manager.`);
      // Whatever its status is now, it is going to be active.
      const active = { ...domain, status: storageStatusNumber('active') };
      const missed = await Promise.all(
        hosts.map(async (host): Promise<{ readonly text: string; readonly isEssential: boolean } | null> => {
          try {
            const failed = await connectStorage(agentOf(host), pool.id, [domain.connection], askingOf(occasion));
            const [one] = failed;
            if (one === undefined) return null;
            const isEssential = missedDomain([active], failed) !== null || host.id === (pool.spm ?? first.id);
            return { text: `Host ${host.name} cannot be connected to storage domain ${domain.name}: ${one.why}.`, isEssential };
          } catch (error) {
            if (signal.aborted || !isHosts(error)) throw error;
            return {
              text: `Host ${host.name} cannot be connected to storage domain ${domain.name}: ${(error as Error).message}.`,
              isEssential: true,
            };
          }
        }),
      );
      const essential = missed.filter((one) => one?.isEssential === true);
      if (essential.length > 0) throw new CommandFailure(essential.map((one) => one?.text).join(' '));
      for (const one of missed) {
        if (one !== null) await tell({ ...told(command, 9871, 'HOST_WITHOUT_STORAGE_DOMAIN', one.text), severity: 1 });
      }
      return { host: first.id };
    },
    async undo(occasion) {
      if (wasAtRest(occasion.command)) await disconnectAll(occasion);
    },
  };

  /** Makes a host the SPM; where there is none yet. */
  async function lead(occasion: Occasion): Promise<void> {
    const { command, tell } = occasion;
    const { pool } = await found(command);
    const { domain, masterVersion } = subjectOf(command);
    await turns.take([pool.id], async () => {
      const host = await chosen(command);
      await takeRole({ agents, records }, ledBy(pool, command), host, askingOf(occasion));
      await records.setMaster(pool.id, domain.id, masterVersion, true);
      await records.setPool(pool.id, { status: poolStatus.up, spm: host.id });
      await tell(spmIsOn(host, pool));
    });
  }

  /** Takes the role and the pool from all hosts, the SPM first. Throws CommandFailure while tasks are at work there. */
  async function stop(occasion: Pick<Occasion, 'command' | 'signal'>, status: number): Promise<void> {
    const { pool: before } = await found(occasion.command);
    await turns.take([before.id], async () => {
      const { pool } = await found(occasion.command);
      const hosts = await upHosts(pool.id);
      for (const host of [...hosts.filter(({ id }) => id === pool.spm), ...hosts.filter(({ id }) => id !== pool.spm)]) {
        if (host.spmId === null) continue;
        try {
          await leavePool(agentOf(host), pool.id, host.spmId, askingOf(occasion));
        } catch (error) {
          if (occasion.signal.aborted || !isHosts(error)) throw error;
          if (host.id === pool.spm)
            throw new CommandFailure(
              `Host ${host.name} does not give back the role of the storage pool manager: ${(error as Error).message}.`,
              error,
            );
        }
      }
      await records.setPool(pool.id, { status, spm: null });
    });
  }

  const activating: Stage = {
    title: 'Activating the domain',
    async work(occasion) {
      await change(occasion, 'StorageDomain.activate');
      return undefined;
    },
    async undo(occasion) {
      if (wasAtRest(occasion.command)) await change(occasion, 'StorageDomain.deactivate').catch(unlessAborted(occasion.signal));
    },
  };

  /** Has the SPM change what the pool knows of the domain. Throws CommandFailure and AgentFailure. */
  async function change(occasion: Occasion, verb: string): Promise<void> {
    const { domain, pool } = subjectOf(occasion.command);
    const moved = verb === 'StorageDomain.deactivate' || verb === 'StorageDomain.detach' ? { masterSdUUID: zeroId, masterVersion: 0 } : {};
    const params = { storagedomainID: domain.id, storagepoolID: pool.id, ...moved };
    await spm.ask(occasion, pool.id, ({ agent }) => agent.call(verb, params, askingOf(occasion)));
  }

  /** Lets the hosts that are not the SPM see a change of the list of domains. */
  const refreshing: Stage = {
    title: 'Telling the other hosts',
    async work(occasion) {
      const { command, tell, signal } = occasion;
      const { pool: present } = await found(command);
      const pool = ledBy(present, command);
      const domains = (await records.domains(pool.id)).filter(isConnected);
      const params = { storagepoolID: pool.id, masterSdUUID: pool.master, masterVersion: pool.masterVersion };
      for (const host of await upHosts(pool.id)) {
        const number = host.id === pool.spm ? null : await records.numberOf(host.id, pool.id);
        if (number === null) continue;
        try {
          // Joining again shows it the domains of the pool.
          await joinPool(agentOf(host), pool, number, domains, askingOf(occasion));
          await agentOf(host).call('StoragePool.refresh', params, askingOf(occasion));
        } catch (error) {
          if (signal.aborted || !isHosts(error)) throw error;
          const text = `Host ${host.name} does not see the change of storage domain ${subjectOf(command).domain.name}: ${(error as Error).message}.`;
          await tell({ ...told(command, 9872, 'HOST_DOES_NOT_SEE_STORAGE_CHANGE', text), severity: 1, host: host.id });
        }
      }
      return undefined;
    },
  };

  return { agentOf, found, chosen, ledBy, upHosts, connecting, disconnectAll, lead, stop, activating, change, refreshing };
}

/** Takes what a host has refused for done, as far as it can be. */
export const unlessAborted =
  (signal: AbortSignal) =>
  (error: unknown): void => {
    if (signal.aborted || (!isHosts(error) && !(error instanceof CommandFailure))) throw error;
  };

/** A stage that is done only where something holds of the command. */
export const where = (holds: (command: Command) => boolean, stage: Stage): Stage => ({
  title: stage.title,
  work: async (occasion) => (holds(occasion.command) ? stage.work(occasion) : undefined),
  ...(stage.undo === undefined
    ? {}
    : {
        undo: async (occasion) => {
          if (holds(occasion.command)) await stage.undo?.(occasion);
        },
      }),
});
