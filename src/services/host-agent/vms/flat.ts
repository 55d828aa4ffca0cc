import { type Params, VerbFailure } from '../verbs.ts';
import { type Element, element } from '../xml.ts';
import { codes } from './codes.ts';
import { type VolumeRef, writeMetadata } from './metadata.ts';

/* Definitions as clients wrote them before clusters of level 4.2: keys and a list of devices. They become the XML that others send. */

const attribute = (values: Readonly<Record<string, string | undefined>>): Record<string, string> =>
  Object.fromEntries(Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== undefined));

const bootOrder = (device: Params): readonly Element[] => {
  const order = device.optionalNumber('bootOrder');
  return order === undefined ? [] : [element('boot', { order })];
};

const bootDevices: Readonly<Record<string, string>> = { c: 'hd', d: 'cdrom', n: 'network', a: 'fd' };
const buses: Readonly<Record<string, readonly [prefix: string, bus: string]>> = {
  virtio: ['vd', 'virtio'],
  ide: ['hd', 'ide'],
  sata: ['sd', 'sata'],
  scsi: ['sd', 'scsi'],
  'virtio-scsi': ['sd', 'scsi'],
  fdc: ['fd', 'fdc'],
};
const nicModels: Readonly<Record<string, string>> = {
  pv: 'virtio',
  virtio: 'virtio',
  e1000: 'e1000',
  e1000e: 'e1000e',
  rtl8139: 'rtl8139',
};
const needsNothing: readonly Element[] = [];

interface Made {
  readonly devices: readonly Element[];
  readonly volume?: readonly [string, VolumeRef];
}

/** Makes the XML of a definition in flat keys. Throws VerbFailure naming the key that is missing or wrong. */
export function fromFlat(params: Params): Element {
  const machine = params.optionalText('emulatedMachine') ?? 'pc';
  const isQ35 = machine.includes('q35');
  const cpus = params.optionalNumber('smp') ?? 1;
  const most = params.optionalNumber('maxVCpus') ?? cpus;
  const cores = params.optionalNumber('smpCoresPerSocket') ?? 1;
  const threads = params.optionalNumber('smpThreadsPerCore') ?? 1;
  const devices = params.has('devices') ? params.objects('devices') : [];
  const made = devices.map((device): Made => deviceOf(device, isQ35));
  const hasDisplay = devices.some((device) => device.optionalText('type') === 'graphics');
  const display = params.optionalText('display') === 'vnc' ? 'vnc' : 'spice';
  const boot = [...(params.optionalText('boot') ?? '')].map((letter) => element('boot', { dev: bootDevices[letter] ?? 'hd' }));
  const isOrdered = devices.some((device) => device.has('bootOrder'));
  const cpuType = params.optionalText('cpuType');
  return element('domain', { type: 'kvm' }, [
    element('name', {}, params.text('vmName')),
    element('uuid', {}, params.uuid('vmId')),
    element('memory', { unit: 'MiB' }, String(params.number('memSize'))),
    element('vcpu', { current: cpus }, String(Math.max(most, cpus))),
    element('os', {}, [
      element('type', { arch: 'x86_64', machine }, 'hvm'),
      ...(isOrdered ? needsNothing : boot),
      ...(params.optionalFlag('bootMenuEnable') === true ? [element('bootmenu', { enable: 'yes', timeout: 30_000 })] : needsNothing),
    ]),
    element('features', {}, params.optionalFlag('acpiEnable') === false ? needsNothing : [element('acpi')]),
    element('cpu', cpuType === undefined ? {} : { match: 'exact' }, [
      ...(cpuType === undefined ? needsNothing : [element('model', {}, cpuType.split(',')[0] ?? cpuType)]),
      element('topology', { sockets: Math.max(1, Math.ceil(Math.max(most, cpus) / (cores * threads))), cores, threads }),
    ]),
    element('clock', { offset: 'variable', adjustment: params.optionalNumber('timeOffset') ?? 0 }),
    element('devices', {}, [
      ...made.flatMap((one) => one.devices),
      ...(hasDisplay ? needsNothing : [element('graphics', { type: display })]),
    ]),
    writeMetadata(
      params.optionalFlag('launchPaused') === true,
      made.flatMap(({ volume }) => (volume === undefined ? [] : [volume])),
    ),
  ]);
}

