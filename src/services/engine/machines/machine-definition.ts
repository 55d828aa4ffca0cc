/** A virtual machine as it is to be started: what is kept of it, with what is given for this run alone. */
export interface MachineDefinition {
  readonly id: string;
  readonly name: string;
  readonly memoryMb: number;
  readonly maxMemoryMb: number;
  /** Memory that its host must keep for it. */
  readonly guaranteedMb: number;
  readonly balloon: boolean;
  readonly sockets: number;
  readonly cores: number;
  readonly threads: number;
  readonly ioThreads: number;
  /** Its weight against other machines of its host where processors are short; 0: the usual one. */
  readonly cpuShares: number;
  /** Whether several of its processors may serve one network card. */
  readonly multiQueues: boolean;
  readonly monitors: number;
  /** 1 i440fx, 2 q35 with BIOS, 3 q35 with UEFI, 4 the same with Secure Boot. */
  readonly biosType: number;
  /** As QEMU calls it; null: the agent takes the usual one of the kind. */
  readonly emulatedMachine: string | null;
  /** The processor that guests see, as libvirt calls it; null: that of the host. */
  readonly processor: string | null;
  readonly clusterLevel: string;
  readonly bootMenu: boolean;
  /** `hd`, `cdrom` and `network`, in their order. */
  readonly bootDevices: readonly string[];
  readonly timeZone: string | null;
  /** Which serial number guests see: that of the host, the id of the machine, none, or one of choice. */
  readonly serialNumber: 'host' | 'vm' | 'none' | { readonly custom: string };
  readonly launchPaused: boolean;
  /** The data center whose storage it uses; null where it has none. */
  readonly pool: string | null;
  readonly disks: readonly MachineDisk[];
  readonly cds: readonly MachineCd[];
  readonly nics: readonly MachineNic[];
  readonly devices: readonly MachineDevice[];
}

/** A volume, as agents find it. */
export interface MachineVolume {
  /** The storage domain. */
  readonly domain: string;
  /** The disk. */
  readonly image: string;
  readonly volume: string;
}

export interface MachineDisk extends MachineVolume {
  readonly interface: string;
  readonly format: 'raw' | 'qcow2';
  readonly boot: boolean;
  readonly readOnly: boolean;
  readonly shareable: boolean;
  readonly passDiscard: boolean;
  readonly propagateErrors: boolean;
}

export interface MachineCd {
  readonly id: string;
  readonly content: CdContent | null;
}

/** What is in a drive: a file of an ISO domain, or a disk that is an ISO image. */
export type CdContent =
  { readonly kind: 'file'; readonly domain: string; readonly file: string } | ({ readonly kind: 'volume' } & MachineVolume);

export interface MachineNic {
  readonly id: string;
  readonly mac: string;
  /** 1 rtl8139, 2 e1000, 3 virtio, 8 e1000e. */
  readonly type: number;
  /** The network as hosts call it; null: a card that is connected to none. */
  readonly network: string | null;
  readonly linked: boolean;
  /** What its guest may send, by the name of a filter that its host has; null: anything. */
  readonly filter: string | null;
}

/** A device that is neither a disk nor a drive nor a network card. */
export interface MachineDevice {
  readonly id: string;
  /** graphics, video, console, rng, sound, watchdog. */
  readonly type: string;
  readonly device: string;
  readonly specs: Readonly<Record<string, unknown>>;
}
