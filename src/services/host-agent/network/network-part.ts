import { readdir } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PartParts } from '../agent.ts';
import { type HelperDoor, HelperRefusal, helperDoor } from '../helper-door.ts';
import { type Part, type Verbs, VerbFailure, ordered } from '../verbs.ts';
import { codes } from './codes.ts';
import { type Connectivity, createConnectivity } from './connectivity.ts';
import { type NetworkRequest, type WantedNetwork, readNetworkRequest } from './network-request.ts';

/** The helper takes a change back so much later than the agent would, in seconds: for when there is no agent any more. */
const graceSeconds = 15;
const lookAgainMs = 200;

/** What failures of clients' requests are called; what the helper says comes along. */
const codeOf = (status: number): number =>
  status === 400 ? codes.parameters : status === 409 ? codes.usedNic : status === 501 ? codes.notImplemented : codes.notUp;

/** The part of the agent that makes networks. */
export const networkPart = ({ config, log, clock }: PartParts): Part =>
  createNetworkPart({ helper: helperDoor(config.text('HELPER_SOCKET')), log, connectivity: createConnectivity(clock) });

export interface NetworkParts extends Pick<PartParts, 'log'> {
  readonly helper: HelperDoor;
  readonly connectivity: Connectivity;
}

export function createNetworkPart({ helper, log, connectivity }: NetworkParts): Part {
  const ended = new AbortController();
  let isBusy = false;

  /** Has the helper do something, and tells clients what it refuses. */
  async function asked<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof HelperRefusal) throw new VerbFailure(codeOf(error.status), error.message, error);
      throw error;
    }
  }

  async function setUp(request: NetworkRequest): Promise<void> {
    const { networks, check, seconds, commit } = request;
    await refuseUsed(networks);
    const limit = AbortSignal.any([ended.signal, AbortSignal.timeout(seconds * 1_000)]);
    const isChanged = await asked(() => helper.changeNetworks(networks, seconds + graceSeconds));
    log.info('networks changed', { names: Object.keys(networks).join(' '), changed: isChanged, check });
    if (isChanged) {
      const reason = (await takesEffect(networks, limit))
        ? check && !(await connectivity.proven(limit))
          ? new VerbFailure(codes.lostConnectivity, `The engine did not reach this host in ${seconds} seconds: its networks are as before`)
          : null
        : new VerbFailure(
            codes.notUp,
            `The networks were not up in ${seconds} seconds: all is as before. The journal says why: systemd-networkd, or ovirt-ifup-* where ifupdown does it`,
          );
      // An agent that ends leaves it to the helper: the next one does not know what it waits for.
      if (ended.signal.aborted) throw new VerbFailure(codes.unavailable, 'The agent ends; the networks go back to what was before');
      if (reason !== null) {
        log.warning('networks reverted', { names: Object.keys(networks).join(' '), reason: reason.message });
        await asked(() => helper.revertNetworks());
        throw reason;
      }
      await asked(() => helper.keepNetworks());
    }
    if (commit) await asked(() => helper.commitNetworks());
  }

  const verbs: Verbs = {
    'Host.setupNetworks': ordered(['networks', 'bondings', 'options'], async (params) => {
      const request = readNetworkRequest(params);
      if (isBusy) throw new VerbFailure(codes.unavailable, 'Another change of networks is under way');
      isBusy = true;
      try {
        // Whoever asked may be cut off by it, and it goes on.
        await setUp(request);
      } finally {
        isBusy = false;
      }
      return { code: 0, message: 'Done' };
    }),
    'Host.setSafeNetworkConfig': async () => {
      if (isBusy) throw new VerbFailure(codes.unavailable, 'A change of networks is under way');
      await asked(() => helper.commitNetworks());
    },
    // Also tell the agent that the engine still reaches this host.
    'Host.ping2': (_params, call) => connectivity.heard(call),
    'Host.confirmConnectivity': (_params, call) => connectivity.heard(call),
  };
  return { verbs, stop: async () => ended.abort() };
}

const portsOf = (bridge: string): Promise<readonly string[]> => readdir(`/sys/class/net/${bridge}/brif`).catch(() => []);

/** Throws VerbFailure where virtual machines are connected to a network that is to go. */
async function refuseUsed(networks: NetworkRequest['networks']): Promise<void> {
  for (const [name, wanted] of Object.entries(networks)) {
    const guests = wanted === null ? (await portsOf(name)).filter((port) => /^(vnet|tap)\d/.test(port)) : [];
    if (guests.length > 0)
      throw new VerbFailure(
        codes.usedBridge,
        `Network ${name} cannot be removed: ${guests.length} virtual network cards are connected to it`,
      );
  }
}

/** Waits until networks are there as they are wanted, with their addresses; false when they are not until the signal. */
async function takesEffect(networks: NetworkRequest['networks'], signal: AbortSignal): Promise<boolean> {
  while (!signal.aborted) {
    if ((await Promise.all(Object.entries(networks).map(([name, wanted]) => isThere(name, wanted)))).every(Boolean)) return true;
    await sleep(lookAgainMs, undefined, { signal }).catch(() => undefined);
  }
  return false;
}

async function isThere(name: string, wanted: WantedNetwork | null): Promise<boolean> {
  const devices = networkInterfaces();
  if (wanted === null) return !(await readdir('/sys/class/net')).includes(name);
  if (!(await portsOf(name)).includes(wanted.nic)) return false;
  const { ipv4 } = wanted;
  const addresses = (devices[name] ?? []).filter(({ family }) => family === 'IPv4').map(({ cidr }) => cidr);
  return ipv4 === null || (ipv4 === 'dhcp' ? addresses.length > 0 : addresses.includes(ipv4.address));
}
