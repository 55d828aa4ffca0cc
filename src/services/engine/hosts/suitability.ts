import type { Capabilities } from './capabilities.ts';
import { reasons } from './host-status.ts';
import { processorOf, processors } from './processors.ts';

/** What a cluster asks of its hosts. */
export interface Demands {
  readonly cluster: string;
  readonly level: string;
  /** The processor type; null while it is open. */
  readonly processor: string | null;
  /** The emulated machine that has been settled; null while it is open. */
  readonly emulatedMachine: string | null;
  /** Those that fit the level, the best first. */
  readonly emulatedMachines: readonly string[];
  /** The management network as hosts call it; null where there is none. */
  readonly network: string | null;
}

/** Why a host cannot be used in its cluster. */
export interface Unfit {
  readonly reason: number;
  readonly code: number;
  readonly name: string;
  /** Why, and what to do, behind the words `Host x is not operational:`. */
  readonly text: string;
}

/** What a host brings into a cluster that has left it open. */
export interface Settled {
  readonly processor: string | null;
  readonly emulatedMachine: string | null;
}

/** The engine's version, as agents list those that they work with. */
const engineVersion = '4.5';

const list = (words: readonly string[]): string => (words.length === 0 ? 'none' : words.join(', '));

/** Compares a host with its cluster, in the order in which it is to be told: versions, processor, emulated machine. The network comes later. */
export function judge(host: Capabilities, demands: Demands): Unfit | Settled {
  if (!host.engines.includes(engineVersion)) {
    return {
      ...{ reason: reasons.version, code: 154, name: 'VDS_CLUSTER_VERSION_NOT_SUPPORTED' },
      text: `its agent works with engines of the versions ${list(host.engines)}, and this one is ${engineVersion}. Install it again`,
    };
  }
  if (!host.clusterLevels.includes(demands.level)) {
    return {
      ...{ reason: reasons.clusterVersion, code: 154, name: 'VDS_CLUSTER_VERSION_NOT_SUPPORTED' },
      text: `the cluster ${demands.cluster} has the level ${demands.level}, and the host supports ${list(host.clusterLevels)}. Update the host, or move it to another cluster while it is in maintenance`,
    };
  }
  const missing = missingFlags(host, demands.processor);
  if (missing.length > 0) {
    return {
      ...{ reason: reasons.cpu, code: 515, name: 'VDS_CPU_LOWER_THAN_CLUSTER' },
      text: `its processor lacks what ${demands.processor ?? ''} has: ${list(missing)}. Give the cluster ${demands.cluster} an older processor type, or move the host to another cluster while it is in maintenance`,
    };
  }
  const machine = demands.emulatedMachine ?? demands.emulatedMachines.find((one) => host.emulatedMachines.includes(one)) ?? null;
  if (machine === null || !host.emulatedMachines.includes(machine)) {
    return {
      ...{ reason: reasons.emulatedMachines, code: 517, name: 'VDS_SET_NONOPERATIONAL' },
      text: `it has no emulated machine that the cluster ${demands.cluster} uses: ${list(demands.emulatedMachine === null ? demands.emulatedMachines : [demands.emulatedMachine])}. Update QEMU on the host`,
    };
  }
  return {
    // What only emulates has no flags of its own: it settles nothing.
    processor: demands.processor ?? (host.kvm ? (processorOf(host.flags)?.name ?? null) : null),
    emulatedMachine: machine,
  };
}

function missingFlags({ flags }: Capabilities, name: string | null): readonly string[] {
  const wanted = processors.find((one) => one.name === name);
  return wanted === undefined ? [] : wanted.flags.filter((flag) => !flags.has(flag));
}
