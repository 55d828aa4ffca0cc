import type { Database } from '../../frame/database.ts';
import { isUuid } from '../../frame/uuid.ts';
import { diskStatuses, diskStatusWord } from '../disks/disk-status.ts';
import { contentTypes } from '../disks/disk-words.ts';
import { processors } from '../hosts/processors.ts';
import { domainTypes } from '../storage/storage-kinds.ts';
import { storageStatusNumber } from '../storage/storage-status.ts';
import { unfitDisk } from './disk-targets.ts';
import type { CdContent, MachineDefinition, MachineDevice, MachineDisk, MachineNic, MachineVolume } from './machine-definition.ts';
import type { Wanted } from './placement.ts';
import type { RunOnce } from './run-once.ts';

/** A machine with all that its start needs. */
export interface LoadedMachine {
  readonly definition: MachineDefinition;
  readonly wanted: Wanted;
  /** Why it cannot be started as it is, as a sentence; null if it can. */
  readonly obstacle: string | null;
}

interface Row {
  readonly id: string;
  readonly name: string;
  readonly memory: number;
  readonly most: number;
  readonly guaranteed: number;
  readonly balloon: boolean;
  readonly sockets: number;
  readonly cores: number;
  readonly threads: number;
  readonly ioThreads: number;
  readonly cpuShares: number;
  readonly multiQueues: boolean;
  readonly monitors: number;
  readonly bios: number;
  readonly clusterBios: number | null;
  readonly level: string;
  readonly customMachine: string | null;
  readonly clusterMachine: string | null;
  readonly machines: readonly string[];
  readonly hostMachines: string | null;
  readonly customProcessor: string | null;
  readonly clusterProcessor: string | null;
  readonly bootMenu: boolean;
  readonly bootDevices: readonly string[];
  readonly kernel: boolean;
  readonly timeZone: string | null;
  readonly serialPolicy: string | null;
  readonly serial: string | null;
  readonly paused: boolean;
  readonly pool: string | null;
  readonly run: RunOnce | null;
  readonly pinned: readonly string[];
  readonly disks: readonly (MachineDisk & { readonly alias: string; readonly status: number; readonly domainStatus: number | null })[];
  readonly cds: readonly { readonly id: string; readonly content: string | null }[];
  /** With the vNIC profile whose wishes no host fulfils. */
  readonly nics: readonly (MachineNic & { readonly name: string; readonly unfit: string | null })[];
  readonly devices: readonly MachineDevice[];
}

