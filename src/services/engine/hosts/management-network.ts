import { setTimeout as sleep } from 'node:timers/promises';
import { AgentFailure, agentCodes, AgentUnreachable } from '../agents/agent-failure.ts';
import { type Agent, lacksVerb } from '../agents/agent.ts';
import type { Capabilities } from './capabilities.ts';

export interface NetworkWish {
  readonly agent: Agent;
  readonly capabilities: Capabilities;
  /** The network as hosts call it. */
  readonly network: string;
  readonly flowId: string | undefined;
  readonly signal: AbortSignal;
}

/** How a host was asked for its management network. */
export type NetworkOutcome = { readonly done: 'asked' } | { readonly done: 'unable' | 'refused'; readonly why: string };

/** The agent goes back to what was before unless it hears of the engine for so long, in seconds. */
const connectivitySeconds = 120;
const pingEveryMs = 1_000;
/** Within so much time the agent has noticed what the engine has. */
const noticeMs = 5_000;
/** Interfaces on which the agent makes no networks. */
const unsuited: readonly number[] = [agentCodes.bonding, agentCodes.vlan];

/**
 * Has a host make its management network on the interface that the engine reaches it through. The connection breaks meanwhile, and the answer
 * may be lost with it: whoever asks looks at the host again afterwards. Agents of hosts whose network cannot be had otherwise are told apart.
 */
export async function makeManagementNetwork({ agent, capabilities, network, flowId, signal }: NetworkWish): Promise<NetworkOutcome> {
  const { engineInterface, interfaces } = capabilities;
  const under = interfaces.find(({ name }) => name === engineInterface);
  if (under === undefined) return { done: 'refused', why: 'the agent does not say through which interface the engine reaches it' };
  const ended = new AbortController();
  let heard = Promise.withResolvers<undefined>();
  const pings = keepPinging(agent, AbortSignal.any([signal, ended.signal]), () => heard.resolve(undefined));
  try {
    const options = { connectivityCheck: 'true', connectivityTimeout: connectivitySeconds, commitOnSuccess: true };
    const params = { networks: { [network]: bridgeOn(under) }, bondings: {}, options };
    await agent.call('Host.setupNetworks', params, { timeoutMs: (connectivitySeconds + 60) * 1_000, flowId, signal });
  } catch (error) {
    if (lacksVerb(error))
      return { done: 'unable', why: error.code === agentCodes.notImplemented ? error.reason : 'its agent does not make networks' };
    if (error instanceof AgentFailure && unsuited.includes(error.code)) return { done: 'unable', why: error.reason };
    if (error instanceof AgentFailure) return { done: 'refused', why: error.message };
    if (!(error instanceof AgentUnreachable) || signal.aborted) throw error;
    // The change goes on without its answer, and the agent still has to hear of the engine: from now on.
    heard = Promise.withResolvers();
    await Promise.race([heard.promise, sleep(connectivitySeconds * 1_000, undefined, { signal: ended.signal }).catch(() => undefined)]);
    // What the agent counts are connections since it has seen the network up itself, which may be a moment later.
    await sleep(noticeMs, undefined, { signal }).catch(() => undefined);
  } finally {
    ended.abort();
    await pings;
  }
  return { done: 'asked' };
}

/** The bridge takes the addresses of the interface that it is made on. */
function bridgeOn(under: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const vlan = under['vlan_id'] ?? undefined;
  const base = vlan === undefined ? under['name'] : under['base_interface'];
  const addresses =
    under['boot_protocol'] === 1
      ? { bootproto: 'dhcp' }
      : { bootproto: 'none', ipaddr: under['addr'], netmask: under['subnet'], gateway: under['gateway'] ?? undefined };
  const six = under['ipv6_boot_protocol'];
  const six6 =
    six === 2
      ? { ipv6addr: `${String(under['ipv6_address'])}/${String(under['ipv6_prefix'])}`, ipv6gateway: under['ipv6_gateway'] ?? undefined }
      : { dhcpv6: six === 1 || six === 4, ipv6autoconf: six === 3 || six === 4 };
  return { [under['is_bond'] === true ? 'bonding' : 'nic']: base, vlan, bridged: 'true', defaultRoute: true, ...addresses, ...six6 };
}

/** Lets the agent hear of the engine. A connection that was there before proves nothing, so each time there is a new one. */
async function keepPinging(agent: Agent, signal: AbortSignal, heard: () => void): Promise<void> {
  while (!signal.aborted) {
    await agent.callAnew('Host.ping2', {}, { timeoutMs: 5_000, signal }).then(heard, () => undefined);
    await sleep(pingEveryMs, undefined, { signal }).catch(() => undefined);
  }
}