function deviceOf(device: Params, isQ35: boolean): Made {
  const type = device.text('type');
  const kind = device.optionalText('device') ?? '';
  const specs = device.optionalObject('specParams');
  const spec = (name: string): string | undefined => {
    const value = specs?.raw(name);
    return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
  };
  const one = (name: string, attributes: Readonly<Record<string, string | undefined>>, children = needsNothing): Made => ({
    devices: [element(name, attribute(attributes), children)],
  });
  switch (type) {
    case 'disk':
      return diskOf(device, kind, isQ35);
    case 'interface': {
      const model = device.optionalText('nicModel') ?? 'pv';
      return one('interface', { type: 'bridge' }, [
        element('mac', { address: device.text('macAddr') }),
        element('source', { bridge: device.text('network') }),
        element('model', { type: nicModels[model] ?? model }),
        element('link', { state: device.optionalFlag('linkActive') === false ? 'down' : 'up' }),
        ...filterOf(device),
        ...bootOrder(device),
      ]);
    }
    case 'graphics':
      return one('graphics', { type: kind, keymap: kind === 'vnc' ? (spec('keyMap') ?? 'en-us') : undefined });
    case 'video':
      return one('video', {}, [
        element('model', attribute({ type: kind, vram: spec('vram'), ram: spec('ram'), vgamem: spec('vgamem'), heads: spec('heads') })),
      ]);
    case 'balloon':
      return one('memballoon', { model: spec('model') ?? 'virtio' });
    case 'controller':
      return one('controller', { type: kind, index: device.optionalText('index'), model: device.optionalText('model') });
    case 'rng':
      return one('rng', { model: device.optionalText('model') ?? 'virtio' }, [element('backend', { model: 'random' }, '/dev/urandom')]);
    case 'watchdog':
      return one('watchdog', { model: device.optionalText('model') ?? 'i6300esb', action: spec('action') ?? 'none' });
    case 'console':
      return one('console', { type: specs?.optionalFlag('enableSocket') === true ? 'unix' : 'pty' }, [
        element('target', { type: 'serial', port: 0 }),
      ]);
    case 'channel':
      return one('channel', { type: kind === 'spicevmc' ? 'spicevmc' : 'unix' }, [
        element('target', {
          type: 'virtio',
          name: device.optionalText('name') ?? (kind === 'spicevmc' ? 'com.redhat.spice.0' : 'org.qemu.guest_agent.0'),
        }),
      ]);
    case 'sound':
      return one('sound', { model: kind });
    default:
      throw new VerbFailure(codes.cannotCreate, `Devices of the type ${type} are not supported`);
  }
}

/** The filter of a network card, with what it is given to fill in. */
function filterOf(device: Params): readonly Element[] {
  const filter = device.optionalText('filter') ?? '';
  if (filter === '') return needsNothing;
  const values = device.has('filterParameters') ? device.objects('filterParameters') : [];
  return [
    element(
      'filterref',
      { filter },
      values.map((one) => element('parameter', { name: one.text('name'), value: one.text('value') })),
    ),
  ];
}

function diskOf(device: Params, kind: string, isQ35: boolean): Made {
  const isDrive = kind === 'cdrom' || kind === 'floppy';
  const usual = kind === 'floppy' ? 'fdc' : kind === 'cdrom' ? (isQ35 ? 'sata' : 'ide') : 'virtio';
  const wanted = device.optionalText('iface') ?? usual;
  // The newer machine has no IDE.
  const [prefix, bus] = buses[isQ35 && wanted === 'ide' ? 'sata' : wanted] ?? buses[usual] ?? ['vd', 'virtio'];
  const index = device.optionalNumber('index') ?? (kind === 'cdrom' ? 2 : 0);
  if (index < 0 || index > 25) throw new VerbFailure(codes.cannotCreate, `The index ${index} of a disk is not one of 0 to 25`);
  const name = `${prefix}${String.fromCharCode(97 + index)}`;
  const format = device.optionalText('format') === 'cow' ? 'qcow2' : 'raw';
  const hasVolume = device.has('volumeID') && device.has('imageID');
  const volume: VolumeRef | undefined = hasVolume
    ? {
        poolID: device.uuid('poolID'),
        domainID: device.uuid('domainID'),
        imageID: device.uuid('imageID'),
        volumeID: device.uuid('volumeID'),
      }
    : undefined;
  const isReadOnly = kind === 'cdrom' || device.optionalFlag('readonly') === true;
  const disk = element('disk', { type: 'file', device: isDrive ? kind : 'disk' }, [
    element('driver', { name: 'qemu', type: format, error_policy: device.optionalText('propagateErrors') === 'on' ? 'report' : 'stop' }),
    element('source', { file: device.optionalText('path') ?? '' }),
    element('target', { dev: name, bus }),
    ...(isReadOnly ? [element('readonly')] : needsNothing),
    ...bootOrder(device),
    ...(volume === undefined ? needsNothing : [element('serial', {}, volume.imageID)]),
  ]);
  return volume === undefined ? { devices: [disk] } : { devices: [disk], volume: [name, volume] };
}