/** Reads a machine ($1) for a host ($2). */
const loading = `select s.vm_guid as id, s.vm_name as name, s.mem_size_mb as memory, s.max_memory_size_mb as most, s.min_allocated_mem as guaranteed,
    s.balloon_enabled as balloon, s.num_of_sockets as sockets, s.cpu_per_socket as cores, s.threads_per_cpu as threads, s.num_of_io_threads as "ioThreads",
    s.cpu_shares as "cpuShares", s.multi_queues_enabled as "multiQueues", s.num_of_monitors as monitors, s.serial_number_policy as "serialPolicy",
    s.bios_type as bios, c.bios_type as "clusterBios", coalesce(s.custom_compatibility_version, c.compatibility_version) as level, s.custom_emulated_machine as "customMachine",
    c.emulated_machine as "clusterMachine",
    coalesce((select string_to_array(option_value, ',') from vdc_options where option_name = 'ClusterEmulatedMachines'
      and version = coalesce(s.custom_compatibility_version, c.compatibility_version)), '{}') as machines,
    (select supported_emulated_machines from vds_dynamic where vds_id = $2) as "hostMachines",
    s.custom_cpu_name as "customProcessor", c.cpu_name as "clusterProcessor", s.boot_menu_enabled as "bootMenu", s.boot_devices as "bootDevices",
    coalesce(s.kernel_url, s.initrd_url, s.kernel_params, '') <> '' as kernel, s.time_zone as "timeZone", s.custom_serial_number as serial,
    s.is_run_and_pause as paused, c.storage_pool_id as pool, d.run_configuration as run,
    array(select vds_id::text from vm_host_pinning_map where vm_id = s.vm_guid) as pinned,
    coalesce((select jsonb_agg(jsonb_build_object('image', b.disk_id, 'alias', b.disk_alias, 'volume', i.image_guid, 'domain', m.storage_domain_id,
        'interface', e.disk_interface, 'format', case i.volume_format when 4 then 'qcow2' else 'raw' end, 'boot', e.is_boot, 'readOnly', e.is_readonly,
        'shareable', b.shareable, 'passDiscard', e.pass_discard, 'propagateErrors', b.propagate_errors, 'status', i.imagestatus,
        'domainStatus', p.status) order by not e.is_boot, e._create_date, b.disk_alias, b.disk_id)
      from disk_vm_element e join base_disks b using (disk_id) join images i on i.image_group_id = b.disk_id and i.active
      join image_storage_domain_map m on m.image_id = i.image_guid
      left join storage_pool_iso_map p on p.storage_id = m.storage_domain_id and p.storage_pool_id = c.storage_pool_id
      where e.vm_id = s.vm_guid and e.is_plugged), '[]') as disks,
    coalesce((select jsonb_agg(jsonb_build_object('id', device_id, 'content', content) order by _create_date, device_id)
      from vm_device where vm_id = s.vm_guid and type = 'disk' and device = 'cdrom' and is_plugged), '[]') as cds,
    coalesce((select jsonb_agg(jsonb_build_object('id', i.id, 'mac', i.mac_addr, 'type', i.type, 'network', n.vdsm_name, 'linked', i.linked,
        'filter', f.filter_name, 'name', i.name, 'unfit', case when p.passthrough or p.port_mirroring then p.name end) order by i.name)
      from vm_interface i left join vnic_profiles p on p.id = i.vnic_profile_id left join network n on n.id = p.network_id
      left join network_filter f on f.filter_id = p.network_filter_id
      where i.vm_guid = s.vm_guid and i.is_plugged and i.mac_addr is not null), '[]') as nics,
    coalesce((select jsonb_agg(jsonb_build_object('id', device_id, 'type', type, 'device', device, 'specs', spec_params) order by type, device, device_id)
      from vm_device where vm_id = s.vm_guid and type <> 'disk' and is_plugged), '[]') as devices
  from vm_static s join vm_dynamic d using (vm_guid) join cluster c using (cluster_id)
  where s.vm_guid = $1 and s.entity_type = 'VM'`;

const biosQ35 = 2;

/** The firmware of a machine: its own, that of its cluster, or what is usual at the cluster's level. */
function biosOf({ bios, clusterBios, level }: Row): number {
  if (bios !== 0) return bios;
  if (clusterBios !== null && clusterBios !== 0) return clusterBios;
  const [major = 0, minor = 0] = level.split('.').map(Number);
  return major > 4 || (major === 4 && minor >= 4) ? biosQ35 : 1;
}

/** An emulated machine of the kind that the firmware needs, which the host has. */
function emulatedOf(row: Row, bios: number): string | null {
  if (row.customMachine !== null && row.customMachine !== '') return row.customMachine;
  const fits = (machine: string | null): boolean => machine?.includes('q35') === (bios !== 1);
  if (fits(row.clusterMachine)) return row.clusterMachine;
  const there = (row.hostMachines ?? '').split(',');
  return row.machines.find((machine) => fits(machine) && there.includes(machine)) ?? null;
}

/** The processor that a type of the cluster stands for, as libvirt calls it. */
const processorOf = (type: string | null): string | null =>
  processors
    .find(({ name }) => name === type)
    ?.flags.find((flag) => flag.startsWith('model_'))
    ?.slice('model_'.length) ?? null;

/** Which serial number a machine has. A number of choice is wanted where there is one. */
function serialNumberOf({ serialPolicy, serial }: Row): MachineDefinition['serialNumber'] {
  if (serialPolicy === 'host' || serialPolicy === 'none' || serialPolicy === 'vm') return serialPolicy;
  return serial === null ? 'vm' : { custom: serial };
}

const activeDomain = storageStatusNumber('active');

function obstacleOf(row: Row): string | null {
  if (row.kernel)
    return `Virtual machine ${row.name} is to boot a kernel that lies on the host, which is not supported: let it boot from a disk, a CD or the network.`;
  const disk = row.disks.find(({ status }) => status !== diskStatuses.ok);
  if (disk !== undefined) return `Disk ${disk.alias} is ${diskStatusWord(disk.status)}. Wait until it is OK, or unplug it.`;
  const away = row.disks.find(({ domainStatus }) => domainStatus !== activeDomain);
  if (away !== undefined) return `The storage domain of disk ${away.alias} is not active. Activate it first.`;
  const nic = row.nics.find(({ unfit }) => unfit !== null);
  if (nic !== undefined)
    return `Network interface ${nic.name} has the vNIC profile ${String(nic.unfit)}, which passes network cards on or mirrors ports. No host does that: change the profile, or choose another.`;
  return null;
}

