import { machine as architecture, release } from 'node:os';
import type { Libvirt } from '../libvirt/libvirt.ts';
import { type Element, child, childrenOf, parseXml } from '../xml.ts';
import { deviceOf, hasUncommitted, networkFacts } from './network.ts';
import { hugePageSizes, numaFields, numaNodes } from './numa.ts';
import { exists, readLine, readMemory, readProcessors, readRelease } from './proc.ts';

const mebi = 1024 * 1024;

/** What clusters call the machines that guests may have. The last one takes QEMU 7.2 and libvirt 9.0, which Debian 12 has. */
const clusterLevels = ['4.2', '4.3', '4.4', '4.5', '4.6', '4.7'];
const levelsOf = ({ qemu, libvirt }: { readonly qemu: number; readonly libvirt: number }): readonly string[] =>
  qemu >= 7_002_000 && libvirt >= 9_000_000 ? [...clusterLevels, '4.8'] : clusterLevels;
const engines = ['4.2', '4.3', '4.4', '4.5'];
const none = '00000000-0000-0000-0000-000000000000';

export interface CapabilityParts {
  readonly version: string;
  /** Whether KVM may be used. */
  readonly kvm: boolean;
  /** Whether VNC displays have TLS. */
  readonly vncEncrypted: boolean;
  /** The folder in which changes of networks lie that are not committed. */
  readonly networkChanges: string;
  /** The address of this machine that the client has reached. */
  readonly localAddress: string | undefined;
}

/** What libvirt tells of this machine; it does not change while libvirt runs. */
export interface LibvirtFacts {
  readonly uuid: string;
  readonly machines: readonly string[];
  readonly models: readonly string[];
  /** Kinds of displays that QEMU has here: `vnc`, `spice`. */
  readonly displays: readonly string[];
  readonly packages: { readonly qemu: string; readonly libvirt: string };
  /** Of clusters, as far as libvirt and QEMU allow. */
  readonly levels: readonly string[];
}

const versionText = (version: number): string =>
  `${Math.floor(version / 1_000_000)}.${Math.floor(version / 1_000) % 1_000}.${version % 1_000}`;

/** Asks libvirt what does not change. */
export async function askLibvirt(libvirt: Libvirt, type: 'kvm' | 'qemu'): Promise<LibvirtFacts> {
  const [capabilities, domain, versions] = await Promise.all([
    libvirt.capabilities().then(parseXml),
    libvirt.domainCapabilities({ machine: 'q35', type }).then(parseXml),
    libvirt.versions(),
  ]);
  const guest = childrenOf(capabilities, 'guest').find((one) => child(one, 'arch')?.attributes['name'] === architecture());
  const graphics = childrenOf(child(domain, 'devices', 'graphics'), 'enum').find(({ attributes }) => attributes['name'] === 'type');
  const models = childrenOf(child(domain, 'cpu'), 'mode').find(({ attributes }) => attributes['name'] === 'custom');
  return {
    uuid: child(capabilities, 'host', 'uuid')?.text ?? none,
    machines: [...new Set(childrenOf(child(guest, 'arch'), 'machine').flatMap(machineNames))],
    models: childrenOf(models, 'model')
      .filter(({ attributes }) => attributes['usable'] === 'yes')
      .map(({ text }) => text),
    displays: childrenOf(graphics, 'value')
      .map(({ text }) => text)
      .filter((type) => type === 'vnc' || type === 'spice'),
    packages: { qemu: versionText(versions.qemu), libvirt: versionText(versions.libvirt) },
    levels: levelsOf(versions),
  };
}

const machineNames = ({ text, attributes }: Element): readonly string[] =>
  attributes['canonical'] === undefined ? [text] : [text, attributes['canonical']];

