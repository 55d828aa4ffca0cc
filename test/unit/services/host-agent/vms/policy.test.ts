import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { VerbFailure, readParams } from '../../../../../src/services/host-agent/verbs.ts';
import { fromFlat } from '../../../../../src/services/host-agent/vms/flat.ts';
import { readMetadata } from '../../../../../src/services/host-agent/vms/metadata.ts';
import type { Ground } from '../../../../../src/services/host-agent/vms/ground.ts';
import { admit } from '../../../../../src/services/host-agent/vms/policy.ts';
import { child, childrenOf, parseXml, writeXml } from '../../../../../src/services/host-agent/xml.ts';
import { definition, vmId } from '../../../../support/vm-definition.ts';

const volume = '/rhev/data-center/p/d/images/i/v';
const ground: Ground = {
  kvm: true,
  machines: ['pc', 'q35', 'pc-q35-7.2'],
  consoleSocket: (id) => `/run/consoles/${id}.sock`,
  weights: false,
  hostId: 'cd0a1c5e-0000-4000-8000-00000000abcd',
  displayAddress: '192.0.2.7',
  spiceTls: false,
  password: 'closed',
  sources: new Map([
    ['sda', volume],
    ['sdc', null],
  ]),
};
const admitted = (xml: string, on: Partial<Ground> = {}) => {
  const domain = parseXml(xml);
  return admit(domain, readMetadata(domain).element, { ...ground, ...on });
};
const devices = (xml: string, name: string) => childrenOf(child(admitted(xml), 'devices'), name);

