import { setTimeout as sleep } from 'node:timers/promises';
import { AgentUnreachable } from '../agents/agent-failure.ts';
import { type Agent, isRecovering } from '../agents/agent.ts';
import type { Agents } from '../agents/agents.ts';
import { objectOf } from '../agents/hostile.ts';
import { type Command, CommandFailure, type CommandType, type Ending, type Occasion, type Stage, type Told } from '../commands/command.ts';
import { readNumber } from '../options.ts';
import type { HostStorage } from '../storage/host-storage.ts';
import { examine } from './examine.ts';
import type { HostRecord, HostRecords } from './host-records.ts';
import { type HostStatus, statusNumber, statusNumbers } from './host-status.ts';
import type { Unfit } from './suitability.ts';

export interface HostCommandParts {
  readonly agents: Agents;
  readonly records: HostRecords;
  readonly storage: HostStorage;
}

/** How often a host is asked whether its virtual machines are gone, and an agent that has just been started whether it is ready, in milliseconds. */
const askAgainMs = 2_000;
/** An agent that is only asked how it is has so much time for its answer. */
const answerMs = 15_000;

/** What the command is about, as it was begun with. */
const hostOf = ({ parameters }: Command): { readonly id: string; readonly name: string } => ({
  id: String(parameters['host']),
  name: String(parameters['name']),
});

const unfitOf = ({ data }: Command): Unfit | null => (data['unfit'] as Unfit | null | undefined) ?? null;

/** Changes the status along with the end of a command. */
export const statusSql = (command: Command, from: readonly HostStatus[], to: HostStatus, reason = 0): NonNullable<Ending['change']> => ({
  sql: `update vds_dynamic set status = $2, non_operational_reason = $3, status_since = now()
    where vds_id = $1 and status = any($4::integer[]) and exists (select from gone)`,
  values: [hostOf(command).id, statusNumber(to), reason, statusNumbers(...from)],
});

/** Commands that work on hosts which are installed. */
export function hostCommands({
  agents,
  records,
  storage,
}: HostCommandParts): Readonly<Record<'ActivateHost' | 'MaintainHost' | 'RefreshHost', CommandType>> {
  /** The host with its agent. Throws CommandFailure when it is gone. */
  async function found(command: Command): Promise<{ readonly host: HostRecord; readonly agent: Agent }> {
    const host = await records.find(hostOf(command).id);
    if (host === null) throw new CommandFailure(`Host ${hostOf(command).name} has been removed.`);
    return { host, agent: agents.of(host) };
  }

  const reaching: Stage = {
    title: 'Waiting for the agent of the host',
    async work({ command, signal }) {
      const { host, agent } = await found(command);
      await untilReady(agent, command.correlationId, signal);
      await records.change({ host: host.id, from: ['unassigned'], to: 'initializing', command, told: initializing(host) });
      return undefined;
    },
  };

  const examining = (complete: boolean): Stage => ({
    title: 'Looking at what the host is and has',
    async work({ command, signal }) {
      const unfit = await examine({ ...(await found(command)), records, complete, flowId: command.correlationId, signal });
      return { unfit };
    },
  });

  const comparing: Stage = {
    title: 'Comparing the host with its cluster',
    async work({ command }) {
      const unfit = unfitOf(command);
      if (unfit !== null) throw new CommandFailure(nonOperational(hostOf(command), unfit).text);
      return undefined;
    },
  };

  const equipping: Stage = {
    title: 'Connecting the host to the storage of its data center',
    async work({ command, signal, keep }) {
      const unfit = await storage.connect(await found(command), { flowId: command.correlationId, signal });
      if (unfit === null) return undefined;
      await keep({ unfit });
      throw new CommandFailure(nonOperational(hostOf(command), unfit).text);
    },
  };

  const emptying: Stage = {
    title: 'Waiting until no virtual machine runs on the host',
    async work({ command, database, signal, isCancelled }: Occasion) {
      const patienceMs = (await readNumber(database, 'TimeoutToResetVdsInSeconds')) * 1_000;
      let heard = performance.now();
      for (;;) {
        if (await isCancelled()) throw new CommandFailure('The host is wanted after all.');
        const { host, agent } = await found(command);
        const there = await machinesOn(agent, command.correlationId, signal);
        if (there !== null) heard = performance.now();
        // By what it said last, if it cannot be reached. One that is placed there may just be about to be started: the host knows nothing of it yet.
        if (host.placed === 0 && (there ?? host.virtualMachines) === 0) return undefined;
        // As long as this waits, nobody else finds out that a host is lost.
        if (performance.now() - heard > patienceMs)
          throw new CommandFailure('It cannot be reached any more, and virtual machines may run there.');
        await sleep(askAgainMs, undefined, { signal });
      }
    },
  };

  const lettingGo: Stage = {
    title: 'Disconnecting the host from the storage of its data center',
    async work({ command, signal, isCancelled }) {
      await storage.release(await found(command), { flowId: command.correlationId, signal }, isCancelled);
      return undefined;
    },
    async undo({ command, signal, keep }) {
      // One that cannot be reached is connected by whoever watches over it, as soon as its agent is back.
      const unfit = await storage.connect(await found(command), { flowId: command.correlationId, signal }).catch((error: unknown) => {
        if (signal.aborted || !(error instanceof AgentUnreachable)) throw error;
        return null;
      });
      await keep({ unfit });
    },
  };

  /** What a host becomes that does not go into maintenance: what it was, unless its storage cannot be reached any more. */
  function afterAll(command: Command): NonNullable<Ending['change']> {
    const [from, unfit] = [command.parameters['from'] as HostStatus, unfitOf(command)];
    const going = ['preparing_for_maintenance'] as const;
    if (from === 'up' && unfit !== null) return statusSql(command, going, 'non_operational', unfit.reason);
    return statusSql(command, going, from);
  }

  // One of which an engine only knows that it has been installed is still as it was when that began.
  const coming = ['unassigned', 'initializing', 'installing'] as const;

  return {
    ActivateHost: {
      stages: [reaching, examining(true), comparing, equipping],
      succeeded: (command) => ({
        told: detected(hostOf(command), 'Up'),
        change: statusSql(command, coming, 'up'),
      }),
      failed: (command, why) => {
        const [host, unfit] = [hostOf(command), unfitOf(command)];
        if (unfit === null) {
          return {
            told: { code: 12, name: 'VDS_FAILURE', severity: 2, text: `Host ${host.name} is non responsive: ${why}`, host: host.id },
            change: statusSql(command, coming, 'non_responsive'),
          };
        }
        return {
          told: nonOperational(host, unfit),
          change: statusSql(command, coming, 'non_operational', unfit.reason),
        };
      },
    },
    MaintainHost: {
      stages: [emptying, lettingGo],
      succeeded: (command) => ({
        told: { ...told(15, 'VDS_MAINTENANCE', 0, command), text: `Host ${hostOf(command).name} is in maintenance.` },
        change: statusSql(command, ['preparing_for_maintenance'], 'maintenance'),
      }),
      failed: (command, why) => ({
        told: {
          ...told(17, 'VDS_MAINTENANCE_FAILED', 1, command),
          text: `Host ${hostOf(command).name} did not go into maintenance: ${why}`,
        },
        change: afterAll(command),
      }),
    },
    RefreshHost: {
      stages: [examining(false), comparing],
      succeeded: (command) => ({
        told: {
          ...told(606, 'HOST_REFRESHED_CAPABILITIES', 0, command),
          text: `The engine has looked at host ${hostOf(command).name} again.`,
        },
      }),
      failed: (command, why) => {
        const unfit = unfitOf(command);
        const text = `The engine could not look at host ${hostOf(command).name} again: ${why}`;
        if (unfit === null) return { told: { ...told(607, 'HOST_REFRESH_CAPABILITIES_FAILED', 1, command), text } };
        return { told: nonOperational(hostOf(command), unfit), change: statusSql(command, ['up'], 'non_operational', unfit.reason) };
      },
    },
  };
}