/** The answer to `Host.getCapabilities`. Nearly every number is a text. */
export function capabilities(facts: LibvirtFacts, parts: CapabilityParts): Readonly<Record<string, unknown>> {
  const { version, kvm, vncEncrypted, networkChanges, localAddress } = parts;
  const cpu = readProcessors(readLine('/proc/cpuinfo'));
  const memory = Math.floor((readMemory(readLine('/proc/meminfo')).get('MemTotal') ?? 0) / mebi);
  const system = readRelease(readLine('/etc/os-release'));
  const threads = String(cpu.online.length);
  const iscsi = /^InitiatorName=(.+)$/m.exec(readLine('/etc/iscsi/initiatorname.iscsi'))?.[1] ?? '';
  return {
    software_version: version,
    software_revision: '0',
    version_name: 'Snow Man',
    supportedENGINEs: engines,
    clusterLevels: facts.levels,
    kvmEnabled: String(kvm),
    cpuSockets: String(cpu.sockets),
    cpuCores: String(cpu.cores),
    cpuThreads: threads,
    onlineCpus: cpu.online.join(','),
    cpuSpeed: cpu.megahertz,
    cpuModel: cpu.model,
    cpuFlags: [...cpu.flags, ...facts.models.map((model) => `model_${model}`)].join(','),
    memSize: String(memory),
    reservedMem: '321',
    guestOverhead: '65',
    hugepages: hugePageSizes(),
    ...numaFields(numaNodes()),
    // 2 stands for a kernel that does not say.
    autoNumaBalancing: Number(readLine('/proc/sys/kernel/numa_balancing') || 2),
    uuid: facts.uuid,
    operatingSystem: {
      name: (system.get('ID') ?? 'unknown').toUpperCase(),
      version: system.get('VERSION_ID') ?? '',
      release: '1',
      pretty_name: system.get('PRETTY_NAME') ?? '',
    },
    packages2: {
      kernel: { version: release(), release: '' },
      'qemu-kvm': { version: facts.packages.qemu, release: '' },
      libvirt: { version: facts.packages.libvirt, release: '' },
      vdsm: { version, release: '' },
    },
    kernelArgs: readLine('/proc/cmdline'),
    kernelFeatures: {},
    selinux: { mode: readLine('/sys/fs/selinux/enforce') || '-1' },
    hooks: {},
    additionalFeatures: [],
    emulatedMachines: facts.machines,
    rngSources: ['random', ...(exists('/dev/hwrng') ? ['hwrng'] : [])],
    vmTypes: ['kvm'],
    hostdevPassthrough: 'false',
    nestedVirtualization: canNest(),
    liveSnapshot: 'false',
    liveMerge: 'false',
    vncEncrypted,
    // Ours: hosts of others say nothing of it.
    displayTypes: facts.displays,
    backupEnabled: false,
    ISCSIInitiatorName: iscsi,
    HBAInventory: { iSCSI: iscsi === '' ? [] : [{ InitiatorName: iscsi }], FC: [] },
    domain_versions: [0, 2, 3, 4, 5],
    supported_block_size: { FILE: [512] },
    ...networkFacts(),
    lastClientIface: deviceOf(localAddress),
    netConfigDirty: hasUncommitted(networkChanges) ? 'True' : 'False',
    hostedEngineDeployed: false,
    kdumpStatus: readLine('/sys/kernel/kexec_crash_loaded') === '1' ? 1 : 0,
    realtimeKernel: /PREEMPT_RT/.test(readLine('/proc/version')),
    connector_info: {},
  };
}

/** Whether guests can have guests of their own with KVM. */
const canNest = (): boolean =>
  ['kvm_intel', 'kvm_amd'].some((name) => ['Y', '1'].includes(readLine(`/sys/module/${name}/parameters/nested`)));

/** The answer to `Host.getHardwareInfo`. */
export function hardware(uuid: string): Readonly<Record<string, string>> {
  const read = (name: string): string => readLine(`/sys/class/dmi/id/${name}`);
  return {
    systemManufacturer: read('sys_vendor'),
    systemProductName: read('product_name'),
    systemVersion: read('product_version'),
    systemSerialNumber: read('product_serial'),
    systemFamily: read('product_family'),
    systemUUID: uuid,
  };
}