describe('a definition of a virtual machine', () => {
  test('as the engine writes it, is taken, with what is of this host in place of what was said of another', () => {
    const domain = admitted(definition());
    const text = writeXml(domain);
    expect(domain.attributes).toEqual({ type: 'kvm' });
    expect(text).not.toContain('/usr/libexec');
    expect(text).not.toContain('/var/lib/libvirt');
    expect(child(domain, 'os', 'type')?.attributes['machine']).toBe('q35');
    expect(writeXml(child(domain, 'metadata')!)).toContain('<ovirt-vm:vm xmlns:ovirt-vm="http://ovirt.org/vm/1.0">');
    expect(devices(definition(), 'console')[0]?.children[0]?.attributes).toEqual({ mode: 'bind', path: `/run/consoles/${vmId}.sock` });
    expect(devices(definition(), 'channel').map(({ children }) => children.map(({ name }) => name))).toEqual([['target'], ['target']]);
  });

  test('has the volumes that were made ready, and no others', () => {
    const [disk, drive] = devices(definition(), 'disk');
    expect(child(disk, 'source')?.attributes).toEqual({ file: volume });
    expect(child(drive, 'source')).toBeUndefined();
    expect(() => admitted(definition(), { sources: new Map([['sdc', null]]) })).toThrow('a disk sda without a volume');
  });

  test('has displays that listen where we say, and let nobody in yet', () => {
    expect(devices(definition(), 'graphics')[0]).toMatchObject({
      attributes: { listen: '192.0.2.7', passwd: 'closed', passwdValidTo: '1970-01-01T00:00:01', autoport: 'yes' },
      children: [{ name: 'listen', attributes: { type: 'address', address: '192.0.2.7' } }],
    });
  });

  test('has SPICE displays that are not reached without TLS where there is TLS', () => {
    const spice = '<graphics type="spice" port="-1" tlsPort="-1" defaultMode="insecure"><channel name="main" mode="insecure"/></graphics>';
    const shown = (spiceTls: boolean) =>
      childrenOf(child(admitted(definition({ devices: spice }), { spiceTls }), 'devices'), 'graphics').find(
        ({ attributes }) => attributes['type'] === 'spice',
      );
    expect(shown(true)?.attributes['defaultMode']).toBe('secure');
    expect(childrenOf(shown(true), 'channel')).toEqual([]);
    expect(shown(false)?.attributes['defaultMode']).toBe('insecure');
  });

  test('has the filters of network cards that are named, and none where that is said', () => {
    const card = (inside: string) =>
      writeXml(devices(definition({ devices: `<interface type="bridge"><source bridge="b"/>${inside}</interface>` }), 'interface')[0]!);
    const filter = '<filterref filter="clean-traffic"><parameter name="IP" value="192.0.2.7"/></filterref>';
    expect(card(filter)).toContain(filter);
    expect(card('<filterref filter="ovirt-no-filter"/>')).not.toContain('filterref');
  });

  test('has its guest asked for its memory, as often as is said, where it can tell', () => {
    const balloon = (device: string) => writeXml(devices(definition().replace('<memballoon model="virtio"/>', device), 'memballoon')[0]!);
    expect(balloon('<memballoon model="virtio"/>')).toBe('<memballoon model="virtio"><stats period="5"/></memballoon>');
    const given = '<memballoon model="virtio"><stats period="10"/></memballoon>';
    expect(balloon(given)).toBe(given);
    expect(balloon('<memballoon model="none"/>')).toBe('<memballoon model="none"/>');
  });

  test('names this host where it is asked for, and tells nothing of its system', () => {
    const entry = (name: string, text: string) => `<entry name="${name}">${text}</entry>`;
    const asked = `${entry('product', 'OS-NAME:')}${entry('version', 'OS-VERSION:')}${entry('serial', 'HOST-SERIAL:')}${entry('family', 'x')}`;
    const sysinfo = child(admitted(definition().replace(/<system>.*<\/system>/, `<system>${asked}</system>`)), 'sysinfo', 'system');
    expect(writeXml(sysinfo!)).toBe(`<system>${entry('serial', ground.hostId)}${entry('family', 'x')}</system>`);
  });

  test.each([
    ['1024', '100'],
    ['512', '50'],
    ['2', '1'],
    ['262144', '10000'],
    ['many', 'many'],
  ])('has shares of processors as weights where they are weights: %s', (shares, weight) => {
    const xml = definition().replace('<cputune/>', `<cputune><shares>${shares}</shares><quota>5</quota></cputune>`);
    const tuned = (weights: boolean) => child(admitted(xml, { weights }), 'cputune')?.children.map(({ text }) => text);
    expect([tuned(true), tuned(false)]).toEqual([
      [weight, '5'],
      [shares, '5'],
    ]);
  });

  test('is emulated where there is no KVM, with all that the emulation can do', () => {
    const domain = admitted(definition(), { kvm: false });
    expect(domain.attributes).toEqual({ type: 'qemu' });
    expect(child(domain, 'cpu')).toMatchObject({ attributes: { mode: 'maximum' }, children: [{ name: 'topology' }] });
  });

  test('keeps a machine type that is here, and gets the firmware that is here', () => {
    const os = (inside: string) => child(admitted(definition({ os: inside })), 'os');
    expect(child(os('<type machine="pc-q35-7.2">hvm</type>'), 'type')?.attributes['machine']).toBe('pc-q35-7.2');
    expect(child(os('<type machine="pc-i440fx-rhel7.6.0">hvm</type>'), 'type')?.attributes['machine']).toBe('pc');
    const uefi = os(
      '<type machine="q35">hvm</type><loader type="pflash" secure="yes">/usr/share/x</loader><nvram template="/y">/z</nvram>',
    );
    expect(writeXml(uefi!)).toBe(
      '<os firmware="efi"><type machine="q35">hvm</type><firmware><feature enabled="yes" name="secure-boot"/></firmware></os>',
    );
  });

  test.each([
    ['a command line for QEMU', { top: '<qemu:commandline><qemu:arg value="-drive"/></qemu:commandline>' }, 'the element qemu:commandline'],
    ['a kernel of this host', { os: '<type>hvm</type><kernel>/etc/shadow</kernel>' }, 'the element kernel in os'],
    ['a label', { top: '<seclabel type="none"/>' }, 'the element seclabel'],
    ['a dump', { top: '<on_crash>coredump-destroy</on_crash>' }, 'on_crash coredump-destroy'],
    ['a device of this host', { devices: '<hostdev mode="subsystem" type="pci"/>' }, 'the device hostdev'],
    ['a folder of this host', { devices: '<filesystem type="mount"><source dir="/"/></filesystem>' }, 'the device filesystem'],
    ['a script', { devices: '<interface type="bridge"><script path="/x"/></interface>' }, 'a script in interface'],
    ['a network card of another kind', { devices: '<interface type="ethernet"/>' }, 'interface of the type ethernet'],
    ['a serial port that is a file', { devices: '<serial type="file"><source path="/etc/x"/></serial>' }, 'serial of the type file'],
    ['a serial port that is a device', { devices: '<console type="dev"/>' }, 'console of the type dev'],
    ['a log of a serial port', { devices: '<channel type="tcp"/>' }, 'channel of the type tcp'],
    ['randomness of a file', { devices: '<rng><backend model="random">/etc/shadow</backend></rng>' }, 'rng with a source'],
    ['randomness of a socket', { devices: '<rng><backend model="egd" type="tcp"/></rng>' }, 'rng with a source'],
    ['a display on a socket', { devices: '<graphics type="dbus"/>' }, 'graphics of the type dbus'],
    ['an event device', { devices: '<input type="evdev"><source dev="dev/input/event0"/></input>' }, 'input of the type evdev'],
    [
      'a graphics card of this host',
      { devices: '<video><model><acceleration rendernode="/dev/dri/x"/></model></video>' },
      'the path /dev/dri',
    ],
    [
      'a memory that is a file',
      { devices: '<memory model="nvdimm"><source><path>etc/x</path></source></memory>' },
      'memory of the model nvdimm',
    ],
    ['a table of this host', { top: '<sysinfo type="fwcfg"><entry name="x" file="etc/shadow"/></sysinfo>' }, 'sysinfo of the type fwcfg'],
    ['a disk whose format is guessed', { devices: '<disk><driver type="vmdk"/><target dev="sda"/></disk>' }, 'a disk of the format vmdk'],
    ['a LUN', { devices: '<disk device="lun"><target dev="sda"/></disk>' }, 'a disk that is a lun'],
    ['another kind of machine', { type: 'lxc' }, 'the type lxc'],
    ['a machine that is not one of ours', { os: '<type machine="microvm">hvm</type>' }, 'the machine microvm'],
  ])('is refused with %s', (_what, change, message) => {
    expect(() => admitted(definition(change))).toThrow(VerbFailure);
    expect(() => admitted(definition(change))).toThrow(message);
  });

  test('never brings a path along that we have not put there, wherever it stands', () => {
    const names = fc.constantFrom('disk', 'interface', 'graphics', 'channel', 'console', 'rng', 'video', 'controller', 'tpm', 'input', 'x');
    const leaf = fc.constantFrom('source', 'target', 'driver', 'backend', 'model', 'listen', 'path', 'mirror', 'auth');
    const attribute = fc.constantFrom('file', 'dev', 'path', 'type', 'socket', 'value', 'name');
    fc.assert(
      fc.property(
        names,
        leaf,
        attribute,
        fc.constantFrom('unix', 'spicevmc', 'bridge', 'vnc', 'pty', 'random'),
        (name, inner, key, type) => {
          let text: string;
          try {
            text = writeXml(
              admitted(definition({ devices: `<${name} type="${type}"><${inner} ${key}="/etc/shadow"/><target dev="sdc"/></${name}>` })),
            );
          } catch (error) {
            expect(error).toBeInstanceOf(VerbFailure);
            return;
          }
          expect(text).not.toContain('/etc/shadow');
        },
      ),
    );
  });
});

