import { VerbFailure } from '../verbs.ts';
import { type Element, child, childrenOf, element } from '../xml.ts';
import { codes } from './codes.ts';

/*
 * What the definition of a virtual machine may say. It comes from outside, and libvirt carries it out as root: so only what is known to be
 * harmless is taken, and whatever names a file of this host is put there by us. What is not known is refused by its name, not dropped.
 */

/** Top level elements that say nothing about this host. */
const plain = new Set([
  ...[
    'name',
    'uuid',
    'title',
    'description',
    'memory',
    'currentMemory',
    'maxMemory',
    'vcpu',
    'vcpus',
    'iothreads',
    'iothreadids',
    'cputune',
  ],
  ...['numatune', 'memtune', 'memoryBacking', 'blkiotune', 'features', 'clock', 'on_poweroff', 'on_reboot', 'pm', 'cpu', 'genid'],
]);

/** Devices that have nothing to do with this host but what they are. */
const plainDevices = new Set(['controller', 'video', 'watchdog', 'panic', 'iommu', 'sound', 'hub']);

const randomSources = ['/dev/urandom', '/dev/random', '/dev/hwrng'];

export interface Ground {
  /** Whether guests may use KVM; otherwise they are emulated. */
  readonly kvm: boolean;
  /** Machine types that QEMU has here. */
  readonly machines: readonly string[];
  /** The place of the serial console's socket. */
  readonly consoleSocket: (id: string) => string;
  /** The address at which displays listen. */
  readonly displayAddress: string;
  /** Whether SPICE displays have TLS: then they are not reached without. */
  readonly spiceTls: boolean;
  /** What displays have for a password before there is a ticket: nobody knows it, and it is not valid. */
  readonly password: string;
  /** Where the content of disks is, by the name of their target: a path, or null for a drive that is empty. */
  readonly sources: ReadonlyMap<string, string | null>;
}

const refuse = (what: string): never => {
  throw new VerbFailure(codes.cannotCreate, `The definition of the virtual machine has ${what}, which is not taken`);
};

/** Gives an element other attributes: those that are undefined are taken away. */
const alter = (one: Element, attributes: Readonly<Record<string, string | undefined>>, children = one.children): Element => ({
  ...one,
  attributes: Object.fromEntries(
    Object.entries({ ...one.attributes, ...attributes }).filter((entry): entry is [string, string] => entry[1] !== undefined),
  ),
  children,
});

const without = (one: Element, ...names: readonly string[]): readonly Element[] => one.children.filter(({ name }) => !names.includes(name));

/**
 * Makes of a definition one that may be given to libvirt.
 * @param metadata what is to be kept with it
 * @throws VerbFailure (9) naming what is not taken
 */
export function admit(domain: Element, metadata: Element | undefined, ground: Ground): Element {
  if (domain.name !== 'domain') refuse(`the element ${domain.name} instead of domain`);
  const type = domain.attributes['type'];
  if (type !== 'kvm' && type !== 'qemu') refuse(`the type ${type ?? '(none)'}`);
  const id = child(domain, 'uuid')?.text ?? '';
  const children = domain.children.flatMap((one): Element | readonly Element[] => {
    switch (one.name) {
      case 'metadata':
        return metadata === undefined ? [] : element('metadata', {}, [metadata]);
      case 'os':
        return admitOs(one, ground);
      case 'cpu':
        return ground.kvm
          ? one
          : alter(
              element('cpu', { mode: 'maximum' }),
              {},
              one.children.filter(({ name }) => ['topology', 'numa'].includes(name)),
            );
      case 'devices':
        return element(
          'devices',
          {},
          one.children.flatMap((device) => admitDevice(device, id, ground)),
        );
      // The other kind hands files of this host to the firmware.
      case 'sysinfo':
        return (one.attributes['type'] ?? 'smbios') === 'smbios' ? one : refuse(`sysinfo of the type ${one.attributes['type'] ?? ''}`);
      // A dump of a guest's memory would be a file of this host.
      case 'on_crash':
        return ['destroy', 'restart'].includes(one.text) ? one : refuse(`on_crash ${one.text}`);
      default:
        return plain.has(one.name) ? one : refuse(`the element ${one.name}`);
    }
  });
  const admitted = element('domain', { type: ground.kvm && type === 'kvm' ? 'kvm' : 'qemu' }, children);
  forbidPaths(
    admitted,
    new Set([...[...ground.sources.values()].filter((one) => one !== null), ground.consoleSocket(id), ...randomSources]),
  );
  return admitted;
}

/** Nothing that begins like a path, other than those that we have put there ourselves. What is kept for the engine is not looked at by libvirt. */
function forbidPaths({ name, attributes, text, children }: Element, known: ReadonlySet<string>): void {
  if (name === 'metadata') return;
  if (name.includes(':') || Object.keys(attributes).some((key) => key.includes(':'))) refuse(`${name} with a prefix`);
  const path = [text, ...Object.values(attributes)].find((value) => /^\s*\//.test(value) && !known.has(value));
  if (path !== undefined) refuse(`the path ${path} in ${name}`);
  for (const one of children) forbidPaths(one, known);
}

/** The machine: one that is here in place of another distribution's, and firmware that is here in place of files of that one. */
function admitOs(os: Element, { machines }: Ground): Element {
  const isUefi = os.attributes['firmware'] === 'efi' || child(os, 'loader')?.attributes['type'] === 'pflash';
  const isSecure = isUefi && (child(os, 'loader')?.attributes['secure'] === 'yes' || wantsSecureBoot(os));
  const children = os.children.flatMap((one): Element | readonly Element[] => {
    switch (one.name) {
      case 'type': {
        const machine = one.attributes['machine'] ?? 'q35';
        const family = machine.includes('q35') ? 'q35' : /^pc(-i440fx|$)/.test(machine) ? 'pc' : refuse(`the machine ${machine}`);
        if (one.text !== 'hvm') refuse(`the type ${one.text}`);
        return alter(one, { machine: machines.includes(machine) ? machine : family });
      }
      case 'loader':
      case 'nvram':
      case 'firmware':
        return [];
      case 'boot':
      case 'bootmenu':
      case 'bios':
      case 'smbios':
        return one;
      default:
        return refuse(`the element ${one.name} in os`);
    }
  });
  const wanted = element('feature', { enabled: isSecure ? 'yes' : 'no', name: 'secure-boot' });
  const firmware = isUefi ? [element('firmware', {}, [wanted])] : [];
  return alter(os, { firmware: isUefi ? 'efi' : undefined }, [...children, ...firmware]);
}

/** Definitions say so by their loader, or by what firmware must be able to do. */
const wantsSecureBoot = (os: Element): boolean =>
  childrenOf(child(os, 'firmware'), 'feature').some(
    ({ attributes }) => attributes['name'] === 'secure-boot' && attributes['enabled'] === 'yes',
  );

function admitDevice(device: Element, id: string, ground: Ground): Element | readonly Element[] {
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
      return device;
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
