import type { CdContent } from './machine-definition.ts';
import { AgentUnreachable } from '../agents/agent-failure.ts';
import { type Command, CommandFailure, type CommandType, type Occasion, type Stage, type Told } from '../commands/command.ts';
import { readNumber } from '../options.ts';
import { driveBus } from './disk-targets.ts';
import { isoPath } from './iso-path.ts';
import { contentOf, loadMachine } from './load-machine.ts';
import type { MachineRecord } from './machine-records.ts';
import { agentOf, callReady, destroy, statusOnHost } from './on-host.ts';
import { foundMachine, type MachineCommandParts, machineOf, startMachine } from './start-machine.ts';

const told = (code: number, name: string, severity: Told['severity'], command: Command, text: string): Told => ({
  ...{ code, name, severity, text },
  machine: machineOf(command).id,
});

const textOf = ({ parameters }: Command, name: string): string => (typeof parameters[name] === 'string' ? parameters[name] : '');

/** Commands that work on virtual machines. */
export function machineCommands(
  parts: MachineCommandParts,
): Readonly<
  Record<'ChangeCd' | 'RebootMachine' | 'ResetMachine' | 'ResumeMachine' | 'ShutdownMachine' | 'StartMachine' | 'StopMachine', CommandType>
> {
  const { agents, records, turns } = parts;

  /** The machine on its host. Throws CommandFailure where it does not run. */
  async function running(command: Command): Promise<MachineRecord & { readonly host: string }> {
    const machine = await foundMachine(records, command);
    if (machine.host === null) throw new CommandFailure(`Virtual machine ${machine.name} does not run.`);
    return { ...machine, host: machine.host };
  }

  const switchingOff: Stage = {
    title: 'Switching the virtual machine off',
    async work({ command, signal }) {
      const machine = await foundMachine(records, command);
      const { id, name, host } = machine;
      // It has ended by itself, or an engine that was killed has come so far.
      if (host === null) {
        // A start that could not be taken back leaves it waiting for no host.
        await records.release(id);
        return undefined;
      }
      try {
        await turns.within(id, async () => {
          turns.overtake(id);
          await destroy(agentOf(agents, machine), id, { flowId: command.correlationId, signal });
        });
      } catch (error) {
        if (!(error instanceof AgentUnreachable) || signal.aborted) throw error;
        throw new CommandFailure(
          `Host ${machine.hostName} cannot be reached. Bring it back; or, if it was rebooted or is switched off, confirm that (action fence with fence_type manual).`,
          error,
        );
      }
      const message = `Switched off by ${command.userName}`;
      await records.end(id, host, null, {
        ...{ reason: 6, message },
        told: { ...told(61, 'VM_DOWN', 0, command, `Virtual machine ${name} is down: ${message}.`), host },
      });
      return undefined;
    },
  };

  /**
   * Keeps in mind that a host is asked. Throws CommandFailure where an engine that was killed has asked it: the guest may be in the middle of starting
   * anew by now.
   */
  async function needFirstTime(command: Command, keep: Occasion['keep']): Promise<void> {
    if (command.data['asked'] === true)
      throw new CommandFailure('The engine ended while it asked for that: look at the virtual machine before you ask again.');
    await keep({ asked: true });
  }

  const askingGuest = (reboot: boolean): Stage => ({
    title: reboot ? 'Asking the guest to start anew' : 'Asking the guest to shut down',
    async work({ command, signal, database, keep }) {
      const machine = await foundMachine(records, command);
      // It has shut down by itself meanwhile.
      if (machine.host === null && !reboot) return undefined;
      if (machine.host === null) throw new CommandFailure(`Virtual machine ${machine.name} does not run.`);
      const seconds = await readNumber(database, 'VmGracefulShutdownTimeout');
      if (reboot) await needFirstTime(command, keep);
      await callReady(
        agentOf(agents, machine),
        'VM.shutdown',
        {
          ...{ vmID: machine.id, delay: String(seconds), timeout: seconds, reboot, force: command.parameters['force'] === true },
          message: textOf(command, 'reason'),
        },
        { flowId: command.correlationId, signal },
      );
      return undefined;
    },
  });

  const resuming: Stage = {
    title: 'Letting the virtual machine go on',
    async work({ command, signal }) {
      const machine = await running(command);
      const parts = { flowId: command.correlationId, signal };
      const agent = agentOf(agents, machine);
      // An engine that was killed may have asked for it already.
      if ((await statusOnHost(agent, machine.id, parts)) === 'Paused') await callReady(agent, 'VM.cont', { vmID: machine.id }, parts);
      return undefined;
    },
  };

  const resetting: Stage = {
    title: 'Resetting the virtual machine',
    async work({ command, signal, keep }) {
      const machine = await running(command);
      await needFirstTime(command, keep);
      await callReady(agentOf(agents, machine), 'VM.reset', { vmID: machine.id }, { flowId: command.correlationId, signal });
      return undefined;
    },
  };

  const changing: Stage = {
    title: 'Changing what is in the drive',
    async work({ command, signal, database }) {
      const machine = await running(command);
      const wanted = textOf(command, 'content');
      const content = await contentOf(database, machine.pool, wanted);
      if (content === 'missing') throw new CommandFailure(`There is no image ${wanted} in an active storage domain of the data center.`);
      const loaded = await loadMachine(database, machine.id, machine.host);
      if (loaded === null) throw new CommandFailure(`Virtual machine ${machine.name} has been removed.`);
      await callReady(
        agentOf(agents, machine),
        'VM.changeCD',
        { vmID: machine.id, driveSpec: driveSpec(content, machine.pool, driveBus(loaded.definition)) },
        { flowId: command.correlationId, signal },
      );
      await records.inserted(machine.id, machine.host, wanted === '' ? null : wanted);
      return undefined;
    },
  };

  const simple = (stage: Stage, code: number, name: string, what: string): CommandType => ({
    stages: [stage],
    succeeded: () => ({}),
    failed: (command, why) => ({ told: told(code, name, 2, command, `Virtual machine ${machineOf(command).name} ${what}: ${why}`) }),
  });

  return {
    StartMachine: startMachine(parts),
    StopMachine: simple(switchingOff, 56, 'USER_FAILED_STOP_VM', 'could not be switched off'),
    ShutdownMachine: simple(askingGuest(false), 74, 'USER_FAILED_SHUTDOWN_VM', 'could not be asked to shut down'),
    RebootMachine: simple(askingGuest(true), 158, 'USER_FAILED_REBOOT_VM', 'could not be asked to start anew'),
    ResumeMachine: simple(resuming, 54, 'USER_FAILED_RUN_VM', 'does not go on'),
    ResetMachine: simple(resetting, 9906, 'USER_FAILED_RESET_VM', 'could not be reset'),
    ChangeCd: simple(changing, 102, 'USER_FAILED_CHANGE_DISK_VM', 'keeps what is in its drive'),
  };
}

/** The drive that is meant, in the words of agents, with what is to be in it. */
function driveSpec(content: CdContent | null, pool: string | null, bus: 'sata' | 'ide'): object {
  const drive = { iface: bus, index: '2' };
  if (content === null || pool === null) return { ...drive, path: '' };
  if (content.kind === 'file') return { ...drive, path: isoPath(pool, content) };
  const { domain, image, volume } = content;
  return { ...drive, poolID: pool, domainID: domain, imageID: image, volumeID: volume };
}
