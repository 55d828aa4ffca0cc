import { setTimeout as sleep } from 'node:timers/promises';
import { AgentFailure, agentCodes, AgentUnreachable } from '../agents/agent-failure.ts';
import { type Agent, isRecovering } from '../agents/agent.ts';
import type { Agents } from '../agents/agents.ts';
import { objectOf, textOf } from '../agents/hostile.ts';
import type { MachineRecord } from './machine-records.ts';

/* What hosts are asked about their machines, and told to do with them. */

const recoveryMs = 2_000;
const mostRecoveries = 30;

export interface CallParts {
  readonly flowId?: string | undefined;
  readonly signal: AbortSignal;
}

/** The agent of the host that a machine runs on or may run on. Throws AgentUnreachable where there is none. */
export function agentOf(agents: Agents, { host, hostAddress, hostPort }: MachineRecord): Agent {
  if (host === null) throw new AgentUnreachable('the virtual machine is on no host');
  return agents.of({ id: host, address: hostAddress, port: hostPort });
}

/** Calls a verb, waiting for an agent that has just been started and is looking for its machines. Throws AgentFailure and AgentUnreachable. */
export async function callReady(agent: Agent, method: string, params: object, { flowId, signal }: CallParts): Promise<unknown> {
  for (let tries = 1; ; tries++) {
    try {
      return await agent.call(method, params, { flowId, signal });
    } catch (error) {
      if (!isRecovering(error) || tries === mostRecoveries) throw error;
    }
    await sleep(recoveryMs, undefined, { signal });
  }
}

/** The status that a host says a machine has there, in its own words; null where it has none. Throws AgentFailure and AgentUnreachable. */
export async function statusOnHost(agent: Agent, machine: string, parts: CallParts): Promise<string | null> {
  const answer = await callReady(agent, 'Host.getVMList', { vmList: [machine], onlyUUID: false }, parts);
  if (!Array.isArray(answer)) throw new AgentFailure('Host.getVMList', 0, 'the answer is no list');
  const found = (answer as readonly unknown[]).map(objectOf).find(({ vmId }) => textOf(vmId)?.toLowerCase() === machine);
  return found === undefined ? null : (textOf(found['status'], 40) ?? 'Unknown');
}

/** Ends a machine, or lets go of one that has ended. It is no failure where it is gone already. Throws AgentFailure and AgentUnreachable. */
export async function destroy(agent: Agent, machine: string, parts: CallParts, gracefulAttempts = 1): Promise<void> {
  try {
    await callReady(agent, 'VM.destroy', { vmID: machine, gracefulAttempts }, parts);
  } catch (error) {
    if (!(error instanceof AgentFailure && error.code === agentCodes.noSuchMachine)) throw error;
  }
}

/** Whether a host says that it has a machine already. */
export const isThere = (error: unknown): boolean => error instanceof AgentFailure && error.code === agentCodes.machineExists;