/** Waits for an agent that looks for its virtual machines. Throws AgentUnreachable, and AgentFailure for what it says else. */
async function untilReady(agent: Agent, flowId: string, signal: AbortSignal): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      await agent.call('Host.ping2', {}, { flowId, signal });
      return;
    } catch (error) {
      if (!isRecovering(error) || tries === 60) throw error;
    }
    await sleep(askAgainMs, undefined, { signal });
  }
}

/** How many virtual machines run on a host; null if it cannot be reached. One that has ended is only waiting to be let go. */
async function machinesOn(agent: Agent, flowId: string, signal: AbortSignal): Promise<number | null> {
  try {
    const list = await agent.call('Host.getVMList', { onlyUUID: false }, { flowId, signal, timeoutMs: answerMs });
    // An answer that is none proves nothing.
    if (!Array.isArray(list)) return Number.POSITIVE_INFINITY;
    return (list as readonly unknown[]).filter((machine) => objectOf(machine)['status'] !== 'Down').length;
  } catch (error) {
    if (signal.aborted) throw error;
    return error instanceof AgentUnreachable ? null : Number.POSITIVE_INFINITY;
  }
}

const told = (code: number, name: string, severity: Told['severity'], command: Command): Omit<Told, 'text'> => ({
  ...{ code, name, severity },
  host: hostOf(command).id,
});

const initializing = ({ id, name }: HostRecord): Told => ({
  ...{ code: 514, name: 'VDS_INITIALIZING', severity: 0, host: id },
  text: `Host ${name} is initializing.`,
});

/** The event that a host was seen to have a status, in the words that tools look for. */
export const detected = ({ id, name }: { readonly id: string; readonly name: string }, status: string): Told => ({
  ...{ code: 13, name: 'VDS_DETECTED', severity: 0, host: id },
  text: `Status of host ${name} was set to ${status}.`,
});

/** The event that a host cannot be used. */
export const nonOperational = ({ id, name }: { readonly id: string; readonly name: string }, unfit: Unfit): Told => ({
  ...{ code: unfit.code, name: unfit.name, severity: 2, host: id },
  text: `Host ${name} is not operational: ${unfit.text}.`,
});
