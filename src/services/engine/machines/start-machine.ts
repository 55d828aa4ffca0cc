import { inTurns } from '../../frame/in-turn.ts';
import { AgentFailure, AgentUnreachable } from '../agents/agent-failure.ts';
import type { Agents } from '../agents/agents.ts';
import { type Command, CommandFailure, type CommandType, type Occasion, type Stage } from '../commands/command.ts';
import { domainXml } from './domain-xml.ts';
import { loadMachine, type LoadedMachine } from './load-machine.ts';
import type { MachineRecord, MachineRecords } from './machine-records.ts';
import type { MachineTurns } from './machine-turns.ts';
import { agentOf, type CallParts, callReady, destroy, isThere, statusOnHost } from './on-host.ts';
import { place } from './placement.ts';

/* Starting a virtual machine. That it never runs twice is told in docs/decisions/0028. */

export interface MachineCommandParts {
  readonly agents: Agents;
  readonly records: MachineRecords;
  readonly turns: MachineTurns;
  readonly now: () => number;
}

/** So long a stage that waits for news looks for itself, in milliseconds. */
const lookAgainMs = 2_000;
/** How often an answer is waited for that was lost, before nobody knows. */
const mostTries = 3;

/** What a command about a machine was begun with. */
export const machineOf = ({ parameters }: Command): { readonly id: string; readonly name: string } => ({
  id: String(parameters['machine']),
  name: String(parameters['name']),
});

/** The machine of a command. Throws CommandFailure when it is gone. */
export async function foundMachine(records: MachineRecords, command: Command): Promise<MachineRecord> {
  const { id, name } = machineOf(command);
  const machine = await records.find(id);
  if (machine === null) throw new CommandFailure(`Virtual machine ${name} has been removed.`);
  return machine;
}

const noLonger = ({ name, exitMessage }: MachineRecord): CommandFailure =>
  new CommandFailure(
    exitMessage === null ? `Virtual machine ${name} is not being started any more.` : `${exitMessage}.`.replace(/\.\.$/, '.'),
  );

