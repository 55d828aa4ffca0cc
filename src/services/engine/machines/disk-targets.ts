import type { MachineDefinition, MachineDisk } from './machine-definition.ts';

/** A disk or drive in its place: the bus, and the name by which the agent knows it. */
export interface Target {
  readonly bus: string;
  readonly name: string;
}

const buses: Readonly<Record<string, readonly [prefix: string, bus: string]>> = {
  VirtIO: ['vd', 'virtio'],
  VirtIO_SCSI: ['sd', 'scsi'],
  SATA: ['sd', 'sata'],
  IDE: ['hd', 'ide'],
};

/** The place of the first CD-ROM drive, where clients and agents look for it: `sdc`, `hdc`. */
const drivePlace = 2;

const letters = 26;
/** `a` to `z`, then `aa` and so on. */
const lettersOf = (index: number): string =>
  (index >= letters ? lettersOf(Math.floor(index / letters) - 1) : '') + String.fromCharCode(97 + (index % letters));

/** The newer machine has no IDE. */
const isQ35 = ({ biosType }: Pick<MachineDefinition, 'biosType'>): boolean => biosType !== 1;

/** The bus of CD-ROM drives. */
export const driveBus = (machine: Pick<MachineDefinition, 'biosType'>): 'sata' | 'ide' => (isQ35(machine) ? 'sata' : 'ide');

/** Why a disk cannot be connected; null if it can. */
export const unfitDisk = (machine: MachineDefinition): string | null => {
  const unknown = machine.disks.find((disk) => buses[disk.interface] === undefined);
  if (unknown !== undefined)
    return `Disk ${unknown.image} has the interface ${unknown.interface}, which machines of this kind do not have.`;
  const ide = isQ35(machine) ? 0 : machine.disks.filter((disk) => disk.interface === 'IDE').length + machine.cds.length;
  return ide > 4 ? `It has ${ide} disks and drives with IDE, and there is room for four.` : null;
};

/** Gives each disk and each drive its place. Places stay the same as long as the list does. */
export function targetsOf(machine: MachineDefinition): {
  readonly disks: readonly (readonly [MachineDisk, Target])[];
  readonly cds: readonly (readonly [MachineDefinition['cds'][number], Target])[];
} {
  const taken = new Set<string>();
  const place = (prefix: string, bus: string, from = 0): Target => {
    for (let at = from; ; at++) {
      const name = `${prefix}${lettersOf(at)}`;
      if (taken.has(name)) continue;
      taken.add(name);
      return { bus, name };
    }
  };
  const drive = driveBus(machine);
  const cds = machine.cds.map((cd, at) => [cd, place(drive === 'sata' ? 'sd' : 'hd', drive, at === 0 ? drivePlace : 0)] as const);
  const disks = machine.disks.map((disk) => {
    const [prefix, bus] = (isQ35(machine) && disk.interface === 'IDE' ? buses['SATA'] : buses[disk.interface]) ?? ['vd', 'virtio'];
    return [disk, place(prefix, bus)] as const;
  });
  return { disks, cds };
}
