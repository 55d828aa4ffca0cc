import type { MachineDefinition } from '../../src/services/engine/machines/machine-definition.ts';

const id = (digit: string): string => `${digit.repeat(8)}-${digit.repeat(4)}-4${digit.repeat(3)}-8${digit.repeat(3)}-${digit.repeat(12)}`;

/** Ids that the machine below has. */
export const machineIds = {
  machine: id('1'),
  pool: id('2'),
  domain: id('3'),
  image: id('4'),
  volume: id('5'),
  cd: id('6'),
  nic: id('7'),
  device: id('8'),
};

/** A machine with a disk, an empty drive, a network card and a display. */
export const machineDefinition = (changes: Partial<MachineDefinition> = {}): MachineDefinition => ({
  id: machineIds.machine,
  name: 'vm1',
  memoryMb: 64,
  maxMemoryMb: 64,
  guaranteedMb: 64,
  balloon: true,
  sockets: 1,
  cores: 1,
  threads: 1,
  ioThreads: 0,
  cpuShares: 0,
  multiQueues: true,
  monitors: 1,
  biosType: 2,
  emulatedMachine: 'pc-q35-4.1',
  processor: 'Skylake-Server',
  clusterLevel: '4.8',
  bootMenu: false,
  bootDevices: ['hd'],
  timeZone: null,
  serialNumber: 'vm',
  launchPaused: false,
  pool: machineIds.pool,
  disks: [machineDisk()],
  cds: [{ id: machineIds.cd, content: null }],
  nics: [{ id: machineIds.nic, mac: '56:6f:1a:2b:00:01', type: 3, network: 'ovirtmgmt', linked: true, filter: 'vdsm-no-mac-spoofing' }],
  devices: [
    { id: machineIds.device, type: 'graphics', device: 'vnc', specs: {} },
    { id: machineIds.device, type: 'video', device: 'vga', specs: {} },
    { id: machineIds.device, type: 'rng', device: 'urandom', specs: {} },
  ],
  ...changes,
});

export const machineDisk = (changes: Partial<MachineDefinition['disks'][number]> = {}): MachineDefinition['disks'][number] => ({
  domain: machineIds.domain,
  image: machineIds.image,
  volume: machineIds.volume,
  interface: 'VirtIO',
  format: 'raw',
  boot: true,
  readOnly: false,
  shareable: false,
  passDiscard: false,
  propagateErrors: false,
  ...changes,
});
