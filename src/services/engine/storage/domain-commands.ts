import { AgentFailure, AgentUnreachable } from '../agents/agent-failure.ts';
import type { Agent } from '../agents/agent.ts';
import { byteCountOf, objectOf, textOf } from '../agents/hostile.ts';
import { askingOf, type Command, CommandFailure, type CommandType, type Occasion, type Stage } from '../commands/command.ts';
import { type StorageCommandParts, subjectOf, told, where } from './command-parts.ts';
import { connectStorage, disconnectStorage } from './connections.ts';
import { domainClasses, domainTypeWord, domainVersions } from './storage-kinds.ts';
import { isConnected, isUp, type PoolDomain } from './storage-records.ts';

const codes = { missing: 358, exists: 365 } as const;
const isCode = (error: unknown, code: number): boolean => error instanceof AgentFailure && error.code === code;

/** What a domain is for, as agents call it. */
const classWords = { data: 'Data', iso: 'Iso', export: 'Backup' } as const;

/** Whether a domain is taken over as it is. */
const isAdopted = ({ parameters }: Command): boolean => parameters['adopt'] === true;

/** Commands that make domains that belong to no data center yet, and remove them. They are carried out by one host, which is let go afterwards. */
export function domainCommands({
  agents,
  records,
}: StorageCommandParts): Readonly<Record<'AddStorageDomain' | 'RemoveStorageDomain', CommandType>> {
  /** The domain, and the agent of the host that works on it. Throws CommandFailure. */
  async function found(command: Command): Promise<{ readonly domain: PoolDomain; readonly agent: Agent; readonly host: string }> {
    const [domain, host] = [await records.domain(subjectOf(command).domain.id), await records.host(String(command.parameters['host']))];
    if (domain === null) throw new CommandFailure('The storage domain has been removed.');
    if (host === null || !isUp(host)) throw new CommandFailure(`Host ${host?.name ?? ''} that was to do it is not up.`);
    return { domain, agent: agents.of(host), host: host.id };
  }

  /** Lets the host go, unless it needs the connection for something else. What it says to that does not matter. */
  async function letGo(occasion: Pick<Occasion, 'command' | 'signal'>): Promise<void> {
    const { domain, agent, host } = await found(occasion.command);
    const pool = await records.poolOf(host);
    const others = pool === null ? [] : (await records.domains(pool.id)).filter(isConnected);
    if (others.some(({ connection }) => connection.id === domain.connection.id)) return;
    try {
      await disconnectStorage(agent, null, [domain.connection], askingOf(occasion));
    } catch (error) {
      if (occasion.signal.aborted || !(error instanceof AgentFailure || error instanceof AgentUnreachable)) throw error;
    }
  }

  const connecting: Stage = {
    title: 'Connecting the host to the storage',
    async work(occasion) {
      const { domain, agent } = await found(occasion.command);
      const [missed] = await connectStorage(agent, null, [domain.connection], askingOf(occasion));
      if (missed !== undefined) throw new CommandFailure(`The host cannot be connected to ${domain.connection.connection}: ${missed.why}.`);
      return undefined;
    },
    undo: letGo,
  };

  const disconnecting: Stage = {
    title: 'Disconnecting the host from the storage',
    async work(occasion) {
      await letGo(occasion);
      return undefined;
    },
  };

  const creating: Stage = {
    title: 'Making the domain',
    async work(occasion) {
      const { domain, agent } = await found(occasion.command);
      const type = domainTypeWord(domain.type);
      const params = {
        storagedomainID: domain.id,
        domainType: domain.connection.kind,
        typeArgs: domain.connection.connection,
        name: domain.name,
        domainClass: domainClasses[type],
        version: domainVersions[type],
      };
      try {
        await agent.call('StorageDomain.create', params, askingOf(occasion));
      } catch (error) {
        // Nobody else knows the id: it was made, and the engine killed before it could note that.
        if (!isCode(error, codes.exists)) throw error;
      }
      return undefined;
    },
    undo: format,
  };

  async function format(occasion: Pick<Occasion, 'command' | 'signal'>): Promise<void> {
    try {
      await formatThere(occasion);
    } catch (error) {
      if (!isCode(error, codes.missing)) throw error;
    }
  }
  async function formatThere(occasion: Pick<Occasion, 'command' | 'signal'>): Promise<void> {
    const { domain, agent } = await found(occasion.command);
    await agent.call('StorageDomain.format', { storagedomainID: domain.id, autoDetach: false }, askingOf(occasion));
  }

  const removing: Stage = {
    title: 'Removing what is on the storage',
    async work(occasion) {
      const { command, keep } = occasion;
      // What was begun before may have been done. At the first try, a host that finds nothing looks at something else than was meant.
      if (command.data['formatting'] === true) {
        await format(occasion);
        return undefined;
      }
      await keep({ formatting: true });
      try {
        await formatThere(occasion);
      } catch (error) {
        if (!isCode(error, codes.missing)) throw error;
        throw new CommandFailure('The host does not find it on the storage. Without format the engine only forgets it.', error);
      }
      return undefined;
    },
  };

  const adopting: Stage = {
    title: 'Looking at the domain',
    async work(occasion) {
      const { domain, agent } = await found(occasion.command);
      const info = objectOf(await agent.call('StorageDomain.getInfo', { storagedomainID: domain.id }, askingOf(occasion)));
      const [wanted, is] = [classWords[domainTypeWord(domain.type)], textOf(info['class'])];
      if (is !== wanted) throw new CommandFailure(`The storage domain is of the class ${is ?? 'unknown'}, not ${wanted}.`);
      const pool = textOf((info['pool'] as readonly unknown[] | undefined)?.[0]);
      if (pool !== null) throw new CommandFailure(`The storage domain belongs to data center ${pool}. Detach it there first.`);
      const version = String(domainVersions[domainTypeWord(domain.type)]);
      const has = textOf(info['version']);
      if (has !== version) throw new CommandFailure(`The storage domain has the format ${has ?? 'unknown'}; ${version} can be used.`);
      return undefined;
    },
  };

  const measuring: Stage = {
    title: 'Asking how much room there is',
    async work(occasion) {
      const { domain, agent } = await found(occasion.command);
      const stats = objectOf(await agent.call('StorageDomain.getStats', { storagedomainID: domain.id }, askingOf(occasion)));
      const total = byteCountOf(stats['disktotal']);
      const free = byteCountOf(stats['diskfree'], total ?? 0);
      if (total !== null && free !== null) await records.setRoom(domain.id, { total, free });
      return undefined;
    },
  };

  const gone = (command: Command) => ({
    sql: 'delete from storage_domain_static where id = $1 and exists (select from gone)',
    values: [subjectOf(command).domain.id],
  });
  const formats = ({ parameters }: Command): boolean => parameters['format'] === true;

  return {
    AddStorageDomain: {
      stages: [connecting, where((command) => !isAdopted(command), creating), where(isAdopted, adopting), measuring, disconnecting],
      succeeded: (command) => ({
        told: told(command, 956, 'USER_ADD_STORAGE_DOMAIN', `Storage domain ${subjectOf(command).domain.name} was added.`),
      }),
      failed: (command, why) => ({
        told: told(
          command,
          957,
          'USER_ADD_STORAGE_DOMAIN_FAILED',
          `Storage domain ${subjectOf(command).domain.name} was not added: ${why}`,
        ),
        change: gone(command),
      }),
    },
    RemoveStorageDomain: {
      stages: [where(formats, connecting), where(formats, removing), where(formats, disconnecting)],
      succeeded: (command) => ({
        told: told(command, 960, 'USER_REMOVE_STORAGE_DOMAIN', `Storage domain ${subjectOf(command).domain.name} was removed.`),
        change: gone(command),
      }),
      failed: (command, why) => ({
        told: told(
          command,
          961,
          'USER_REMOVE_STORAGE_DOMAIN_FAILED',
          `Storage domain ${subjectOf(command).domain.name} was not removed: ${why}`,
        ),
      }),
    },
  };
}
