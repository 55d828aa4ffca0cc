import { isUuid } from '../../frame/uuid.ts';
import { flagOf, integerOf, numberOf, objectOf, textOf, type Unknown, wordsOf } from '../agents/hostile.ts';
import { type HostInterface, interfacesOf, type HostNetwork, networksOf } from './host-interfaces.ts';

/** What a host says that it is and has. */
export interface Capabilities {
  /** Columns of `vds_dynamic`. */
  readonly columns: Unknown;
  /** The hardware UUID, in lower case. */
  readonly uniqueId: string | null;
  readonly clusterLevels: readonly string[];
  readonly engines: readonly string[];
  readonly flags: ReadonlySet<string>;
  readonly emulatedMachines: readonly string[];
  readonly kvm: boolean;
  readonly interfaces: readonly HostInterface[];
  readonly networks: readonly HostNetwork[];
  /** The interface that the engine is connected through. */
  readonly engineInterface: string | null;
}

/** A UUID in lower case; null for anything else, and for one of nothing but zeroes, as boards have it that were never given one. */
const uuidOf = (value: unknown): string | null => {
  const text = textOf(value)?.toLowerCase() ?? '';
  return isUuid(text) && /[1-9a-f]/.test(text) ? text : null;
};

/** The version of a package, as it is shown: `7.2.0 - 1`. */
const versionOf = (packages: Unknown, name: string): string | null => {
  const { version, release } = objectOf(packages[name]);
  const parts = [textOf(version, 100), textOf(release, 100)].filter((part) => part !== null);
  return parts.length === 0 ? null : parts.join(' - ');
};

const selinuxModes: Readonly<Record<string, number>> = { '-1': 2, '0': 0, '1': 1, disabled: 2, permissive: 0, enforcing: 1 };

/**
 * Reads the answers to `Host.getCapabilities` and `Host.getHardwareInfo`, which may be anything: what cannot be read is not known. Nearly every
 * number comes as a text, and lists of words have commas between them.
 */
export function readCapabilities(answer: unknown, hardwareAnswer: unknown): Capabilities {
  const caps = objectOf(answer);
  const hardware = objectOf(hardwareAnswer);
  const system = objectOf(caps['operatingSystem']);
  const packages = objectOf(caps['packages2']);
  const flags = wordsOf(caps['cpuFlags']);
  const emulatedMachines = wordsOf(caps['emulatedMachines']);
  const clusterLevels = wordsOf(caps['clusterLevels'], 40);
  const engines = wordsOf(caps['supportedENGINEs'], 40);
  const kvm = flagOf(caps['kvmEnabled']) === true;
  const host = [textOf(system['name'], 100), textOf(system['version'], 100), textOf(system['release'], 100)].filter(
    (part) => part !== null,
  );
  return {
    columns: {
      cpu_sockets: integerOf(caps['cpuSockets'], 1, 65_536),
      cpu_cores: integerOf(caps['cpuCores'], 1, 65_536),
      cpu_threads: integerOf(caps['cpuThreads'], 1, 65_536),
      cpu_model: textOf(caps['cpuModel']),
      cpu_speed_mh: numberOf(caps['cpuSpeed'], 0, 1_000_000),
      cpu_flags: textOf(flags.join(','), 4_000),
      online_cpus: textOf(caps['onlineCpus'], 4_000),
      kvm_enabled: kvm,
      physical_mem_mb: integerOf(caps['memSize']),
      reserved_mem: integerOf(caps['reservedMem']),
      guest_overhead: integerOf(caps['guestOverhead']),
      supported_cluster_levels: textOf(clusterLevels.join(','), 400),
      supported_engines: textOf(engines.join(','), 400),
      supported_emulated_machines: textOf(emulatedMachines.join(','), 20_000),
      supported_rng_sources: textOf(wordsOf(caps['rngSources'], 10).join(',')),
      host_os: textOf(host.join(' - '), 400),
      pretty_name: textOf(system['pretty_name']),
      kernel_version: versionOf(packages, 'kernel'),
      kvm_version: versionOf(packages, 'qemu-kvm'),
      libvirt_version: versionOf(packages, 'libvirt'),
      rpm_version: versionOf(packages, 'vdsm'),
      software_version: textOf(caps['software_version']),
      version_name: textOf(caps['version_name']),
      kernel_args: textOf(caps['kernelArgs'], 4_000),
      selinux_enforce_mode: selinuxModes[String(objectOf(caps['selinux'])['mode'])] ?? -1,
      iscsi_initiator_name: textOf(caps['ISCSIInitiatorName'], 400),
      hw_manufacturer: textOf(hardware['systemManufacturer']),
      hw_product_name: textOf(hardware['systemProductName']),
      hw_version: textOf(hardware['systemVersion']),
      hw_serial_number: textOf(hardware['systemSerialNumber']),
      hw_uuid: textOf(hardware['systemUUID']),
      hw_family: textOf(hardware['systemFamily']),
      kdump_status: integerOf(caps['kdumpStatus'], -1, 1) ?? -1,
      is_numa_supported: Object.keys(objectOf(caps['numaNodes'])).length > 1,
      auto_numa_balancing: integerOf(caps['autoNumaBalancing'], 0, 2) ?? 2,
      hostdev_passthrough: flagOf(caps['hostdevPassthrough']) === true,
      supported_displays: Array.isArray(caps['displayTypes']) ? wordsOf(caps['displayTypes'], 10).join(',') : null,
      vnc_encryption_enabled: flagOf(caps['vncEncrypted']) === true,
      net_config_dirty: flagOf(caps['netConfigDirty']) === true,
    },
    uniqueId: uuidOf(caps['uuid']),
    clusterLevels,
    engines,
    flags: new Set(flags),
    emulatedMachines,
    kvm,
    interfaces: interfacesOf(caps),
    networks: networksOf(caps),
    engineInterface: textOf(caps['lastClientIface'], 50),
  };
}
