import { describe, expect, it, test } from 'vitest';
import { targetsOf, unfitDisk } from '../../../../../src/services/engine/machines/disk-targets.ts';
import { domainXml } from '../../../../../src/services/engine/machines/domain-xml.ts';
import type { MachineDefinition } from '../../../../../src/services/engine/machines/machine-definition.ts';
import { readMetadata } from '../../../../../src/services/host-agent/vms/metadata.ts';
import { admit } from '../../../../../src/services/host-agent/vms/policy.ts';
import { child, childrenOf, type Element, parseXml, writeXml } from '../../../../../src/services/host-agent/xml.ts';
import { machineDefinition, machineDisk, machineIds } from '../../../../support/machine-definition.ts';

const winter = new Date('2026-01-15T12:00:00Z');
const xmlOf = (changes: Partial<MachineDefinition> = {}): string => domainXml(machineDefinition(changes), winter);

/** What the agent makes of a definition, on a host with a file for everything that is named. Throws what it refuses. */
function admitted(xml: string, kvm = true): Element {
  const domain = parseXml(xml);
  const metadata = readMetadata(domain);
  const targets = childrenOf(child(domain, 'devices'), 'disk').map((disk) => child(disk, 'target')?.attributes['dev'] ?? '');
  return admit(domain, metadata.element, {
    kvm,
    machines: ['q35', 'pc', 'pc-q35-4.1'],
    ...{ weights: true, hostId: 'number-of-the-host' },
    consoleSocket: (id) => `/run/console/${id}.sock`,
    displayAddress: '0.0.0.0',
    spiceTls: false,
    password: 'nobody',
    sources: new Map(targets.map((name) => [name, `/rhev/data-center/file-of-${name}`])),
  });
}
const devicesOf = (xml: string, name: string): readonly Element[] => childrenOf(child(admitted(xml), 'devices'), name);
const bootOf = (device: Element): string | undefined => child(device, 'boot')?.attributes['order'];

describe('the definition of a machine', () => {
  it('names its volumes by their ids, as the agent reads them', () => {
    const { volumes, launchPaused } = readMetadata(parseXml(xmlOf()));
    const { pool, domain, image, volume } = machineIds;
    expect([...volumes]).toEqual([['vda', { poolID: pool, domainID: domain, imageID: image, volumeID: volume }]]);
    expect(launchPaused).toBe(false);
    expect(readMetadata(parseXml(xmlOf({ launchPaused: true }))).launchPaused).toBe(true);
  });

  it('has an empty drive, a file of an ISO domain, or a disk that is an image in it', () => {
    const { cd, domain, image, volume, pool } = machineIds;
    const file = xmlOf({ cds: [{ id: cd, content: { kind: 'file', domain, file: 'a & b.iso' } }] });
    const drive = childrenOf(child(parseXml(file), 'devices'), 'disk').find(({ attributes }) => attributes['device'] === 'cdrom');
    expect(child(drive, 'source')?.attributes['file']).toBe(
      `/rhev/data-center/${pool}/${domain}/images/11111111-1111-1111-1111-111111111111/a & b.iso`,
    );
    expect(child(drive, 'target')?.attributes).toEqual({ dev: 'sdc', bus: 'sata' });
    const inside = xmlOf({ cds: [{ id: cd, content: { kind: 'volume', domain, image, volume } }], disks: [] });
    expect([...readMetadata(parseXml(inside)).volumes.keys()]).toEqual(['sdc']);
    expect(xmlOf({ biosType: 1 })).toContain('dev="hdc" bus="ide"');
  });

  it('tries devices in the order that is wanted, disks that are marked only', () => {
    const disks = [machineDisk({ image: 'a', boot: false }), machineDisk({ image: 'b' })];
    const xml = xmlOf({ bootDevices: ['cdrom', 'hd', 'network', 'cdrom'], disks });
    expect(devicesOf(xml, 'disk').map((disk) => [child(disk, 'target')?.attributes['dev'], bootOf(disk)])).toEqual([
      ['vda', undefined],
      ['vdb', '2'],
      ['sdc', '1'],
    ]);
    expect(devicesOf(xml, 'interface').map(bootOf)).toEqual(['3']);
    const unmarked = xmlOf({ bootDevices: ['hd'], disks: [machineDisk({ boot: false })] });
    expect(devicesOf(unmarked, 'disk').map(bootOf)).toEqual(['1', undefined]);
  });

  it('has room for memory to be added where more of it is allowed', () => {
    expect(xmlOf()).not.toContain('maxMemory');
    const xml = xmlOf({ memoryMb: 1024, maxMemoryMb: 4096, sockets: 2, cores: 2 });
    expect(xml).toContain('<maxMemory unit="MiB" slots="16">4096</maxMemory>');
    expect(xml).toContain('<cell id="0" cpus="0-3" memory="1024" unit="MiB"/>');
    expect(child(admitted(xml, false), 'cpu', 'numa')).toBeDefined();
  });

  it('connects a card to the bridge of its network, and leaves one out that has none', () => {
    const { nic: id } = machineIds;
    const nics = [
      { id, mac: '56:6f:1a:2b:00:01', type: 2, network: 'blue', linked: false, filter: null },
      { id: 'other', mac: '56:6f:1a:2b:00:02', type: 3, network: null, linked: true, filter: null },
    ];
    const [card, ...more] = devicesOf(xmlOf({ nics }), 'interface');
    expect(more).toEqual([]);
    expect(child(card, 'source')?.attributes).toEqual({ bridge: 'blue' });
    expect(child(card, 'model')?.attributes).toEqual({ type: 'e1000' });
    expect(child(card, 'link')?.attributes).toEqual({ state: 'down' });
    expect(child(card, 'filterref')).toBeUndefined();
    expect(child(devicesOf(xmlOf(), 'interface')[0], 'filterref')?.attributes).toEqual({ filter: 'vdsm-no-mac-spoofing' });
  });
});

