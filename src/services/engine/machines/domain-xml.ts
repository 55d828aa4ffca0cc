import { type Element, element, writeXml } from '../../frame/xml-element.ts';
import { cdOf, channel, deviceOf, diskOf, nicOf, scsiController } from './device-xml.ts';
import { type Target, targetsOf } from './disk-targets.ts';
import type { MachineDefinition, MachineDisk, MachineVolume } from './machine-definition.ts';
import { offsetOf } from './time-zone.ts';

/*
 * The definition of a virtual machine as agents take it: the XML of libvirt, which names volumes by their ids in its metadata. What is a matter of
 * the host - where volumes, sockets and firmware are, at which address displays listen - is left to the agent.
 */

const vmSpace = 'http://ovirt.org/vm/1.0';
const none: readonly Element[] = [];
/** Slots for memory that is added while a machine runs. */
const memorySlots = 16;
/** So many threads carry the packets of one network card at most. */
const mostQueues = 4;

/** libvirt takes a name for the part of a path; everything else stands as it is. */
const domainName = (name: string): string => name.replace(/[/\p{Cc}]/gu, '_').replace(/^\.{1,2}$/, '_') || '_';

/** No text of ours may look like a path of the host. */
const noPath = (text: string): string => text.replace(/^[\s/]+/, '');

/**
 * Makes the definition, in the form of libvirt 9.0 (https://libvirt.org/formatdomain.html) with what agents keep for engines.
 * @param now by which it is summer or winter where the machine's clock is
 */
export function domainXml(machine: MachineDefinition, now: Date): string {
  const { disks, cds } = targetsOf(machine);
  const threads = ioThreadsOf(machine, disks);
  const order = bootOrder(machine);
  const cpus = machine.sockets * machine.cores * machine.threads;
  const isSecure = machine.biosType === 4;
  const root = element('domain', { type: 'kvm' }, [
    element('name', {}, domainName(machine.name)),
    element('uuid', {}, machine.id),
    ...memory(machine),
    ...(machine.ioThreads > 0 ? [element('iothreads', {}, String(machine.ioThreads))] : none),
    ...(machine.cpuShares > 0 ? [element('cputune', {}, [element('shares', {}, String(machine.cpuShares))])] : none),
    element('vcpu', { current: cpus }, String(cpus)),
    element('sysinfo', { type: 'smbios' }, [
      element('system', {}, [
        element('entry', { name: 'manufacturer' }, 'oVirt'),
        element('entry', { name: 'product' }, 'Virtual machine'),
        ...serialNumber(machine),
        element('entry', { name: 'uuid' }, machine.id),
      ]),
    ]),
    os(machine),
    element('features', {}, [element('acpi'), element('apic'), ...(isSecure ? [element('smm', { state: 'on' })] : none)]),
    cpu(machine, cpus),
    element('clock', { offset: 'variable', adjustment: offsetOf(machine.timeZone, now) }, [
      element('timer', { name: 'rtc', tickpolicy: 'catchup' }),
      element('timer', { name: 'pit', tickpolicy: 'delay' }),
      element('timer', { name: 'hpet', present: 'no' }),
    ]),
    element('on_poweroff', {}, 'destroy'),
    element('on_reboot', {}, 'restart'),
    element('on_crash', {}, 'destroy'),
    element('pm', {}, [element('suspend-to-mem', { enabled: 'no' }), element('suspend-to-disk', { enabled: 'no' })]),
    element('devices', {}, [
      element('controller', { type: 'usb', index: 0, model: 'qemu-xhci' }),
      element('controller', { type: 'virtio-serial', index: 0 }),
      ...(disks.some(([, { bus }]) => bus === 'scsi') ? [scsiController(threads.get('scsi'))] : none),
      element('input', { type: 'tablet', bus: 'usb' }),
      channel('org.qemu.guest_agent.0'),
      ...disks.map(([disk, target]) => diskOf(disk, target, { order: order.get(disk.image), ioThread: threads.get(target.name) })),
      ...cds.map(([{ id, content }, target]) => cdOf(content, machine.pool, target, order.get(id))),
      ...machine.nics.flatMap((nic) =>
        nicOf(nic, { order: order.get(nic.id), queues: machine.multiQueues ? Math.min(cpus, mostQueues) : 1 }),
      ),
      ...machine.devices.flatMap((device) => deviceOf(device, machine.monitors)),
      element('memballoon', { model: machine.balloon ? 'virtio' : 'none' }),
    ]),
    metadata(machine, [
      ...disks.map(([disk, { name }]) => [name, disk] as const),
      ...cds.flatMap(([{ content }, { name }]) => (content?.kind === 'volume' ? [[name, content] as const] : [])),
    ]),
  ]);
  return writeXml(root);
}