export function startMachine({ agents, records, turns, now }: MachineCommandParts): CommandType {
  // What one machine is promised, the next one finds promised.
  const oneByOne = inTurns();

  /**
   * The machine on the host that was chosen for it, and whether it runs there already: an engine that was killed may have asked for that.
   * Throws CommandFailure when it is on no host any more.
   */
  async function chosen(command: Command): Promise<MachineRecord & { readonly host: string; readonly runs: boolean }> {
    const machine = await foundMachine(records, command);
    const { host, status } = machine;
    if (host === null) throw noLonger(machine);
    return { ...machine, host, runs: status !== 'wait_for_launch' };
  }

  async function loaded({ command, database }: Occasion, host: string | null): Promise<LoadedMachine> {
    const found = await loadMachine(database, machineOf(command).id, host);
    if (found === null) throw new CommandFailure(`Virtual machine ${machineOf(command).name} has been removed.`);
    if (found.obstacle !== null) throw new CommandFailure(found.obstacle);
    return found;
  }

  const placing: Stage = {
    title: 'Choosing a host for the virtual machine',
    work: (occasion) =>
      oneByOne(async () => {
        const { command } = occasion;
        const machine = await foundMachine(records, command);
        // An engine that was killed has settled it.
        if (machine.host !== null) return undefined;
        const { wanted } = await loaded(occasion, null);
        const placed = place(wanted, await records.candidates(machine.id));
        if ('why' in placed) throw new CommandFailure(`No host fits virtual machine ${machine.name}. ${placed.why.join(' ')}`);
        const reserved = await records.reserve(machine.id, placed.host, command, {
          ...{ code: 153, name: 'USER_STARTED_VM', severity: 0, machine: machine.id, host: placed.host },
          text: `Virtual machine ${machine.name} is being started on host ${placed.name} by ${command.userName}.`,
        });
        if (!reserved) throw new CommandFailure(`Host ${placed.name} has just ceased to be up. Try again.`);
        return undefined;
      }),
    async undo({ command }) {
      // It may run on its host: whoever watches over that sets the row right.
      if (command.data['asked'] !== true) await records.release(machineOf(command).id);
    },
  };

  const asking: Stage = {
    title: 'Asking the host whether the virtual machine is there',
    async work({ command, signal }) {
      const machine = await chosen(command);
      if (machine.runs) return undefined;
      const agent = agentOf(agents, machine);
      const parts = { flowId: command.correlationId, signal };
      const there = await statusOnHost(agent, machine.id, parts);
      // What is left of an earlier run is let go.
      if (there === 'Down') await destroy(agent, machine.id, parts);
      return undefined;
    },
  };

  const creating: Stage = {
    title: 'Starting the virtual machine on the host',
    async work(occasion) {
      const { command, signal, keep } = occasion;
      const { id, host, runs } = await chosen(command);
      if (runs) return undefined;
      const xml = domainXml((await loaded(occasion, host)).definition, new Date(now()));
      const parts = { flowId: command.correlationId, signal };
      // From here on it may run, whatever fails: only its host can say that it does not.
      await keep({ asked: true });
      for (let tries = 1; ; tries++) {
        try {
          await turns.within(id, async () => {
            const machine = await chosen(command);
            if (machine.runs) return;
            // Whatever was heard of an earlier run is overtaken, and what is stored says so.
            if (!(await records.renew(id, host))) throw noLonger(machine);
            turns.overtake(id);
            await callReady(agentOf(agents, machine), 'VM.create', { vmID: id, vmParams: { xml } }, parts);
          });
          return undefined;
        } catch (error) {
          if (signal.aborted || tries === mostTries || !(isThere(error) || error instanceof AgentUnreachable)) throw error;
        }
        // Its answer was lost, or it was there already: the host knows.
        const machine = await chosen(command);
        if (machine.runs) return undefined;
        const there = await statusOnHost(agentOf(agents, machine), id, parts);
        if (there !== null && there !== 'Down') return undefined;
        if (there === 'Down') await destroy(agentOf(agents, machine), id, parts);
      }
    },
    async undo({ command, signal, keep, isCancelled }) {
      const { id, name } = machineOf(command);
      await turns.within(id, async () => {
        const machine = await records.find(id);
        if (machine === null || machine.host === null) return;
        const { host, status } = machine;
        const hasBegun = status !== 'wait_for_launch';
        // What runs is left alone, unless somebody was promised that it is switched off.
        if (hasBegun && !(await isCancelled())) return;
        try {
          turns.overtake(id);
          await destroy(agentOf(agents, machine), id, { flowId: command.correlationId, signal }, 0);
        } catch (error) {
          if (signal.aborted) throw error;
          // It may run there: that is not forgotten, and the host will tell.
          await records.doubt(id, host);
          return;
        }
        await keep({ asked: false });
        if (!hasBegun) return;
        const message = 'Switched off while it was being started';
        await records.end(id, host, null, {
          ...{ reason: 6, message },
          told: {
            ...{ code: 61, name: 'VM_DOWN', severity: 0, machine: id, host },
            text: `Virtual machine ${name} is down: ${message}.`,
          },
        });
      });
    },
  };

  /** Whether a host says that it does not have a machine; one that cannot be asked may have it. */
  async function hasForgotten(machine: MachineRecord, parts: CallParts): Promise<boolean> {
    try {
      return (await statusOnHost(agentOf(agents, machine), machine.id, parts)) === null;
    } catch (error) {
      if (parts.signal.aborted || !(error instanceof AgentUnreachable || error instanceof AgentFailure)) throw error;
      return false;
    }
  }

  const launching: Stage = {
    title: 'Waiting until the virtual machine runs',
    async work({ command, signal, isCancelled }) {
      const { id } = machineOf(command);
      for (;;) {
        const seen = turns.news(id);
        const machine = await foundMachine(records, command);
        const { host, hostName } = machine;
        if (host === null) throw noLonger(machine);
        // Asked behind the status: where that says that it runs, nobody can have it switched off by this command any more.
        if (await isCancelled()) throw new CommandFailure('The virtual machine was switched off while it was being started.');
        if (machine.status !== 'wait_for_launch') return { hostName, host };
        if (machine.hostStatus === 'non_responsive') throw new CommandFailure(`Host ${hostName} cannot be reached any more.`);
        await turns.moreNews(id, seen, lookAgainMs);
        if (turns.news(id) !== seen || !(await hasForgotten(machine, { flowId: command.correlationId, signal }))) continue;
        // It may have told of its end meanwhile.
        if ((await foundMachine(records, command)).status === 'wait_for_launch')
          throw new CommandFailure(`Host ${hostName} does not have it any more.`);
      }
    },
  };

  return {
    stages: [placing, asking, creating, launching],
    succeeded: (command) => ({
      told: {
        ...{ code: 32, name: 'USER_RUN_VM', severity: 0, machine: machineOf(command).id, host: String(command.data['host']) },
        text: `Virtual machine ${machineOf(command).name} runs on host ${String(command.data['hostName'])}.`,
      },
    }),
    failed: (command, why) => ({
      told: {
        ...{ code: 54, name: 'USER_FAILED_RUN_VM', severity: 2, machine: machineOf(command).id },
        text: `Virtual machine ${machineOf(command).name} could not be started: ${why}`,
      },
    }),
  };
}
