-- Hosts, and commands that outlive the engine that began them. Names and columns are upstream's where upstream has them.

create table vds_static (
  vds_id uuid primary key,
  vds_name varchar(255) not null unique,
  -- the hardware UUID, once the host has told it
  vds_unique_id varchar(128) unique,
  host_name varchar(255) not null,
  port integer not null default 54321 check (port between 1 and 65535),
  free_text_comment text not null default '',
  cluster_id uuid not null references cluster (cluster_id),
  -- `SHA256:...`, as ssh shows it: what the host is known by
  sshkeyfingerprint varchar(128),
  ssh_port integer not null default 22 check (ssh_port between 1 and 65535),
  ssh_username varchar(255) not null default 'root',
  -- 0 with an operating system of its own, 1 and 2 are nodes
  vds_type integer not null default 0 check (vds_type between 0 and 2),
  -- 1: STOMP
  protocol smallint not null default 1,
  pm_enabled boolean not null default false,
  pm_detect_kdump boolean not null default true,
  disable_auto_pm boolean not null default false,
  vds_spm_priority smallint not null default 5 check (vds_spm_priority between -1 and 10),
  console_address varchar(255),
  kernel_cmdline text not null default '',
  -- 1 consolidated, 2 separated
  vgpu_placement integer not null default 1 check (vgpu_placement in (1, 2)),
  reinstall_required boolean not null default false,
  _create_date timestamptz not null default now(),
  _update_date timestamptz
);
create unique index vds_static_address on vds_static (lower(host_name));
create index vds_static_cluster on vds_static (cluster_id);

-- What a host is and has, as it told last. What is not known is null.
create table vds_dynamic (
  vds_id uuid primary key references vds_static (vds_id) on delete cascade deferrable initially deferred,
  -- 0 unassigned, 1 down, 2 maintenance, 3 up, 4 non responsive, 5 error, 6 installing, 7 install failed, 8 reboot, 9 preparing for maintenance,
  -- 10 non operational, 11 pending approval, 12 initializing, 13 connecting, 14 installing its system, 15 writing a crash dump
  status integer not null default 0 check (status between 0 and 15),
  -- when it came to be so
  status_since timestamptz not null default now(),
  non_operational_reason integer not null default 0,
  -- 0 ok, 1 info, 2 warning, 3 error, 4 failure
  external_status integer not null default 0,
  cpu_sockets integer,
  cpu_cores integer,
  cpu_threads integer,
  cpu_model varchar(255),
  cpu_speed_mh numeric(18, 0),
  cpu_flags varchar(4000),
  online_cpus text,
  kvm_enabled boolean,
  physical_mem_mb integer,
  reserved_mem integer,
  guest_overhead integer,
  mem_commited integer not null default 0,
  vm_active integer not null default 0,
  vm_count integer not null default 0,
  vm_migrating integer not null default 0,
  vms_cores_count integer not null default 0,
  supported_cluster_levels varchar(400),
  supported_engines varchar(400),
  supported_emulated_machines text,
  supported_rng_sources varchar(255),
  host_os varchar(4000),
  pretty_name varchar(255),
  kernel_version varchar(255),
  kvm_version varchar(255),
  libvirt_version varchar(255),
  rpm_version varchar(255),
  software_version varchar(255),
  version_name varchar(255),
  kernel_args text,
  -- -1 unknown, 0 permissive, 1 enforcing; disabled is 2
  selinux_enforce_mode integer not null default -1,
  iscsi_initiator_name varchar(4000),
  hw_manufacturer varchar(255),
  hw_product_name varchar(255),
  hw_version varchar(255),
  hw_serial_number varchar(255),
  hw_uuid varchar(255),
  hw_family varchar(255),
  -- 1 ready, 0 not, -1 unknown
  kdump_status smallint not null default -1,
  is_numa_supported boolean not null default false,
  -- 0 off, 1 on, 2 unknown
  auto_numa_balancing smallint not null default 2,
  hostdev_passthrough boolean not null default false,
  net_config_dirty boolean not null default false,
  is_update_available boolean not null default false
) with (fillfactor = 80);

-- What changes all the time. Updated in place: nothing here is indexed but the key.
create table vds_statistics (
  vds_id uuid primary key references vds_static (vds_id) on delete cascade deferrable initially deferred,
  usage_cpu_percent smallint,
  usage_mem_percent smallint,
  usage_network_percent smallint,
  cpu_user numeric(18, 2),
  cpu_sys numeric(18, 2),
  cpu_idle numeric(18, 2),
  cpu_load numeric(18, 2),
  mem_free bigint,
  mem_shared bigint,
  swap_total bigint,
  swap_free bigint,
  ksm_state boolean,
  ksm_pages bigint,
  ksm_cpu_percent smallint,
  anonymous_hugepages integer,
  transparent_hugepages_state boolean,
  -- seconds since the epoch
  boot_time bigint,
  _update_date timestamptz
) with (fillfactor = 50);