/**
 * Reads a machine as it is to be started, on a host where one is known; null where there is none. Throws nothing for what is wrong with it: that is
 * its obstacle.
 */
export async function loadMachine(database: Database, id: string, host: string | null): Promise<LoadedMachine | null> {
  const [row] = await database.query<Row>(loading, [id, host]);
  if (row === undefined) return null;
  const run = row.run ?? {};
  const biosType = biosOf(row);
  const cds = await Promise.all(
    row.cds.map(async ({ id: drive, content }, at) => ({
      id: drive,
      content: await contentOf(database, row.pool, (at === 0 ? run.cd : undefined) ?? content),
    })),
  );
  const missing = cds.find(({ content }) => content === 'missing');
  const obstacle =
    missing === undefined
      ? null
      : `The image in the drive of virtual machine ${row.name} is not there, or its storage domain is not active. Eject it.`;
  const definition: MachineDefinition = {
    ...{ id: row.id, name: row.name, memoryMb: row.memory, maxMemoryMb: row.most, guaranteedMb: row.guaranteed, balloon: row.balloon },
    ...{
      sockets: row.sockets,
      cores: row.cores,
      threads: row.threads,
      ioThreads: row.ioThreads,
      cpuShares: row.cpuShares,
      multiQueues: row.multiQueues,
      monitors: row.monitors,
      biosType,
      emulatedMachine: emulatedOf(row, biosType),
    },
    processor: row.customProcessor ?? processorOf(row.clusterProcessor),
    clusterLevel: row.level,
    bootMenu: run.bootMenu ?? row.bootMenu,
    bootDevices: run.bootDevices ?? row.bootDevices,
    timeZone: row.timeZone,
    serialNumber: serialNumberOf(row),
    launchPaused: run.paused ?? row.paused,
    pool: row.pool,
    disks: row.disks,
    cds: cds.map(({ id: drive, content }) => ({ id: drive, content: content === 'missing' ? null : content })),
    nics: row.nics,
    devices: displaysOf(row.devices, run.display),
  };
  return {
    definition,
    wanted: {
      guaranteedMb: row.guaranteed,
      cpus: row.sockets * row.cores * row.threads,
      pinned: run.hosts ?? row.pinned,
      networks: [...new Set(row.nics.flatMap(({ network }) => network ?? []))],
      displays: definition.devices.flatMap(({ type, device }) => (type === 'graphics' ? device : [])),
    },
    obstacle: obstacleOf(row) ?? obstacle ?? unfitDisk(definition),
  };
}

/** Devices of a run with one display in the place of all. */
const displaysOf = (devices: readonly MachineDevice[], display: string | undefined): readonly MachineDevice[] =>
  display === undefined
    ? devices
    : [...devices.filter(({ type }) => type !== 'graphics'), { id: 'display', type: 'graphics', device: display, specs: {} }];

/**
 * What the content of a drive is, by what is stored of it: the id of a disk, or the name of a file of the ISO domain of a data center. Null for an
 * empty drive.
 */
export async function contentOf(database: Database, pool: string | null, content: string | null): Promise<CdContent | null | 'missing'> {
  if (content === null || content === '') return null;
  if (isUuid(content)) {
    const [found] = await database.query<MachineVolume>(
      `select m.storage_domain_id as domain, b.disk_id as image, i.image_guid as volume
       from base_disks b join images i on i.image_group_id = b.disk_id and i.active join image_storage_domain_map m on m.image_id = i.image_guid
       join storage_pool_iso_map p on p.storage_id = m.storage_domain_id
       where b.disk_id = $1 and b.disk_content_type = ${contentTypes.iso} and i.imagestatus = ${diskStatuses.ok} and p.storage_pool_id = $2 and p.status = ${activeDomain}`,
      [content, pool],
    );
    return found === undefined ? 'missing' : { kind: 'volume', ...found };
  }
  const [domain] = await database.query<{ id: string }>(
    `select s.id from storage_domain_static s join storage_pool_iso_map p on p.storage_id = s.id
     where s.storage_domain_type = ${domainTypes.iso} and p.storage_pool_id = $1 and p.status = ${activeDomain}`,
    [pool],
  );
  return domain === undefined || /[/\0]/.test(content) ? 'missing' : { kind: 'file', domain: domain.id, file: content };
}
