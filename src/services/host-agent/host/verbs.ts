import { type Call, type Params, type Verbs, ordered } from '../verbs.ts';
import { type LibvirtFacts, capabilities, hardware } from './capabilities.ts';
import { hasUncommitted } from './network.ts';
import type { HostStatistics } from './statistics.ts';

export interface HostVerbParts {
  readonly version: string;
  readonly facts: () => LibvirtFacts;
  readonly kvm: () => boolean;
  readonly vncEncrypted: boolean;
  /** The folder in which changes of networks lie that are not committed. */
  readonly networkChanges: string;
  readonly statistics: HostStatistics;
  /** How many virtual machines there are, and how many of them run. */
  readonly count: () => { readonly all: number; readonly active: number };
  /** What is known of storage domains, by their ids. */
  readonly storageDomains: (params: Params, call: Call) => unknown;
}

/** The verbs of the host itself. */
export function hostVerbs({ version, facts, kvm, vncEncrypted, networkChanges, statistics, count, storageDomains }: HostVerbParts): Verbs {
  return {
    'Host.ping': () => true,
    'Host.getCapabilities': (_params, { localAddress }) =>
      capabilities(facts(), { version, kvm: kvm(), vncEncrypted, networkChanges, localAddress }),
    // Jobs are those of verbs that this agent does not have; what takes long here are tasks.
    'Host.getJobs': ordered(['job_type', 'job_ids'], () => ({})),
    'Host.getHardwareInfo': () => hardware(facts().uuid),
    'Host.getStats': async (params, call) => {
      const { all, active } = count();
      return {
        ...statistics.read(),
        vmCount: all,
        vmActive: active,
        vmMigrating: 0,
        incomingVmMigrations: 0,
        outgoingVmMigrations: 0,
        storageDomains: await storageDomains(params, call),
        netConfigDirty: hasUncommitted(networkChanges) ? 'True' : 'False',
        haScore: 0,
        haStats: { configured: false, active: false, score: 0, localMaintenance: false, globalMaintenance: false },
        multipathHealth: {},
        v2vJobs: {},
      };
    },
  };
}
