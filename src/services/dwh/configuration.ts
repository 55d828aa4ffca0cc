/** A column that names the version of another object that holds at the moment: the newest row of that object. */
export interface VersionColumn {
  readonly name: string;
  /** The table with the versions, its key, and the column here that has the value of that key. */
  readonly of: string;
  readonly key: string;
  readonly by: string;
}

/** One kind of thing whose versions are kept. */
export interface Configuration {
  readonly table: string;
  /** What the engine's database offers, as it stands behind `from`. */
  readonly source: string;
  readonly key: readonly [string, ...string[]];
  /** A change in any of these makes a new version. */
  readonly columns: readonly string[];
  readonly versions: readonly VersionColumn[];
  /** The columns that say from when to when: objects are created and deleted, memberships attached and detached. */
  readonly dates: readonly ['create_date', 'delete_date'] | readonly ['attach_date', 'detach_date'];
}

const words = (text: string): [string, ...string[]] => text.trim().split(/\s+/) as [string, ...string[]];
const object = (table: string, source: string, key: string, columns: string, ...versions: VersionColumn[]): Configuration => ({
  table,
  source,
  key: words(key),
  columns: words(columns),
  versions,
  dates: ['create_date', 'delete_date'],
});
const membership = (table: string, source: string, key: readonly [string, string], columns: readonly string[] = []): Configuration => ({
  table,
  source,
  key,
  columns,
  versions: [],
  dates: ['attach_date', 'detach_date'],
});

const versionOf = (name: string, of: string, key: string, by = key): VersionColumn => ({ name, of, key, by });
const versionOfHost = versionOf('host_configuration_version', 'host_configuration', 'host_id');
const versionOfVm = versionOf('vm_configuration_version', 'vm_configuration', 'vm_id');
const versionOfCluster = versionOf('cluster_configuration_version', 'cluster_configuration', 'cluster_id');

/** Everything whose versions are kept, what is referred to before what refers to it. */
export const configurations: readonly Configuration[] = [
  object(
    'datacenter_configuration',
    'dwh_datacenter_configuration_history_view',
    'datacenter_id',
    'datacenter_name datacenter_description is_local_storage',
  ),
  object(
    'storage_domain_configuration',
    'dwh_storage_domain_configuration_history_view',
    'storage_domain_id',
    'storage_domain_name storage_domain_type storage_type',
  ),
  membership('datacenter_storage_domain_map', 'dwh_datacenter_storage_map_history_view', ['storage_domain_id', 'datacenter_id']),
  object(
    'cluster_configuration',
    'dwh_cluster_configuration_history_view',
    'cluster_id',
    'cluster_name cluster_description datacenter_id cpu_name count_threads_as_cores compatibility_version',
    versionOf('datacenter_configuration_version', 'datacenter_configuration', 'datacenter_id'),
  ),
  object(
    'host_configuration',
    'dwh_host_configuration_history_view',
    'host_id',
    `host_unique_id host_name cluster_id host_type fqdn_or_ip memory_size_mb swap_size_mb cpu_model number_of_cores
     number_of_sockets number_of_threads cpu_speed_mh threads_per_core host_os kernel_version kvm_version vdsm_version
     vdsm_port hardware_manufacturer hardware_product_name hardware_version hardware_serial_number`,
    versionOfCluster,
  ),
  object(
    'host_interface_configuration',
    'dwh_host_interface_configuration_history_view',
    'host_interface_id',
    `host_interface_name host_id host_interface_type host_interface_speed_bps mac_address logical_network_name ip_address
     gateway bond bond_name vlan_id`,
    versionOfHost,
  ),
  object(
    'vm_configuration',
    'dwh_vm_configuration_history_view',
    'vm_id',
    `vm_name vm_description vm_type cluster_id template_id template_name cpu_per_socket number_of_sockets memory_size_mb
     operating_system default_host high_availability initialized stateless fail_back usb_policy time_zone vm_pool_id
     vm_pool_name created_by_user_id`,
    versionOfCluster,
    versionOf('default_host_configuration_version', 'host_configuration', 'host_id', 'default_host'),
  ),
  object(
    'vm_interface_configuration',
    'dwh_vm_interface_configuration_history_view',
    'vm_interface_id',
    'vm_interface_name vm_id vm_interface_type vm_interface_speed_bps mac_address logical_network_name',
    versionOfVm,
  ),
  object(
    'vm_disk_configuration',
    'dwh_vm_disk_configuration_history_view',
    'vm_disk_id',
    'vm_disk_name vm_disk_description storage_domain_id vm_disk_size_mb vm_disk_type vm_disk_format is_shared',
  ),
  object(
    'vm_device_history',
    'dwh_vm_device_history_view',
    'device_id vm_id',
    'type address is_managed is_plugged is_readonly',
    versionOfVm,
  ),
  membership('disks_vm_map', "(select device_id as vm_disk_id, vm_id from dwh_vm_device_history_view where type = 'disk' and is_plugged)", [
    'vm_disk_id',
    'vm_id',
  ]),
  object('tag_details', 'dwh_tags_details_history_view', 'tag_id', 'tag_name tag_description tag_path tag_level'),
  membership('tag_relations_history', 'dwh_add_tags_relations_history_view', ['entity_id', 'parent_id'], ['entity_type']),
  object(
    'users_details_history',
    'dwh_users_history_view',
    'user_id',
    'first_name last_name domain username department user_role_title email external_id active',
  ),
];