alter table vds_interface
  add column mac_addr varchar(59),
  add column network_name varchar(50),
  -- megabits a second
  add column speed integer,
  add column mtu integer,
  add column gateway varchar(20),
  add column subnet varchar(20),
  add column ipv6_prefix integer,
  add column ipv6_gateway varchar(50),
  -- 0 none, 1 DHCP, 2 static
  add column boot_protocol integer not null default 0,
  -- 0 none, 1 DHCP, 2 static, 3 by router advertisement, 4 both
  add column ipv6_boot_protocol integer not null default 0,
  add column is_bond boolean not null default false,
  add column bond_name varchar(50),
  add column bond_opts varchar(4000),
  add column base_interface varchar(50),
  add column vlan_id integer,
  add column bridged boolean not null default false,
  add column _create_date timestamptz not null default now(),
  add column _update_date timestamptz,
  add constraint vds_interface_name unique (vds_id, name),
  add constraint vds_interface_host foreign key (vds_id) references vds_static (vds_id) on delete cascade deferrable initially deferred;

create table vds_interface_statistics (
  id uuid primary key references vds_interface (id) on delete cascade deferrable initially deferred,
  vds_id uuid not null,
  -- bytes a second, of the time between the last two samples
  rx_rate numeric(18, 4),
  tx_rate numeric(18, 4),
  rx_total bigint,
  tx_total bigint,
  rx_drop bigint,
  tx_drop bigint,
  rx_errors bigint,
  tx_errors bigint,
  -- 1 up, 0 down
  iface_status integer,
  -- seconds, by the clock of the host
  sample_time double precision
) with (fillfactor = 50);
create index vds_interface_statistics_host on vds_interface_statistics (vds_id);

-- The emulated machine of a cluster: the first host that comes up settles it, and each further one has to have it.
alter table cluster add column emulated_machine varchar(40);

create trigger permissions_follow after delete on vds_static for each row execute function remove_permissions_of_deleted('vds_id');

create view vds as
  select s.*, d.status, d.status_since, d.non_operational_reason, d.external_status, d.cpu_sockets, d.cpu_cores, d.cpu_threads, d.cpu_model,
    d.cpu_speed_mh, d.cpu_flags, d.online_cpus, d.kvm_enabled, d.physical_mem_mb, d.reserved_mem, d.guest_overhead, d.mem_commited, d.vm_active,
    d.vm_count, d.vm_migrating, d.vms_cores_count, d.supported_cluster_levels, d.supported_engines, d.supported_emulated_machines,
    d.supported_rng_sources, d.host_os, d.pretty_name, d.kernel_version, d.kvm_version, d.libvirt_version, d.rpm_version, d.software_version,
    d.version_name, d.kernel_args, d.selinux_enforce_mode, d.iscsi_initiator_name, d.hw_manufacturer, d.hw_product_name, d.hw_version,
    d.hw_serial_number, d.hw_uuid, d.hw_family, d.kdump_status, d.is_numa_supported, d.auto_numa_balancing, d.hostdev_passthrough,
    d.net_config_dirty, d.is_update_available,
    t.usage_cpu_percent, t.usage_mem_percent, t.usage_network_percent, t.cpu_user, t.cpu_sys, t.cpu_idle, t.cpu_load, t.mem_free, t.mem_shared,
    t.swap_total, t.swap_free, t.ksm_state, t.ksm_pages, t.ksm_cpu_percent, t.anonymous_hugepages, t.transparent_hugepages_state, t.boot_time,
    c.name as cluster_name, c.compatibility_version, c.storage_pool_id, p.name as storage_pool_name
  from vds_static s
  join vds_dynamic d using (vds_id)
  join vds_statistics t using (vds_id)
  join cluster c using (cluster_id)
  left join storage_pool p on p.id = c.storage_pool_id;

alter table audit_log add column vds_id uuid, add column vds_name varchar(255);
create index audit_log_host on audit_log (vds_id) where vds_id is not null;

-- Hosts are objects as well (type 3), below their cluster.
create or replace view permission_objects (object_id, object_type_id, parent_id) as
  select 'aaa00000-0000-0000-0000-123456789aaa'::uuid, 1, null::uuid
  union all select id, 14, 'aaa00000-0000-0000-0000-123456789aaa' from storage_pool
  union all select cluster_id, 9, coalesce(storage_pool_id, 'aaa00000-0000-0000-0000-123456789aaa') from cluster
  union all select id, 20, storage_pool_id from network
  union all select id, 27, network_id from vnic_profiles
  union all select id, 28, 'aaa00000-0000-0000-0000-123456789aaa' from mac_pools
  union all select tag_id, 22, 'aaa00000-0000-0000-0000-123456789aaa' from tags
  union all select bookmark_id, 23, 'aaa00000-0000-0000-0000-123456789aaa' from bookmarks
  union all select user_id, 15, 'aaa00000-0000-0000-0000-123456789aaa' from users
  union all select id, 17, 'aaa00000-0000-0000-0000-123456789aaa' from ad_groups
  union all select id, 16, 'aaa00000-0000-0000-0000-123456789aaa' from roles
  union all select label_id, 0, 'aaa00000-0000-0000-0000-123456789aaa' from labels
  union all select vm_id, 2, cluster_id from vm_serial_console
  union all select vds_id, 3, cluster_id from vds_static;

