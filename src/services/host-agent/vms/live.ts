import { createHash } from 'node:crypto';
import { type Element, child, childrenOf, writeXml } from '../xml.ts';

/** What the definition of a running machine tells of its devices. */
export interface Live {
  readonly displays: readonly Display[];
  readonly nics: readonly { readonly device: string; readonly mac: string; readonly model: string }[];
  readonly drives: readonly Drive[];
  /** Whether an agent inside the guest listens. */
  readonly agentConnected: boolean;
  /** Changes whenever the list of devices does. */
  readonly hash: string;
  readonly cpus: number;
  readonly machine: string;
  readonly emulated: boolean;
  readonly acpi: boolean;
  /** Seconds that its clock is ahead of UTC. */
  readonly timeOffset: number;
}

export interface Display {
  readonly type: string;
  /** As texts; -1 where there is none. */
  readonly port: string;
  readonly tlsPort: string;
  readonly address: string;
}

export interface Drive {
  /** The name of its target, `sda` for instance. */
  readonly name: string;
  readonly bus: string;
  readonly kind: string;
  readonly path: string | undefined;
}

/** Where the agent inside the guest listens. */
const agentChannel = 'org.qemu.guest_agent.0';

/** Reads the definition of a machine that runs, as libvirt gives it. */
export function readLive(domain: Element): Live {
  const devices = child(domain, 'devices');
  return {
    displays: childrenOf(devices, 'graphics').map(({ attributes }) => ({
      type: attributes['type'] ?? '',
      port: attributes['port'] ?? '-1',
      tlsPort: attributes['tlsPort'] ?? '-1',
      address: attributes['listen'] ?? '0',
    })),
    nics: childrenOf(devices, 'interface').flatMap((nic) => {
      const device = child(nic, 'target')?.attributes['dev'];
      const mac = child(nic, 'mac')?.attributes['address'] ?? '';
      return device === undefined ? [] : [{ device, mac, model: child(nic, 'model')?.attributes['type'] ?? '' }];
    }),
    drives: childrenOf(devices, 'disk').map((disk) => ({
      name: child(disk, 'target')?.attributes['dev'] ?? '',
      bus: child(disk, 'target')?.attributes['bus'] ?? '',
      kind: disk.attributes['device'] ?? 'disk',
      path: child(disk, 'source')?.attributes['file'],
    })),
    agentConnected: childrenOf(devices, 'channel').some((channel) => {
      const target = child(channel, 'target')?.attributes;
      return target?.['name'] === agentChannel && target['state'] === 'connected';
    }),
    hash: createHash('sha256')
      .update(devices === undefined ? '' : writeXml(devices))
      .digest('hex')
      .slice(0, 16),
    cpus: Number(child(domain, 'vcpu')?.attributes['current'] ?? child(domain, 'vcpu')?.text ?? 1),
    machine: child(domain, 'os', 'type')?.attributes['machine'] ?? '',
    emulated: domain.attributes['type'] !== 'kvm',
    acpi: child(domain, 'features', 'acpi') !== undefined,
    timeOffset: Number(child(domain, 'clock')?.attributes['adjustment'] ?? 0) || 0,
  };
}