describe('a definition in flat keys', () => {
  const flat = (more: object = {}) =>
    fromFlat(
      readParams({
        ...{
          vmId,
          vmName: 'old',
          memSize: '512',
          smp: '2',
          smpCoresPerSocket: '2',
          emulatedMachine: 'pc-i440fx-rhel7.3.0',
          display: 'vnc',
        },
        devices: [
          { type: 'disk', device: 'cdrom', iface: 'ide', path: '', index: '2', bootOrder: '1' },
          {
            type: 'disk',
            device: 'disk',
            iface: 'virtio',
            index: 0,
            format: 'cow',
            poolID: vmId,
            domainID: vmId,
            imageID: vmId,
            volumeID: vmId,
          },
          {
            type: 'interface',
            device: 'bridge',
            network: 'ovirtmgmt',
            nicModel: 'pv',
            macAddr: '00:1a:4a:16:01:51',
            linkActive: 'true',
            filter: 'vdsm-no-mac-spoofing',
            filterParameters: [{ name: 'IP', value: '192.0.2.7' }],
          },
          { type: 'video', device: 'vga', specParams: { vram: '16384', heads: '1' } },
          { type: 'console', device: 'console', specParams: { enableSocket: 'true' } },
        ],
        ...more,
      }),
    );

  test('becomes one that is taken', () => {
    const domain = flat();
    const sources = new Map([
      ['hdc', null],
      ['vda', volume],
    ]);
    const text = writeXml(admit(domain, readMetadata(domain).element, { ...ground, sources }));
    expect(text).toContain('<memory unit="MiB">512</memory>');
    expect(text).toContain('<filterref filter="vdsm-no-mac-spoofing"><parameter name="IP" value="192.0.2.7"/></filterref>');
    expect(text).toContain('<topology sockets="1" cores="2" threads="1"/>');
    expect(text).toContain('<driver name="qemu" type="qcow2" error_policy="stop"/>');
    expect(text).toContain('<source bridge="ovirtmgmt"/>');
    expect(text).toContain('<graphics type="vnc"');
    expect([...readMetadata(domain).volumes.keys()]).toEqual(['vda']);
  });

  test.each([
    ['a name', { vmName: undefined }, 'Parameter vmName is missing'],
    ['a known device', { devices: [{ type: 'hostdev' }] }, 'Devices of the type hostdev are not supported'],
    ['a place for each disk', { devices: [{ type: 'disk', index: 99 }] }, 'The index 99'],
  ])('needs %s', (_what, change, message) => {
    expect(() => flat(change)).toThrow(message);
  });
});