-- Commands that are under way: where each is, and what it has found out so far. The row goes when the command has ended.
create table command_entities (
  command_id uuid primary key,
  command_type varchar(100) not null,
  command_parameters jsonb not null,
  data jsonb not null default '{}',
  -- the stage that is to be done next, or taken back
  stage integer not null default 0,
  -- why it is taken back; null while it goes on
  failure text,
  -- somebody wants it taken back
  cancelled boolean not null default false,
  user_id uuid,
  user_name varchar(255) not null,
  correlation_id varchar(50) not null,
  job_id uuid not null,
  step_id uuid not null,
  created_at timestamptz not null default now()
);

-- Objects that a command works on, which no other command may begin with before it has ended.
create table command_locks (
  object_id uuid primary key,
  command_id uuid not null references command_entities (command_id) on delete cascade deferrable initially deferred
);
create index command_locks_command on command_locks (command_id);

-- Counts engines that have taken over the commands. What an earlier one still wants to write is refused.
create table engine_turn (
  only_one boolean primary key default true check (only_one),
  generation bigint not null default 0
);
insert into engine_turn default values;

insert into vdc_options (option_name, option_value, default_value)
values
  -- seconds between two rounds of statistics of a host
  ('VdsStatisticsInSeconds', '15', '15'),
  -- seconds until an agent must have greeted, have answered, and have said anything
  ('vdsConnectionTimeout', '20', '20'),
  ('vdsTimeout', '180', '180'),
  ('vdsHeartbeatInSeconds', '30', '30'),
  -- seconds that a host which cannot be reached is waited for, and more of them for each virtual machine
  ('TimeoutToResetVdsInSeconds', '60', '60'),
  ('DelayResetPerVmInSeconds', '0.5', '0.5'),
  -- seconds between two looks at a host that is not operational
  ('NonOperationalRetryInSeconds', '300', '300')
on conflict (option_name, version) do nothing;
insert into vdc_options (option_name, option_value, default_value, version)
select 'ClusterEmulatedMachines', machines, machines, level
from (values
  ('4.2', 'pc-i440fx-rhel7.3.0,pc-i440fx-2.6'),
  ('4.3', 'pc-i440fx-rhel7.6.0,pc-i440fx-2.12'),
  ('4.4', 'pc-q35-rhel8.1.0,pc-q35-4.1,pc-i440fx-rhel7.6.0,pc-i440fx-2.12'),
  ('4.5', 'pc-q35-rhel8.3.0,pc-q35-4.1,pc-i440fx-rhel7.6.0,pc-i440fx-2.12'),
  ('4.6', 'pc-q35-rhel8.4.0,pc-q35-4.1,pc-i440fx-rhel7.6.0,pc-i440fx-2.12'),
  ('4.7', 'pc-q35-rhel8.6.0,pc-q35-4.1,pc-i440fx-rhel7.6.0,pc-i440fx-2.12'),
  ('4.8', 'pc-q35-rhel9.2.0,pc-q35-4.1,pc-i440fx-rhel7.6.0,pc-i440fx-2.12')
) as known (level, machines)
on conflict (option_name, version) do nothing;

-- Hosts for the data warehouse: the contract is in the migration that made these views.
create or replace view dwh_host_configuration_history_view as
  select
    vds_id as host_id, vds_unique_id::text as host_unique_id, vds_name::text as host_name, cluster_id,
    vds_type::smallint as host_type, host_name::text as fqdn_or_ip, physical_mem_mb::bigint as memory_size_mb,
    swap_total as swap_size_mb, cpu_model::text as cpu_model, cpu_cores as number_of_cores, cpu_sockets as number_of_sockets,
    cpu_threads as number_of_threads, cpu_speed_mh::numeric as cpu_speed_mh,
    (case when cpu_cores > 0 then cpu_threads / cpu_cores end)::integer as threads_per_core, host_os::text as host_os,
    kernel_version::text as kernel_version, kvm_version::text as kvm_version, rpm_version::text as vdsm_version, port as vdsm_port,
    hw_manufacturer::text as hardware_manufacturer, hw_product_name::text as hardware_product_name, hw_version::text as hardware_version,
    hw_serial_number::text as hardware_serial_number, _create_date as create_date, _update_date as update_date
  from vds;

create or replace view dwh_host_configuration_full_check_view as
  select * from dwh_host_configuration_history_view;

create or replace view dwh_host_interface_configuration_history_view as
  select
    id as host_interface_id, name::text as host_interface_name, vds_id as host_id,
    (case when is_bond then 1 else 0 end)::smallint as host_interface_type, speed::bigint * 1000000 as host_interface_speed_bps,
    mac_addr::text as mac_address, network_name::text as logical_network_name, addr::text as ip_address, gateway::text as gateway, is_bond as bond,
    bond_name::text as bond_name, vlan_id, _create_date as create_date, _update_date as update_date
  from vds_interface where vds_id is not null;
