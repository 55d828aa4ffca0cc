import { type Element, child, element } from '../xml.ts';
import { noFilter } from './network-filters.ts';
import { type Ground, alter, refuse, without } from './ground.ts';

/* What the devices of a virtual machine may be: the part of the policy that is about them. */

/** Devices that have nothing to do with this host but what they are. */
const plainDevices = new Set(['controller', 'video', 'watchdog', 'panic', 'iommu', 'sound', 'hub']);

export const randomSources = ['/dev/urandom', '/dev/random', '/dev/hwrng'];

/** Makes of a device one that may be given to libvirt. Throws VerbFailure (9) naming what is not taken. */
export function admitDevice(device: Element, id: string, ground: Ground): Element | readonly Element[] {
  const type = device.attributes['type'] ?? '';
  const only = (...types: readonly string[]): void => {
    if (!types.includes(type)) refuse(`${device.name} of the type ${type === '' ? '(none)' : type}`);
  };
  switch (device.name) {
    // QEMU is the one that libvirt finds.
    case 'emulator':
      return [];
    case 'disk':
      return admitDisk(device, ground);
    case 'interface':
      only('bridge');
      if (device.children.some(({ name }) => ['script', 'downscript', 'backend', 'virtualport'].includes(name)))
        refuse('a script in interface');
      return alter(
        device,
        {},
        device.children.filter(({ attributes }) => attributes['filter'] !== noFilter),
      );
    case 'graphics':
      return admitGraphics(device, ground);
    case 'memballoon':
      return admitBalloon(device);
    case 'channel':
      only('unix', 'spicevmc');
      return alter(device, {}, without(device, 'source', 'log'));
    case 'console':
    case 'serial': {
      only('pty', 'unix');
      const rest = without(device, 'source', 'log');
      if (type === 'pty') return alter(device, {}, rest);
      return alter(device, {}, [element('source', { mode: 'bind', path: ground.consoleSocket(id) }), ...rest]);
    }
    case 'rng': {
      const backend = child(device, 'backend');
      const isHarmless =
        backend?.attributes['model'] === 'builtin' ||
        (backend?.attributes['model'] === 'random' && (backend.text === '' || randomSources.includes(backend.text)));
      return isHarmless ? device : refuse('rng with a source of its own');
    }
    case 'redirdev':
      only('spicevmc');
      return device;
    case 'smartcard':
      return device.attributes['mode'] === 'passthrough' && type === 'spicevmc'
        ? device
        : refuse('smartcard of another kind than spicevmc');
    case 'tpm':
      return child(device, 'backend')?.attributes['type'] === 'emulator' ? device : refuse('tpm with a backend other than the emulator');
    case 'audio':
      only('none', 'spice');
      return device;
    // Others pass devices and files of this host on.
    case 'input':
      only('mouse', 'tablet', 'keyboard');
      return device.children.some(({ name }) => name === 'source') ? refuse('input with a source') : device;
    case 'memory':
      if (!['dimm', 'virtio-mem'].includes(device.attributes['model'] ?? ''))
        refuse(`memory of the model ${device.attributes['model'] ?? '(none)'}`);
      return child(child(device, 'source') ?? device, 'path') === undefined ? device : refuse('memory with a path');
    default:
      return plainDevices.has(device.name) ? device : refuse(`the device ${device.name}`);
  }
}

/** Seconds between two looks at how much memory a guest has free. */
const memoryPeriod = 5;

/** Guests tell of their memory only where they are asked to. */
const admitBalloon = (balloon: Element): Element =>
  balloon.attributes['model'] === 'none' || child(balloon, 'stats') !== undefined
    ? balloon
    : alter(balloon, {}, [...balloon.children, element('stats', { period: memoryPeriod })]);

/** A file as the content of a drive. Whose it is stays as storage has it: QEMU reaches it by its group, on shared storage too. */
export const sourceOf = (file: string): Element => element('source', { file }, [element('seclabel', { model: 'dac', relabel: 'no' })]);

function admitDisk(disk: Element, { sources }: Ground): Element {
  const kind = disk.attributes['device'] ?? 'disk';
  if (!['disk', 'cdrom', 'floppy'].includes(kind)) refuse(`a disk that is a ${kind}`);
  const target = child(disk, 'target')?.attributes['dev'] ?? refuse('a disk without a target');
  const source = sources.get(target);
  if (source === undefined) refuse(`a disk ${target} without a volume`);
  const format = child(disk, 'driver')?.attributes['type'] ?? 'raw';
  // Without a format QEMU would guess it by what the guest has written.
  if (!['raw', 'qcow2'].includes(format)) refuse(`a disk of the format ${format}`);
  const driver = alter(child(disk, 'driver') ?? element('driver'), { name: 'qemu', type: format });
  const rest = without(disk, 'source', 'driver', 'backingStore', 'mirror', 'reservations');
  const content = source === null || source === undefined ? [] : [sourceOf(source)];
  return alter(disk, { type: 'file' }, [driver, ...content, ...rest]);
}

/** Displays listen where we say, and nobody gets in before there is a ticket. */
function admitGraphics(graphics: Element, { displayAddress, spiceTls, password }: Ground): Element {
  const type = graphics.attributes['type'] ?? '';
  if (type !== 'vnc' && type !== 'spice') refuse(`graphics of the type ${type}`);
  const isSecure = type === 'spice' && spiceTls;
  // What says of single channels that they may go without TLS would open a port for them.
  const rest = without(graphics, 'listen', 'gl', ...(isSecure ? ['channel'] : []));
  const attributes = {
    ...{ port: undefined, tlsPort: undefined, socket: undefined, websocket: undefined, powerControl: undefined, listen: displayAddress },
    ...(isSecure ? { defaultMode: 'secure' } : {}),
    ...{ autoport: 'yes', passwd: password, passwdValidTo: '1970-01-01T00:00:01' },
  };
  return alter(graphics, attributes, [element('listen', { type: 'address', address: displayAddress }), ...rest]);
}
