import { type Element, element } from '../../frame/xml-element.ts';
import type { Target } from './disk-targets.ts';
import { isoPath } from './iso-path.ts';
import type { CdContent, MachineDevice, MachineDisk, MachineNic } from './machine-definition.ts';

/* Devices of a virtual machine, in the form of libvirt (https://libvirt.org/formatdomain.html). */

const none: readonly Element[] = [];

const boot = (order: number | undefined): readonly Element[] => (order === undefined ? none : [element('boot', { order })]);

/** A controller for disks with SCSI, which one thread serves. */
export const scsiController = (ioThread: number | undefined): Element =>
  element(
    'controller',
    { type: 'scsi', index: 0, model: 'virtio-scsi' },
    ioThread === undefined ? none : [element('driver', { iothread: ioThread })],
  );

export function diskOf(
  disk: MachineDisk,
  { bus, name }: Target,
  { order, ioThread }: { readonly order: number | undefined; readonly ioThread: number | undefined },
): Element {
  const driver = {
    ...{ name: 'qemu', type: disk.format, cache: 'none', io: 'threads' },
    error_policy: disk.propagateErrors ? 'report' : 'stop',
    ...(disk.passDiscard && bus !== 'ide' ? { discard: 'unmap' } : {}),
    ...(ioThread === undefined ? {} : { iothread: ioThread }),
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
export function cdOf(content: CdContent | null, pool: string | null, { bus, name }: Target, order: number | undefined): Element {
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
export function nicOf(
  { mac, type, network, linked, filter }: MachineNic,
  { order, queues }: { readonly order: number | undefined; readonly queues: number },
): readonly Element[] {
  if (network === null) return [];
  const model = nicModels[type] ?? 'virtio';
  return [
    element('interface', { type: 'bridge' }, [
      element('mac', { address: mac }),
      element('source', { bridge: network }),
      element('model', { type: model }),
      ...(queues > 1 && model === 'virtio' ? [element('driver', { queues })] : none),
      element('link', { state: linked ? 'up' : 'down' }),
      ...(filter === null ? none : [element('filterref', { filter })]),
      ...boot(order),
    ]),
  ];
}

export const channel = (name: string): Element => element('channel', { type: 'unix' }, [element('target', { type: 'virtio', name })]);

const cards: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  vga: { vram: 16_384 },
  qxl: { ram: 65_536, vram: 8_192, vgamem: 16_384 },
  cirrus: { vram: 16_384 },
  bochs: { vram: 16_384 },
  virtio: {},
};

/** Cards to which several monitors can be connected. */
const severalHeads = new Set(['qxl', 'virtio']);

const sources: Readonly<Record<string, string>> = { hwrng: '/dev/hwrng', random: '/dev/random', urandom: '/dev/urandom' };

/** A number among what a device says of itself. */
const numberOf = (value: unknown): number | null => {
  const number = typeof value === 'string' || typeof value === 'number' ? Number(value) : Number.NaN;
  return Number.isInteger(number) && number > 0 && number < 1_048_576 * 16 ? number : null;
};

/**
 * Another device.
 * @param monitors how many a display has, where its card can have several
 */
export function deviceOf({ type, device, specs }: MachineDevice, monitors: number): readonly Element[] {
  switch (type) {
    case 'graphics':
      if (device === 'spice') {
        const agent = element('channel', { type: 'spicevmc' }, [element('target', { type: 'virtio', name: 'com.redhat.spice.0' })]);
        return [element('graphics', { type: 'spice', port: -1, tlsPort: -1, autoport: 'yes' }), agent];
      }
      return [element('graphics', { type: 'vnc', port: -1, autoport: 'yes', keymap: 'en-us' })];
    case 'video': {
      const heads = severalHeads.has(device) ? monitors : 1;
      const given = Object.entries(cards[device] ?? {}).map(([key, usual]) => [key, numberOf(specs[key]) ?? usual * heads]);
      return [element('video', {}, [element('model', { type: device, heads, ...(Object.fromEntries(given) as Record<string, number>) })])];
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
