import { type Element, element, writeXml } from '../../frame/xml-element.ts';
import { type Target, targetsOf } from './disk-targets.ts';
import { isoPath } from './iso-path.ts';
import type { CdContent, MachineDefinition, MachineDevice, MachineDisk, MachineNic, MachineVolume } from './machine-definition.ts';

/*
 * The definition of a virtual machine as agents take it: the XML of libvirt, which names volumes by their ids in its metadata. What is a matter of
 * the host - where volumes, sockets and firmware are, at which address displays listen - is left to the agent.
 */

const vmSpace = 'http://ovirt.org/vm/1.0';
const none: readonly Element[] = [];
/** Slots for memory that is added while a machine runs. */
const memorySlots = 16;

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
  const order = bootOrder(machine);
  const cpus = machine.sockets * machine.cores * machine.threads;
  const isSecure = machine.biosType === 4;
  const root = element('domain', { type: 'kvm' }, [
    element('name', {}, domainName(machine.name)),
    element('uuid', {}, machine.id),
    ...memory(machine),
    ...(machine.ioThreads > 0 ? [element('iothreads', {}, String(machine.ioThreads))] : none),
    element('vcpu', { current: cpus }, String(cpus)),
    element('sysinfo', { type: 'smbios' }, [
      element('system', {}, [
        element('entry', { name: 'manufacturer' }, 'oVirt'),
        element('entry', { name: 'product' }, 'Virtual machine'),
        element('entry', { name: 'serial' }, noPath(machine.serialNumber ?? '') || machine.id),
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
      ...(disks.some(([, { bus }]) => bus === 'scsi') ? [element('controller', { type: 'scsi', index: 0, model: 'virtio-scsi' })] : none),
      element('input', { type: 'tablet', bus: 'usb' }),
      channel('org.qemu.guest_agent.0'),
      ...disks.map(([disk, target]) => diskOf(disk, target, order.get(disk.image))),
      ...cds.map(([{ id, content }, target]) => cdOf(content, machine.pool, target, order.get(id))),
      ...machine.nics.flatMap((nic) => nicOf(nic, order.get(nic.id))),
      ...machine.devices.flatMap(deviceOf),
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

/** Seconds that a time zone is ahead of UTC at a moment; 0 for one that is not known. */
export function offsetOf(zone: string | null, at: Date): number {
  if (zone === null) return 0;
  try {
    const parts = new Intl.DateTimeFormat('en', { timeZone: zone, timeZoneName: 'longOffset' }).formatToParts(at);
    const [, sign, hours, minutes] = /^GMT([+-])(\d\d):(\d\d)$/.exec(parts.find(({ type }) => type === 'timeZoneName')?.value ?? '') ?? [];
    return (sign === '-' ? -1 : 1) * (Number(hours ?? 0) * 3_600 + Number(minutes ?? 0) * 60) || 0;
  } catch {
    return 0;
  }
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

const boot = (order: number | undefined): readonly Element[] => (order === undefined ? none : [element('boot', { order })]);

function diskOf(disk: MachineDisk, { bus, name }: Target, order: number | undefined): Element {
  const driver = {
    ...{ name: 'qemu', type: disk.format, cache: 'none', io: 'threads' },
    error_policy: disk.propagateErrors ? 'report' : 'stop',
    ...(disk.passDiscard && bus !== 'ide' ? { discard: 'unmap' } : {}),
  };
  return element('disk', { type: 'file', device: 'disk', snapshot: 'no' }, [
    element('driver', driver),
    element('target', { dev: name, bus }),
    // Disks of these buses cannot be protected against writing.
    ...(disk.readOnly && bus !== 'sata' && bus !== 'ide' ? [element('readonly')] : none),
    ...(disk.shareable ? [element('shareable')] : none),
    ...boot(order),
    // Guests find their disks by it, as far as their bus has room for it.
    element('serial', {}, disk.image),
  ]);
}

/** A drive. What is in it stands as a path, or as a volume in the metadata. */
function cdOf(content: CdContent | null, pool: string | null, { bus, name }: Target, order: number | undefined): Element {
  const source =
    content?.kind === 'file' && pool !== null ? [element('source', { file: isoPath(pool, content), startupPolicy: 'optional' })] : none;
  return element('disk', { type: 'file', device: 'cdrom', snapshot: 'no' }, [
    element('driver', { name: 'qemu', type: 'raw', error_policy: 'report' }),
    ...source,
    element('target', { dev: name, bus }),
    element('readonly'),
    ...boot(order),
  ]);
}

const nicModels: Readonly<Record<number, string>> = { 1: 'rtl8139', 2: 'e1000', 3: 'virtio', 8: 'e1000e' };

/** A network card. One without a network is not given to the guest: there is no bridge that it could be on. */
function nicOf({ mac, type, network, linked }: MachineNic, order: number | undefined): readonly Element[] {
  if (network === null) return [];
  return [
    element('interface', { type: 'bridge' }, [
      element('mac', { address: mac }),
      element('source', { bridge: network }),
      element('model', { type: nicModels[type] ?? 'virtio' }),
      element('link', { state: linked ? 'up' : 'down' }),
      ...boot(order),
    ]),
  ];
}

const channel = (name: string): Element => element('channel', { type: 'unix' }, [element('target', { type: 'virtio', name })]);

const cards: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  vga: { vram: 16_384 },
  qxl: { ram: 65_536, vram: 8_192, vgamem: 16_384 },
  cirrus: { vram: 16_384 },
  bochs: { vram: 16_384 },
  virtio: {},
};

const sources: Readonly<Record<string, string>> = { hwrng: '/dev/hwrng', random: '/dev/random', urandom: '/dev/urandom' };

/** A number among what a device says of itself. */
const numberOf = (value: unknown): number | null => {
  const number = typeof value === 'string' || typeof value === 'number' ? Number(value) : Number.NaN;
  return Number.isInteger(number) && number > 0 && number < 1_048_576 * 16 ? number : null;
};

function deviceOf({ type, device, specs }: MachineDevice): readonly Element[] {
  switch (type) {
    case 'graphics':
      if (device === 'spice') {
        const agent = element('channel', { type: 'spicevmc' }, [element('target', { type: 'virtio', name: 'com.redhat.spice.0' })]);
        return [element('graphics', { type: 'spice', port: -1, tlsPort: -1, autoport: 'yes' }), agent];
      }
      return [element('graphics', { type: 'vnc', port: -1, autoport: 'yes', keymap: 'en-us' })];
    case 'video': {
      const given = Object.entries(cards[device] ?? {}).map(([key, usual]) => [key, numberOf(specs[key]) ?? usual]);
      return [
        element('video', {}, [element('model', { type: device, heads: 1, ...(Object.fromEntries(given) as Record<string, number>) })]),
      ];
    }
    case 'console':
      return [element('console', { type: 'unix' }, [element('target', { type: 'serial', port: 0 })])];
    case 'rng':
      return [element('rng', { model: 'virtio' }, [element('backend', { model: 'random' }, sources[device] ?? '/dev/urandom')])];
    case 'sound':
      return [element('sound', { model: device })];
    case 'watchdog': {
      const action = specs['action'];
      return [element('watchdog', { model: device, action: typeof action === 'string' ? action : 'none' })];
    }
    default:
      return [];
  }
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