describe('what is wished of a machine', () => {
  const queuesOf = (changes: Partial<MachineDefinition>) =>
    devicesOf(xmlOf(changes), 'interface').map((card) => child(card, 'driver')?.attributes['queues']);
  const card = { id: 'n', mac: '56:6f:1a:2b:00:01', type: 3, network: 'blue', linked: true, filter: null };

  it('gives a network card a queue for each processor, four at most, where the card can have several', () => {
    expect(queuesOf({ sockets: 2 })).toEqual(['2']);
    expect(queuesOf({ sockets: 16 })).toEqual(['4']);
    for (const changes of [{ sockets: 1 }, { sockets: 2, multiQueues: false }, { sockets: 2, nics: [{ ...card, type: 8 }] }])
      expect(queuesOf(changes)).toEqual([undefined]);
  });

  it('has disks served by its threads in turn', () => {
    const disks = ['VirtIO', 'SATA', 'VirtIO', 'VirtIO_SCSI', 'VirtIO_SCSI', 'VirtIO'].map((kind) => machineDisk({ interface: kind }));
    const served = (ioThreads: number) => {
      const xml = xmlOf({ ioThreads, disks, cds: [] });
      const scsi = devicesOf(xml, 'controller').find(({ attributes }) => attributes['type'] === 'scsi');
      return [...devicesOf(xml, 'disk'), scsi].map((one) => child(one, 'driver')?.attributes['iothread']);
    };
    expect(served(2)).toEqual(['1', undefined, '2', undefined, undefined, '2', '1']);
    expect(served(0)).toEqual(Array.from({ length: 7 }, () => undefined));
  });

  it('gives a card with room for them several monitors, with memory for each', () => {
    const model = (device: string, monitors: number) =>
      child(devicesOf(xmlOf({ monitors, devices: [{ id: 'v', type: 'video', device, specs: {} }] }), 'video')[0], 'model')?.attributes;
    expect(model('qxl', 2)).toEqual({ type: 'qxl', heads: '2', ram: '131072', vram: '16384', vgamem: '32768' });
    expect(model('qxl', 1)).toEqual({ type: 'qxl', heads: '1', ram: '65536', vram: '8192', vgamem: '16384' });
    expect(model('vga', 2)).toEqual({ type: 'vga', heads: '1', vram: '16384' });
  });

  it.each<[MachineDefinition['serialNumber'], string | undefined]>([
    ['vm', machineIds.machine],
    ['host', 'number-of-the-host'],
    ['none', undefined],
    [{ custom: 'abc-1' }, 'abc-1'],
    [{ custom: '' }, machineIds.machine],
  ])('is a serial number: %o', (serialNumber, number) => {
    const entries = childrenOf(child(admitted(xmlOf({ serialNumber })), 'sysinfo', 'system'), 'entry');
    expect(entries.find(({ attributes }) => attributes['name'] === 'serial')?.text).toBe(number);
  });

  it('is a share of the processors, where it is not the usual one', () => {
    expect(child(admitted(xmlOf()), 'cputune')).toBeUndefined();
    expect(child(admitted(xmlOf({ cpuShares: 2_048 })), 'cputune', 'shares')?.text).toBe('200');
  });
});