/** The newest version of what a column refers to, looked up for the row that is called `alias`. */
export const newestVersion = ({ of, key, by }: VersionColumn, alias: string): string =>
  `(select max(history_id) from ${of} where ${of}.${key} = ${alias}.${by})`;

/**
 * The statement that brings the versions of one kind up to date: $1 is all there is now, as JSON, $2 the time.
 * What is new or differs from its latest version gets a row; what is not there any more gets the date of its end. Versions of what has ended are
 * kept for good, so the latest ones are looked up for what there is now, and never for all there ever was.
 */
export function keepVersions({ table, key, columns, versions, dates: [began, ended] }: Configuration): string {
  const keys = key.join(', ');
  const same = (a: string, b: string): string => key.map((name) => `${a}.${name} = ${b}.${name}`).join(' and ');
  const row = (alias: string): string => `row(${columns.map((name) => `${alias}.${name}`).join(', ')})`;
  const differs = columns.length === 0 ? '' : ` or ${row('p')} is distinct from ${row('l')}`;
  const isObject = began === 'create_date';
  return `
    with present as materialized (
      select distinct on (${keys}) * from json_populate_recordset(null::${table}, $1::json) order by ${keys}
    ), latest as materialized (
      select l.* from present p cross join lateral (
        select * from ${table} t where ${same('t', 'p')} order by history_id desc limit 1
      ) l
    ), gone as (
      update ${table} t set ${ended} = $2::timestamptz
      where ${ended} is null and not exists (select from present p where ${same('p', 't')})
        and not exists (select from ${table} n where ${same('n', 't')} and n.history_id > t.history_id)
    )
    insert into ${table} (${[...key, ...columns, ...versions.map(({ name }) => name), began].join(', ')}${isObject ? ', update_date' : ''})
    select ${[
      ...[...key, ...columns].map((name) => `p.${name}`),
      ...versions.map((version) => newestVersion(version, 'p')),
      `coalesce(p.${began}, ${isObject ? `l.${began}, ` : ''}$2::timestamptz)`,
      ...(isObject ? [`case when l.history_id is null then p.update_date else coalesce(p.update_date, $2::timestamptz) end`] : []),
    ].join(', ')}
    from present p left join latest l on ${same('p', 'l')}
    where l.history_id is null or l.${ended} is not null${differs}`;
}
