import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Libvirt } from '../libvirt/libvirt.ts';
import { element, writeXml } from '../xml.ts';
import { exists, readLine, readProcessors } from './proc.ts';

const running = 1;
const tries = 20;

/** Where a host tells of KVM, and how long its guest is left alone between two looks at it, in milliseconds. */
const usual = { cpuinfo: '/proc/cpuinfo', device: '/dev/kvm', pauseMs: 100 } as const;

/** What a guest is called that we start ourselves, to see whether one runs. */
export const probeName = (uuid: string): string => `probe-${uuid}`;

/**
 * Makes what looks for KVM with each connection to libvirt, until it was found: a host does not lose it, and there are other reasons for which a
 * small guest may not run on a busy one.
 */
export function createKvmProbe(probe = probeKvm): (libvirt: Libvirt) => Promise<boolean> {
  let isFound = false;
  return async (libvirt) => (isFound ||= await probe(libvirt));
}

/**
 * Whether guests may use KVM: the processor has the extension, and a small guest really runs. That the device can be opened says nothing:
 * there are machines on which firmware runs then, and kernels hang.
 */
export async function probeKvm(
  libvirt: Pick<Libvirt, 'create' | 'destroy' | 'domains' | 'state' | 'stats'>,
  { cpuinfo, device, pauseMs }: { readonly cpuinfo: string; readonly device: string; readonly pauseMs: number } = usual,
): Promise<boolean> {
  await endFormer(libvirt);
  const { flags } = readProcessors(readLine(cpuinfo));
  if (!flags.some((flag) => flag === 'vmx' || flag === 'svm')) return false;
  if (!exists(device)) return false;
  const uuid = randomUUID();
  const guest = element('domain', { type: 'kvm' }, [
    element('name', {}, probeName(uuid)),
    element('uuid', {}, uuid),
    element('memory', { unit: 'MiB' }, '32'),
    element('vcpu', {}, '1'),
    element('os', {}, [element('type', {}, 'hvm')]),
    element('on_crash', {}, 'destroy'),
  ]);
  try {
    const domain = await libvirt.create(writeXml(guest), { paused: false });
    try {
      for (let at = 0; at < tries; at++) {
        const [state] = await libvirt.state(domain);
        if (state !== running) return false;
        const own = (await libvirt.stats()).find((one) => one.domain.uuid === domain.uuid);
        if (Number(own?.values['vcpu.0.time'] ?? 0) > 0) return true;
        await sleep(pauseMs);
      }
      return false;
    } finally {
      await libvirt.destroy(domain, { graceful: false });
    }
  } catch {
    return false;
  }
}

/** Ends such guests of an earlier time: the agent was killed, or libvirt restarted, while one ran. Nobody else looks at them. */
async function endFormer(libvirt: Pick<Libvirt, 'destroy' | 'domains'>): Promise<void> {
  const former = (await libvirt.domains()).filter(({ name, uuid }) => name === probeName(uuid));
  for (const domain of former) await libvirt.destroy(domain, { graceful: false }).catch(() => undefined);
}
