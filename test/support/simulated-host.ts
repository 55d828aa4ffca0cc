import type { SimulatedVerb } from './simulated-agent.ts';
import type { TestPostgres } from './postgres.ts';

/* Hosts that are made up: what they tell, and their rows. */

/** The hardware UUID of the host at an address. */
export const hardwareId = (address: string): string =>
  `4c4c4544-0000-4000-8000-${address
    .split('.')
    .map((part) => Number(part).toString(16).padStart(3, '0'))
    .join('')}`;

/** An answer to `Host.getCapabilities`, in the forms of the wire: numbers as texts, lists of words with commas. */
export const capabilities = (address: string, more: object = {}): Record<string, unknown> => ({
  software_version: '4.5.0',
  software_revision: '1',
  version_name: 'Snow Man',
  supportedENGINEs: ['4.2', '4.3', '4.4', '4.5'],
  clusterLevels: ['4.2', '4.3', '4.4', '4.5', '4.6', '4.7', '4.8'],
  kvmEnabled: 'true',
  cpuSockets: '1',
  cpuCores: '4',
  cpuThreads: '8',
  onlineCpus: '0,1,2,3,4,5,6,7',
  cpuSpeed: '2400.000',
  cpuModel: 'Intel(R) Xeon(R) Gold 6148',
  cpuFlags:
    'fpu,vmx,nx,aes,ssse3,sse4_2,model_Nehalem,model_Westmere,model_SandyBridge,model_IvyBridge,model_Haswell-noTSX,model_Skylake-Server',
  memSize: '31996',
  reservedMem: '321',
  guestOverhead: '65',
  uuid: hardwareId(address).toUpperCase(),
  operatingSystem: { name: 'Debian', version: '12', release: '1', pretty_name: 'Debian GNU/Linux 12 (bookworm)' },
  packages2: {
    kernel: { version: '6.1.0', release: '28-amd64' },
    libvirt: { version: '9.0.0', release: '4+deb12u2' },
    'qemu-kvm': { version: '7.2', release: 'dfsg-7+deb12u12' },
    vdsm: { version: '4.50.0', release: '1' },
  },
  selinux: { mode: '-1' },
  emulatedMachines: ['pc-q35-7.2', 'pc-q35-4.1', 'pc-i440fx-7.2', 'pc-i440fx-2.12'],
  rngSources: ['random', 'hwrng'],
  kdumpStatus: 0,
  ISCSIInitiatorName: 'iqn.1993-08.org.debian:01:host',
  networks: {
    ovirtmgmt: {
      bridged: true,
      iface: 'ovirtmgmt',
      ports: ['eth0', 'vnet3'],
      addr: address,
      netmask: '255.255.255.0',
      gateway: '',
      mtu: '1500',
      dhcpv4: false,
    },
  },
  nics: {
    eth0: { hwaddr: '52:54:00:00:00:01', speed: 10_000, mtu: '1500', addr: '', ipv6addrs: ['fe80::1/64'], dhcpv4: false },
    eth1: { hwaddr: '52:54:00:00:00:02', speed: 1_000, mtu: '1500', addr: '10.9.8.7', netmask: '255.255.0.0', dhcpv4: true },
  },
  vlans: { 'eth1.12': { iface: 'eth1', vlanid: 12, addr: '', mtu: '1500' } },
  bondings: {},
  lastClientIface: 'eth0',
  ...more,
});

/** An answer to `Host.getStats`. Counters go up by the second. */
export const statistics = (more: object = {}): Record<string, unknown> => {
  const seconds = Date.now() / 1_000;
  const nic = (name: string): object => ({
    ...{ name, state: 'up', rx: String(Math.floor(seconds * 125_000_000)), tx: String(Math.floor(seconds * 1_000)) },
    ...{ rxDropped: '1', txDropped: '0', rxErrors: '0', txErrors: '0', speed: '1000', sampleTime: seconds },
  });
  return {
    ...{ cpuUser: '12.50', cpuSys: '3.25', cpuIdle: '84.25', cpuLoad: '0.42', cpuUserVdsmd: '0.13', cpuSysVdsmd: '0.07' },
    ...{
      memUsed: '35',
      memAvailable: '20000',
      memFree: '20500',
      memShared: '10',
      swapTotal: '4096',
      swapFree: '4000',
      anonHugePages: '512',
    },
    ...{
      thpState: 'always',
      ksmState: false,
      ksmPages: 100,
      ksmCpu: 0,
      vmCount: '3',
      vmActive: '2',
      vmMigrating: '0',
      bootTime: '1700000000',
    },
    dateTime: `${new Date().toISOString().slice(0, 19)} GMT`,
    network: { eth0: nic('eth0'), eth1: nic('eth1') },
    ...more,
  };
};

/** What hosts do that are well. */
export const wellBehaved = (): Record<string, SimulatedVerb> => ({
  'Host.ping2': () => true,
  'Host.getCapabilities': (_params, host) => capabilities(host),
  'Host.getHardwareInfo': (_params, host) => ({
    systemManufacturer: 'QEMU',
    systemProductName: 'Standard PC',
    systemVersion: '1',
    systemSerialNumber: 'S1',
    systemUUID: hardwareId(host),
    systemFamily: 'Virtual',
  }),
  'Host.getStats': () => statistics(),
  'Host.getVMList': () => [],
  'Host.getAllVmStats': () => [],
});

/** A host that is to be added. */
interface NewHost {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  /** Its number; in maintenance unless given. */
  readonly status?: number;
  readonly cluster?: string;
}

/** A host that was added, as tests name it. */
export interface AddedHost {
  readonly id: string;
  readonly name: string;
  readonly address: string;
}

/** Adds the rows of a host that has been installed, and returns its id. */
export async function addHost(
  postgres: Pick<TestPostgres, 'query'>,
  { name, address, port, status = 2, cluster = 'Default' }: NewHost,
): Promise<string> {
  const [row] = await postgres.query<{ id: string }>(
    `with s as (insert into vds_static (vds_id, vds_name, host_name, port, cluster_id)
       select gen_random_uuid(), $1, $2, $3, cluster_id from cluster where name = $5 returning vds_id),
     d as (insert into vds_dynamic (vds_id, status) select vds_id, $4 from s),
     t as (insert into vds_statistics (vds_id) select vds_id from s)
     select vds_id as id from s`,
    [name, address, port, status, cluster],
  );
  return row?.id ?? '';
}

/** Gives options of the engine other values, before it starts. */
export async function setOptions(postgres: Pick<TestPostgres, 'query'>, options: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, value] of Object.entries(options))
    await postgres.query('update vdc_options set option_value = $2 where option_name = $1', [name, value]);
}