function memory({ memoryMb, maxMemoryMb }: MachineDefinition): readonly Element[] {
  const most = maxMemoryMb > memoryMb ? [element('maxMemory', { unit: 'MiB', slots: memorySlots }, String(maxMemoryMb))] : none;
  return [...most, element('memory', { unit: 'MiB' }, String(memoryMb)), element('currentMemory', { unit: 'MiB' }, String(memoryMb))];
}

/** What stands in a definition in place of the number of the host, which agents know. */
const ofHost = 'HOST-SERIAL:';

function serialNumber({ id, serialNumber: wanted }: MachineDefinition): readonly Element[] {
  if (wanted === 'none') return none;
  const number = wanted === 'vm' ? id : wanted === 'host' ? ofHost : noPath(wanted.custom) || id;
  return [element('entry', { name: 'serial' }, number)];
}

/** Which thread serves which disk, by the names of their targets, and the controller of disks with SCSI: one after the other in turn. */
function ioThreadsOf({ ioThreads }: MachineDefinition, disks: readonly (readonly [MachineDisk, Target])[]): ReadonlyMap<string, number> {
  if (ioThreads === 0) return new Map();
  const served = disks.flatMap(([, { bus, name }]) => (bus === 'virtio' ? name : bus === 'scsi' ? bus : []));
  return new Map([...new Set(served)].map((one, at) => [one, (at % ioThreads) + 1]));
}

/** The machine with its firmware. Which file that is the agent finds out. */
function os({ biosType, emulatedMachine, bootMenu }: MachineDefinition): Element {
  const isUefi = biosType >= 3;
  const feature = element('feature', { enabled: biosType === 4 ? 'yes' : 'no', name: 'secure-boot' });
  return element('os', isUefi ? { firmware: 'efi' } : {}, [
    element('type', { arch: 'x86_64', machine: emulatedMachine ?? (biosType === 1 ? 'pc' : 'q35') }, 'hvm'),
    ...(isUefi ? [element('firmware', {}, [feature])] : none),
    ...(bootMenu ? [element('bootmenu', { enable: 'yes', timeout: 30_000 })] : none),
    element('smbios', { mode: 'sysinfo' }),
  ]);
}

function cpu({ sockets, cores, threads, processor, memoryMb, maxMemoryMb }: MachineDefinition, cpus: number): Element {
  const topology = element('topology', { sockets, cores, threads });
  // Memory can be added only where it is said whose it is.
  const cell = element('cell', { id: 0, cpus: cpus === 1 ? '0' : `0-${cpus - 1}`, memory: memoryMb, unit: 'MiB' });
  const numa = maxMemoryMb > memoryMb ? [element('numa', {}, [cell])] : none;
  if (processor === null) return element('cpu', { mode: 'host-model' }, [topology, ...numa]);
  return element('cpu', { match: 'exact' }, [element('model', {}, processor), topology, ...numa]);
}

/** Which device is tried when, by the ids of disks, drives and network cards: kind after kind. */
function bootOrder({ bootDevices, disks, cds, nics }: MachineDefinition): ReadonlyMap<string, number> {
  const marked = disks.filter(({ boot }) => boot);
  const kinds: Readonly<Record<string, readonly string[]>> = {
    hd: (marked.length > 0 ? marked : disks).map(({ image }) => image),
    cdrom: cds.map(({ id }) => id),
    network: nics.map(({ id }) => id),
  };
  return new Map([...new Set(bootDevices)].flatMap((kind) => kinds[kind] ?? []).map((id, at) => [id, at + 1]));
}

/** What is kept with the machine on its host. */
function metadata(machine: MachineDefinition, volumes: readonly (readonly [name: string, MachineVolume])[]): Element {
  const mine = (name: string, inside: readonly Element[] | string, attributes = {}): Element =>
    element(`ovirt-vm:${name}`, attributes, inside);
  return element('metadata', {}, [
    mine(
      'vm',
      [
        mine('clusterVersion', machine.clusterLevel),
        mine('launchPaused', String(machine.launchPaused)),
        mine('minGuaranteedMemoryMb', String(machine.guaranteedMb)),
        ...volumes.map(([name, { domain, image, volume }]) =>
          mine('device', [mine('domainID', domain), mine('imageID', image), mine('poolID', machine.pool ?? ''), mine('volumeID', volume)], {
            devtype: 'disk',
            name,
          }),
        ),
      ],
      { 'xmlns:ovirt-vm': vmSpace },
    ),
  ]);
}