describe('the agent takes', () => {
  const { device: id } = machineIds;
  const device = (type: string, kind: string, specs = {}) => ({ id, type, device: kind, specs });
  test.each<[string, Partial<MachineDefinition>]>([
    ['a usual one', {}],
    ['the older machine', { biosType: 1, emulatedMachine: null }],
    ['UEFI', { biosType: 3 }],
    ['UEFI with Secure Boot', { biosType: 4 }],
    ['the processor of the host', { processor: null }],
    ['many processors', { sockets: 4, cores: 2, threads: 2, ioThreads: 1 }],
    [
      'disks of each kind',
      {
        disks: ['VirtIO', 'VirtIO_SCSI', 'SATA', 'IDE'].map((kind) =>
          machineDisk({ interface: kind, readOnly: true, shareable: true, passDiscard: true, format: 'qcow2' }),
        ),
      },
    ],
    [
      'disks of each kind on the older machine',
      { biosType: 1, disks: ['VirtIO', 'VirtIO_SCSI', 'SATA', 'IDE'].map((kind) => machineDisk({ interface: kind })) },
    ],
    ['no disk at all', { disks: [], cds: [], nics: [], devices: [] }],
    [
      'all other devices',
      {
        devices: [
          device('graphics', 'spice'),
          device('video', 'qxl', { vram: '32768', heads: 'x' }),
          device('console', 'console'),
          device('rng', 'hwrng'),
          device('sound', 'ich6'),
          device('watchdog', 'i6300esb', { action: 'reset' }),
        ],
      },
    ],
    ['a card for several monitors', { monitors: 4, devices: [device('graphics', 'spice'), device('video', 'qxl')] }],
    ['shares of processors', { cpuShares: 2_048 }],
    ['no balloon', { balloon: false }],
    ['a boot menu', { bootMenu: true, launchPaused: true }],
    ['a serial number that looks like a path', { serialNumber: { custom: '/etc/shadow' } }],
    ['a file with strange signs', { cds: [{ id, content: { kind: 'file', domain: machineIds.domain, file: '"<&>\' ü.iso' } }] }],
    ['a boot device that is none', { bootDevices: ['toaster', 'hd'] }],
  ])('%s', (_name, changes) => {
    for (const kvm of [true, false]) {
      const made = admitted(xmlOf(changes), kvm);
      expect(parseXml(writeXml(made))).toEqual(made);
    }
  });

  test.each([
    'vm1',
    '/etc/passwd',
    '..',
    '<domain>',
    'a & "b" \'c\'',
    'zwei Wörter',
    '\u0000\u0007x',
    'tab\tline\nend',
    '\ud800',
    '💡',
    ' ',
  ])('a machine called %j', (name) => {
    const made = admitted(xmlOf({ name }));
    const called = child(made, 'name')?.text ?? '';
    expect(called).not.toMatch(/[/\p{Cc}]/u);
    if (/^[\w<>&"' ]+$/.test(name.trim()) && name.trim() !== '') expect(called).toBe(name);
  });
});

describe('places of disks', () => {
  it('are different ones, also of buses that share their letters, and leave the drive its own', () => {
    const disks = Array.from({ length: 30 }, (_, at) =>
      machineDisk({ image: String(at), interface: at % 2 === 0 ? 'SATA' : 'VirtIO_SCSI' }),
    );
    const { disks: placed, cds } = targetsOf(machineDefinition({ disks }));
    const names = [...placed, ...cds].map(([, { name }]) => name);
    expect(new Set(names).size).toBe(31);
    expect(names.slice(0, 3)).toEqual(['sda', 'sdb', 'sdd']);
    expect(names.at(-2)).toBe('sdae');
    expect(names.at(-1)).toBe('sdc');
  });

  it('are not to be had for what the machine has no bus or no room for', () => {
    expect(unfitDisk(machineDefinition())).toBeNull();
    expect(unfitDisk(machineDefinition({ disks: [machineDisk({ interface: 'SPAPR_VSCSI' })] }))).toContain('SPAPR_VSCSI');
    const ide = Array.from({ length: 4 }, () => machineDisk({ interface: 'IDE' }));
    expect(unfitDisk(machineDefinition({ biosType: 1, disks: ide }))).toContain('5 disks and drives with IDE');
    expect(unfitDisk(machineDefinition({ biosType: 2, disks: ide }))).toBeNull();
  });
});
