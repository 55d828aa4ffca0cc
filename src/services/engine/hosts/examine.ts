import { setTimeout as sleep } from 'node:timers/promises';
import { type Agent, isBusy, isRecovering, lacksVerb } from '../agents/agent.ts';
import { type Capabilities, readCapabilities } from './capabilities.ts';
import type { HostRecord, HostRecords } from './host-records.ts';
import { reasons } from './host-status.ts';
import { makeManagementNetwork } from './management-network.ts';
import { judge, type Unfit } from './suitability.ts';

export interface Examination {
  readonly agent: Agent;
  readonly host: HostRecord;
  readonly records: HostRecords;
  /** Whether the host is to get what it lacks and can be given: its management network. */
  readonly complete: boolean;
  readonly flowId?: string | undefined;
  readonly signal: AbortSignal;
}

/** An agent that has just been started is asked again so much later, and so often. */
const recovery = { everyMs: 2_000, most: 60 };

/**
 * Asks a host what it is and has, keeps it, and compares it with the cluster. Returns why the host cannot be used there; null if it can.
 * Doing it again changes nothing more. Throws AgentFailure and AgentUnreachable.
 */
export async function examine(examination: Examination): Promise<Unfit | null> {
  const { host, records } = examination;
  let capabilities = await ask(examination);
  const stranger = await strangeness(host, records, capabilities);
  if (stranger !== null) return stranger;
  await records.keep(host.id, capabilities);
  const demands = await records.demands(host.id);
  if (demands === null) return general('it has been removed');
  const verdict = judge(capabilities, demands);
  if ('reason' in verdict) return verdict;

  const { network } = demands;
  const has = (): boolean => network === null || capabilities.networks.some(({ name, bridged }) => name === network && bridged);
  // One that was refused for it does not come up for having been away.
  if (!has() && !examination.complete && network !== null && host.reason === reasons.network)
    return networkless(network, 'activate it to try again');
  if (!has() && examination.complete && network !== null) {
    const outcome = await makeManagementNetwork({ ...examination, capabilities, network, flowId: examination.flowId });
    if (outcome.done === 'refused') return networkless(network, outcome.why);
    if (outcome.done === 'asked') {
      capabilities = await ask(examination);
      await records.keep(host.id, capabilities);
      if (!has()) return networkless(network, 'the agent has gone back to what was before');
    } else {
      await records.tell({
        ...{ code: 9860, name: 'HOST_WITHOUT_MANAGEMENT_NETWORK', severity: 1, host: host.id },
        text: `Host ${host.name} has no network ${network}, and cannot be given it: ${outcome.why}. Virtual machines there cannot be connected to it.`,
      });
    }
  }
  // The engine reaches the host with the networks that it has: so they may stay, also where the answer to an earlier change was lost.
  if (examination.complete && network !== null && has() && capabilities.columns['net_config_dirty'] === true) {
    await commit(examination);
    // It may have gone back before it was asked to.
    capabilities = await ask(examination);
    await records.keep(host.id, capabilities);
    if (!has()) return networkless(network, 'the agent has gone back to what was before');
  }
  await records.settle(host.id, verdict);
  return null;
}

/** Has the networks of a host stay as they are. Its agent may just be about to do that by itself. */
async function commit({ agent, flowId, signal }: Examination): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await agent.call('Host.setSafeNetworkConfig', {}, { flowId, signal });
      return;
    } catch (error) {
      if (!isBusy(error) || tries === recovery.most) throw error;
    }
    await sleep(recovery.everyMs, undefined, { signal });
  }
}

async function ask({ agent, flowId, signal }: Examination): Promise<Capabilities> {
  for (let tries = 1; ; tries++) {
    try {
      const answer = await agent.call('Host.getCapabilities', {}, { flowId, signal });
      const hardware = await agent.call('Host.getHardwareInfo', {}, { flowId, signal }).catch((error: unknown) => {
        if (lacksVerb(error)) return {};
        throw error;
      });
      return readCapabilities(answer, hardware);
    } catch (error) {
      if (!isRecovering(error) || tries === recovery.most) throw error;
    }
    await sleep(recovery.everyMs, undefined, { signal });
  }
}

/**
 * Whether another host has the same hardware UUID. One that has changed is told of: the certificate says that it is the same host, with
 * another mainboard, or one that has no UUID of its own.
 */
async function strangeness(host: HostRecord, records: HostRecords, { uniqueId }: Capabilities): Promise<Unfit | null> {
  if (uniqueId === null || uniqueId === host.uniqueId) return null;
  const twin = await records.twin(host.id, uniqueId);
  if (twin !== null) return general(`it has the same hardware UUID as host ${twin}: ${uniqueId}`);
  if (host.uniqueId !== null) {
    await records.tell({
      ...{ code: 9861, name: 'HOST_HARDWARE_CHANGED', severity: 1, host: host.id },
      text: `Host ${host.name} has another hardware UUID than before: ${uniqueId} instead of ${host.uniqueId}.`,
    });
  }
  return null;
}

const general = (text: string): Unfit => ({ reason: reasons.general, code: 517, name: 'VDS_SET_NONOPERATIONAL', text });

const networkless = (network: string, why: string): Unfit => ({
  ...{ reason: reasons.network, code: 519, name: 'VDS_SET_NONOPERATIONAL_NETWORK' },
  text: `it has no management network ${network}, and could not be given one: ${why}`,
});
