import { describe, expect, it, test } from 'vitest';
import { targetsOf, unfitDisk } from '../../../../../src/services/engine/machines/disk-targets.ts';
import { domainXml, offsetOf } from '../../../../../src/services/engine/machines/domain-xml.ts';
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
      { id, mac: '56:6f:1a:2b:00:01', type: 2, network: 'blue', linked: false },
      { id: 'other', mac: '56:6f:1a:2b:00:02', type: 3, network: null, linked: true },
    ];
    const [card, ...more] = devicesOf(xmlOf({ nics }), 'interface');
    expect(more).toEqual([]);
    expect(child(card, 'source')?.attributes).toEqual({ bridge: 'blue' });
    expect(child(card, 'model')?.attributes).toEqual({ type: 'e1000' });
    expect(child(card, 'link')?.attributes).toEqual({ state: 'down' });
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
    ['no balloon', { balloon: false }],
    ['a boot menu', { bootMenu: true, launchPaused: true }],
    ['a serial number that looks like a path', { serialNumber: '/etc/shadow' }],
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

describe('the clock of a guest', () => {
  it('is that of its time zone', () => {
    expect(offsetOf(null, winter)).toBe(0);
    expect(offsetOf('Etc/GMT', winter)).toBe(0);
    expect(offsetOf('Europe/Berlin', winter)).toBe(3_600);
    expect(offsetOf('Europe/Berlin', new Date('2026-07-15T12:00:00Z'))).toBe(7_200);
    expect(offsetOf('America/St_Johns', winter)).toBe(-12_600);
    expect(offsetOf('W. Europe Standard Time', winter)).toBe(0);
  });
});
