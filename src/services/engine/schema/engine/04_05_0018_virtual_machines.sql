-- Virtual machines, templates and instance types, with their devices. Names and columns are upstream's where upstream has them.

create table vm_static (
  vm_guid uuid primary key,
  vm_name varchar(255) not null,
  entity_type varchar(32) not null check (entity_type in ('VM', 'TEMPLATE', 'INSTANCE_TYPE')),
  description varchar(4000) not null default '',
  free_text_comment text not null default '',
  -- null for the template Blank and for instance types
  cluster_id uuid references cluster (cluster_id),
  -- the template that a machine was made from; its own id for a template that stands for itself
  vmt_guid uuid not null references vm_static (vm_guid) deferrable initially deferred,
  original_template_id uuid,
  instance_type_id uuid references vm_static (vm_guid),
  mem_size_mb integer not null check (mem_size_mb > 0),
  max_memory_size_mb integer not null check (max_memory_size_mb >= mem_size_mb),
  -- memory that is guaranteed
  min_allocated_mem integer not null check (min_allocated_mem between 1 and mem_size_mb),
  balloon_enabled boolean not null default true,
  num_of_sockets integer not null default 1 check (num_of_sockets > 0),
  cpu_per_socket integer not null default 1 check (cpu_per_socket > 0),
  threads_per_cpu integer not null default 1 check (threads_per_cpu > 0),
  cpu_shares integer not null default 0,
  num_of_io_threads integer not null default 0 check (num_of_io_threads >= 0),
  -- a number of the operating systems; 0 other
  os integer not null default 0,
  -- 0 of the cluster, 1 i440fx, 2 q35 with BIOS, 3 q35 with UEFI, 4 the same with Secure Boot
  bios_type integer not null default 0 check (bios_type between 0 and 4),
  boot_menu_enabled boolean not null default false,
  -- `hd`, `cdrom` and `network` in their order
  boot_devices text[] not null default '{hd}',
  kernel_url varchar(4000),
  initrd_url varchar(4000),
  kernel_params varchar(4000),
  -- 0 desktop, 1 server, 2 high performance
  vm_type smallint not null default 1 check (vm_type between 0 and 2),
  time_zone varchar(40),
  is_delete_protected boolean not null default false,
  is_run_and_pause boolean not null default false,
  is_stateless boolean not null default false,
  -- highly available
  auto_startup boolean not null default false,
  priority integer not null default 1 check (priority between 0 and 100),
  -- 0 migratable, 1 only by people, 2 pinned to its hosts
  migration_support integer not null default 0 check (migration_support between 0 and 2),
  num_of_monitors smallint not null default 1 check (num_of_monitors in (1, 2, 4)),
  allow_console_reconnect boolean not null default false,
  console_disconnect_action varchar(64) not null default 'LOCK_SCREEN',
  -- 0 auto resume, 1 leave paused, 2 kill
  resume_behavior smallint not null default 0 check (resume_behavior between 0 and 2),
  serial_number_policy varchar(40),
  custom_serial_number varchar(255),
  custom_emulated_machine varchar(40),
  custom_cpu_name varchar(40),
  custom_compatibility_version varchar(40),
  multi_queues_enabled boolean not null default true,
  -- what cloud-init or the like is to do, as clients gave it
  initialization jsonb,
  small_icon_id uuid references vm_icons (id),
  large_icon_id uuid references vm_icons (id),
  -- of templates: 0 ok, 1 locked, 2 illegal
  template_status smallint not null default 0 check (template_status between 0 and 2),
  template_version_number integer,
  template_version_name varchar(40),
  base_template_id uuid,
  origin varchar(16) not null default 'ovirt',
  created_by_user_id uuid,
  creation_date timestamptz not null default now(),
  _update_date timestamptz,
  check ((entity_type = 'VM') <= (cluster_id is not null))
);
-- Several data centers may each have a machine of a name; one has it once.
create index vm_static_name on vm_static (entity_type, vm_name);
create index vm_static_cluster on vm_static (cluster_id);
create index vm_static_template on vm_static (vmt_guid);
-- Searches compare without regard to case, often with the beginning of a name only.
create index vm_static_lower_name on vm_static (lower(vm_name) text_pattern_ops);

-- Hosts that a machine may run on, where it may not run on all.
create table vm_host_pinning_map (
  vm_id uuid not null references vm_static (vm_guid) on delete cascade deferrable initially deferred,
  vds_id uuid not null references vds_static (vds_id) on delete cascade,
  primary key (vm_id, vds_id)
);

-- How a virtual machine is, as its host told last.
create table vm_dynamic (
  vm_guid uuid primary key references vm_static (vm_guid) on delete cascade deferrable initially deferred,
  -- -1 unassigned, 0 down, 1 up, 2 powering up, 4 paused, 5 migrating from, 6 migrating to, 7 unknown, 8 not responding, 9 wait for launch, 10 reboot in
  -- progress, 11 saving state, 12 restoring state, 13 suspended, 14 image illegal, 15 image locked, 16 powering down
  status integer not null default 0 check (status between -1 and 16),
  status_since timestamptz not null default now(),
  -- the host that it runs on, or may run on: as long as this is set, it is started nowhere else
  run_on_vds uuid references vds_static (vds_id),
  last_start_time timestamptz,
  last_stop_time timestamptz,
  -- what this run was started with where that differs from what is kept: what clients gave with the action
  run_once boolean not null default false,
  run_configuration jsonb,
  stop_reason text,
  pause_status varchar(32),
  exit_reason smallint,
  exit_message text,
  -- changes when the list of devices does
  hash varchar(64),
  -- displays that are open: [{"type": "vnc", "port": 5900, "tlsPort": null, "address": "..."}]
  graphics jsonb not null default '[]',
  emulated_machine varchar(40),
  current_cd text,
  guest_host_name text,
  guest_fqdn text,
  guest_os jsonb,
  guest_time_zone jsonb,
  guest_applications text,
  guest_user_name text,
  -- addresses in the order in which the guest has told them
  vm_ip text,
  client_ip varchar(255),
  console_user_name varchar(255),
  console_user_id uuid
);
create index vm_dynamic_host on vm_dynamic (run_on_vds) where run_on_vds is not null;

-- What a virtual machine uses.
create table vm_statistics (
  vm_guid uuid primary key references vm_static (vm_guid) on delete cascade deferrable initially deferred,
  cpu_user numeric(7, 3),
  cpu_sys numeric(7, 3),
  usage_cpu_percent smallint,
  usage_mem_percent smallint,
  usage_network_percent smallint,
  elapsed_time numeric(18, 0),
  guest_mem_free bigint,
  guest_mem_buffered bigint,
  guest_mem_cached bigint,
  guest_mem_unused bigint,
  disks_usage text,
  _update_date timestamptz
);

create table vm_interface (
  id uuid primary key,
  vm_guid uuid not null references vm_static (vm_guid) on delete cascade deferrable initially deferred,
  name varchar(50) not null,
  mac_addr varchar(17),
  -- 1 rtl8139, 2 e1000, 3 virtio, 5 passthrough, 8 e1000e
  type integer not null default 3,
  vnic_profile_id uuid references vnic_profiles (id) on delete set null,
  linked boolean not null default true,
  is_plugged boolean not null default true,
  -- mega bits a second
  speed integer not null default 10000,
  _create_date timestamptz not null default now(),
  _update_date timestamptz,
  unique (vm_guid, name)
);
create index vm_interface_mac on vm_interface (mac_addr);

create table vm_interface_statistics (
  id uuid primary key references vm_interface (id) on delete cascade,
  rx_total bigint,
  tx_total bigint,
  rx_drop bigint,
  tx_drop bigint,
  -- bytes a second
  rx_rate numeric(18, 4),
  tx_rate numeric(18, 4),
  sample_time double precision
);

-- Network interfaces as the guest sees them.
create table vm_guest_agent_interfaces (
  vm_id uuid not null references vm_static (vm_guid) on delete cascade,
  interface_name varchar(50) not null,
  mac_address varchar(59),
  ipv4_addresses text[] not null default '{}',
  ipv6_addresses text[] not null default '{}',
  primary key (vm_id, interface_name)
);

-- Devices that are neither disks nor network interfaces.
create table vm_device (
  device_id uuid not null,
  vm_id uuid not null references vm_static (vm_guid) on delete cascade deferrable initially deferred,
  -- graphics, video, disk (with the device cdrom), console, rng, balloon, sound, watchdog, channel, controller
  type varchar(30) not null,
  device varchar(30) not null,
  spec_params jsonb not null default '{}',
  is_managed boolean not null default true,
  is_plugged boolean not null default true,
  is_readonly boolean not null default false,
  -- of a CD: the file that is in it when the machine is started; the name of a file of an ISO domain, or the id of a disk
  content text,
  _create_date timestamptz not null default now(),
  _update_date timestamptz,
  primary key (device_id, vm_id)
);
create index vm_device_vm on vm_device (vm_id, type);

-- Disks of a machine. A disk that can be shared has several.
create table disk_vm_element (
  disk_id uuid not null references base_disks (disk_id) on delete cascade deferrable initially deferred,
  vm_id uuid not null references vm_static (vm_guid) on delete cascade deferrable initially deferred,
  is_boot boolean not null default false,
  disk_interface varchar(32) not null check (disk_interface in ('IDE', 'VirtIO', 'VirtIO_SCSI', 'SATA', 'SPAPR_VSCSI')),
  is_plugged boolean not null default true,
  is_readonly boolean not null default false,
  pass_discard boolean not null default false,
  is_using_scsi_reservation boolean not null default false,
  -- as the guest calls it
  disk_vm_name varchar(255),
  _create_date timestamptz not null default now(),
  primary key (vm_id, disk_id)
);
create index disk_vm_element_disk on disk_vm_element (disk_id);

-- Two writers destroy what is on a disk. So whoever changes which disks a machine has waits for who starts it, and the other way round; and of two
-- that want one disk for two machines the second one is refused. Statements see what was when they began: only a function sees what is now.
create function guard_disk_attachments()
returns trigger
language plpgsql
set search_path = public, pg_temp
as $$
declare
  v_vm uuid := case tg_op when 'DELETE' then old.vm_id else new.vm_id end;
  v_plugged boolean := (tg_op <> 'INSERT' and old.is_plugged) or (tg_op <> 'DELETE' and new.is_plugged);
  v_status integer;
  v_shareable boolean;
begin
  if v_plugged then
    select status into v_status from vm_dynamic where vm_guid = v_vm for update;
    if v_status not in (0, 14, 15) then
      raise exception 'Virtual machine % would have to be down.', (select vm_name from vm_static where vm_guid = v_vm) using errcode = 'OV409';
    end if;
  end if;
  if tg_op = 'INSERT' then
    select shareable into v_shareable from base_disks where disk_id = new.disk_id for update;
    if not v_shareable and exists (select from disk_vm_element e where e.disk_id = new.disk_id and e.vm_id <> new.vm_id) then
      raise exception 'The disk is one of another virtual machine, and is not to be shared.' using errcode = 'OV409';
    end if;
  end if;
  return null;
end
$$;
create trigger disk_attachments_are_guarded
  after insert or delete or update of is_plugged, is_boot, is_readonly, disk_interface, pass_discard, is_using_scsi_reservation
  on disk_vm_element for each row execute function guard_disk_attachments();

create table tags_vm_map (
  tag_id uuid not null references tags (tag_id) on delete cascade,
  vm_id uuid not null references vm_static (vm_guid) on delete cascade,
  primary key (tag_id, vm_id)
);

-- Virtual machines as wholes.
create view vms as
  select s.*, d.status, d.status_since, d.run_on_vds, d.last_start_time, d.last_stop_time, d.run_once, d.run_configuration, d.stop_reason,
    d.pause_status, d.exit_reason, d.exit_message, d.hash, d.graphics, d.emulated_machine, d.current_cd, d.guest_host_name, d.guest_fqdn, d.guest_os,
    d.guest_time_zone, d.guest_applications, d.guest_user_name, d.vm_ip, d.client_ip, d.console_user_name, d.console_user_id,
    c.name as cluster_name, c.compatibility_version, c.storage_pool_id, c.architecture
  from vm_static s
  join vm_dynamic d using (vm_guid)
  join cluster c using (cluster_id)
  where s.entity_type = 'VM';

insert into vdc_options (option_name, option_value, default_value)
values
  -- seconds that guests are given to shut down
  ('VmGracefulShutdownTimeout', '30', '30')
on conflict (option_name, version) do nothing;

-- Virtual machines for the data warehouse: the contract is in the migration that made these views.
create or replace view dwh_vm_configuration_history_view as
  select
    s.vm_guid as vm_id, s.vm_name::text as vm_name, s.description::text as vm_description, s.vm_type, s.cluster_id, s.vmt_guid as template_id,
    t.vm_name::text as template_name, s.cpu_per_socket, s.num_of_sockets as number_of_sockets, s.mem_size_mb::bigint as memory_size_mb,
    s.os as operating_system,
    -- a machine that may run on one host alone
    (select min(p.vds_id::text)::uuid from vm_host_pinning_map p where p.vm_id = s.vm_guid having count(*) = 1) as default_host,
    s.auto_startup as high_availability, s.initialization is not null as initialized, s.is_stateless as stateless, false as fail_back,
    0::smallint as usb_policy, s.time_zone::text as time_zone, null::uuid as vm_pool_id, null::text as vm_pool_name, s.created_by_user_id,
    s.creation_date as create_date, s._update_date as update_date
  from vm_static s
  join vm_static t on t.vm_guid = s.vmt_guid
  where s.entity_type = 'VM';

-- A machine that an engine runs in, for setup: the contract is in the migration that made this view. No host tells of global maintenance yet.
create or replace view setup_hosted_engine_view as
  select v.vm_name::text as vm_name, h.vds_name::text as host_name, null::boolean as is_global_maintenance
  from vm_static v
  join vm_dynamic d using (vm_guid)
  left join vds_static h on h.vds_id = d.run_on_vds
  where v.entity_type = 'VM' and v.vm_name = (select option_value from vdc_options where option_name = 'HostedEngineVmName' and version = 'general');

create trigger permissions_follow after delete on vm_static for each row execute function remove_permissions_of_deleted('vm_guid');

alter table audit_log
  add column vm_id uuid,
  add column vm_name varchar(255),
  add column vm_template_id uuid;
create index audit_log_vm on audit_log (vm_id) where vm_id is not null;

-- A data center has one machine of a name; templates and instance types have theirs once. Whoever comes second waits, and sees the first.
create function keep_machine_names_apart()
returns trigger
language plpgsql
set search_path = public, pg_temp
as $$
begin
  perform pg_advisory_xact_lock(hashtext('machine ' || new.entity_type), hashtext(new.vm_name));
  if exists (
    select from vm_static s left join cluster c using (cluster_id)
    where s.entity_type = new.entity_type and s.vm_name = new.vm_name and s.vm_guid <> new.vm_guid
      and (new.entity_type <> 'VM' or c.storage_pool_id is not distinct from (select storage_pool_id from cluster where cluster_id = new.cluster_id))
  ) then
    raise exception 'The name % is already in use.', new.vm_name using errcode = 'OV409';
  end if;
  return new;
end
$$;
create trigger names_apart before insert or update of vm_name, cluster_id on vm_static for each row execute function keep_machine_names_apart();

create function mac_number(v_mac text)
returns bigint
language sql immutable strict
as $$ select ('x' || replace(v_mac, ':', ''))::bit(48)::bigint $$;

create function mac_text(v_number bigint)
returns text
language sql immutable strict
as $$ select regexp_replace(lpad(to_hex(v_number), 12, '0'), '(..)(?!$)', '\1:', 'g') $$;

-- An address of a pool that no interface has: the one behind the last that was given, and only at the end of all ranges one between others.
create function free_mac_address(v_pool uuid)
returns text
language plpgsql stable
set search_path = public, pg_temp
as $$
declare
  v_range record;
  v_last text;
  v_free bigint;
begin
  for v_range in select lower(from_mac) as first, lower(to_mac) as last from mac_pool_ranges where mac_pool_id = v_pool order by from_mac loop
    select max(mac_addr) into v_last from vm_interface where mac_addr between v_range.first and v_range.last;
    if v_last is null then
      return v_range.first;
    elsif v_last <> v_range.last then
      return mac_text(mac_number(v_last) + 1);
    end if;
  end loop;
  for v_range in select lower(from_mac) as first, lower(to_mac) as last from mac_pool_ranges where mac_pool_id = v_pool order by from_mac loop
    if not exists (select from vm_interface where mac_addr = v_range.first) then
      return v_range.first;
    end if;
    select mac_number(i.mac_addr) + 1 into v_free from vm_interface i
    where i.mac_addr >= v_range.first and i.mac_addr < v_range.last
      and not exists (select from vm_interface n where n.mac_addr = mac_text(mac_number(i.mac_addr) + 1))
    order by i.mac_addr limit 1;
    if v_free is not null then
      return mac_text(v_free);
    end if;
  end loop;
  return null;
end
$$;

-- Interfaces of machines have an address: that which they are given, if nobody else has it, or one of the pool of their cluster. Those of
-- templates and instance types have none. One is given after the other, so that none is given twice.
create function give_mac_address()
returns trigger
language plpgsql
set search_path = public, pg_temp
as $$
declare
  v_pool uuid;
  v_twice boolean;
begin
  select p.id, p.allow_duplicate_mac_addresses into v_pool, v_twice
  from vm_static s join cluster c using (cluster_id) join mac_pools p on p.id = c.mac_pool_id
  where s.vm_guid = new.vm_guid and s.entity_type = 'VM';
  if not found then
    new.mac_addr := null;
    return new;
  end if;
  perform pg_advisory_xact_lock(hashtext('mac addresses'));
  if new.mac_addr is null then
    new.mac_addr := free_mac_address(v_pool);
    if new.mac_addr is null then
      raise exception 'All MAC addresses of the pool of the cluster are in use: give the pool another range.' using errcode = 'OV409';
    end if;
  elsif not v_twice and exists (select from vm_interface where mac_addr = new.mac_addr and id <> new.id) then
    raise exception 'The MAC address % is already in use.', new.mac_addr using errcode = 'OV409';
  end if;
  return new;
end
$$;
create trigger give_mac_address before insert or update of mac_addr on vm_interface for each row execute function give_mac_address();

insert into vdc_options (option_name, option_value, default_value)
values
  -- what a machine can have at most
  ('MaxNumOfVmCpus', '384', '384'),
  ('MaxNumOfVmSockets', '16', '16'),
  ('MaxNumOfCpuPerSocket', '254', '254'),
  ('MaxNumOfThreadsPerCpu', '8', '8'),
  ('VM64BitMaxMemorySizeInMB', '4194304', '4194304')
on conflict (option_name, version) do nothing;

insert into vm_static (vm_guid, vm_name, entity_type, description, vmt_guid, base_template_id, mem_size_mb, max_memory_size_mb, min_allocated_mem,
  template_version_number, creation_date)
values ('00000000-0000-0000-0000-000000000000', 'Blank', 'TEMPLATE', 'Blank template', '00000000-0000-0000-0000-000000000000',
  '00000000-0000-0000-0000-000000000000', 1024, 4096, 1024, 1, '2008-04-01T00:00:00Z');
insert into vm_static (vm_guid, vm_name, entity_type, description, vmt_guid, mem_size_mb, max_memory_size_mb, min_allocated_mem, num_of_sockets, creation_date)
select id::uuid, name, 'INSTANCE_TYPE', description, '00000000-0000-0000-0000-000000000000', memory, memory * 4, memory, processors, '2008-04-01T00:00:00Z'
from (values
  ('00000003-0003-0003-0003-0000000000be', 'Tiny', 'Tiny instance type', 512, 1),
  ('00000005-0005-0005-0005-0000000002e6', 'Small', 'Small instance type', 2048, 1),
  ('00000007-0007-0007-0007-00000000010a', 'Medium', 'Medium instance type', 4096, 2),
  ('00000009-0009-0009-0009-0000000000f1', 'Large', 'Large instance type', 8192, 2),
  ('0000000b-000b-000b-000b-00000000021f', 'XLarge', 'Extra large instance type', 16384, 4)
) as known (id, name, description, memory, processors);
-- What a new machine has: a display, and the card that it shows.
insert into vm_device (device_id, vm_id, type, device)
select gen_random_uuid(), vm_guid, device.type, device.device
from vm_static, (values ('graphics', 'vnc'), ('video', 'vga'), ('disk', 'cdrom'), ('rng', 'urandom'), ('balloon', 'memballoon')) as device (type, device);

-- Whoever may make machines somewhere may make them from nothing.
insert into permissions (role_id, ad_element_id, object_id, object_type_id)
values ('def00009-0000-0000-0000-def000000009', 'eee00000-0000-0000-0000-123456789eee', '00000000-0000-0000-0000-000000000000', 4);

-- Objects of this kind and of those that they need: storage domains (type 11), below the data centers that use them; disks (19), below the
-- domains that they lie on and the machines that have them; virtual machines (2) below their cluster, and templates (4) below their data center.
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
  union all select vds_id, 3, cluster_id from vds_static
  union all select d.id, 11, coalesce(m.storage_pool_id, 'aaa00000-0000-0000-0000-123456789aaa')
    from storage_domain_static d left join storage_pool_iso_map m on m.storage_id = d.id
  union all select i.image_group_id, 19, m.storage_domain_id from images i join image_storage_domain_map m on m.image_id = i.image_guid
  union all select disk_id, 19, vm_id from disk_vm_element
  union all select vm_guid, 2, cluster_id from vm_static where entity_type = 'VM'
  union all select vm_guid, 4, coalesce(c.storage_pool_id, 'aaa00000-0000-0000-0000-123456789aaa')
    from vm_static left join cluster c using (cluster_id) where entity_type = 'TEMPLATE';

-- Who sees and may do what is asked with every request, and there are tens of thousands of objects now. So these functions ask for objects by
-- their ids, step by step, and keep their plans: to plan for a view of so many kinds takes longer than to look.

-- Objects and everything that they lie in; what does not exist is left out.
create function objects_and_parents(v_object_ids uuid[])
returns uuid[]
language plpgsql stable
set search_path = public, pg_temp
set plan_cache_mode = force_generic_plan
as $$
declare
  v_all uuid[] := '{}';
  v_level uuid[] := v_object_ids;
  v_found uuid[];
  v_parents uuid[];
begin
  loop
    select array_agg(distinct o.object_id), array_agg(distinct o.parent_id) filter (where o.parent_id is not null)
    into v_found, v_parents
    from permission_objects o where o.object_id = any(v_level);
    exit when v_found is null;
    v_all := v_all || v_found;
    v_level := array(select p from unnest(v_parents) p where p <> all(v_all));
    exit when cardinality(v_level) = 0;
  end loop;
  return v_all;
end
$$;

create or replace function object_and_parents(v_object_id uuid)
returns table (object_id uuid)
language sql stable
set search_path = public, pg_temp
as $$ select unnest(objects_and_parents(array[v_object_id])) $$;

create or replace function has_permit(v_user_id uuid, v_permit integer, v_object_id uuid)
returns boolean
language plpgsql stable
set search_path = public, pg_temp
set plan_cache_mode = force_generic_plan
as $$
declare
  v_objects uuid[] := objects_and_parents(array[v_object_id]);
begin
  return exists (
    select from permissions p
    join roles_groups g on g.role_id = p.role_id and g.action_group_id = v_permit
    where p.ad_element_id in (select u.ad_element_id from user_and_groups(v_user_id) u) and p.object_id = any(v_objects)
  );
end
$$;

-- Objects that a user sees: those with a permission, what lies in them if the role says so, and what they lie in.
create or replace function visible_objects(v_user_id uuid)
returns table (object_id uuid)
language plpgsql stable
set search_path = public, pg_temp
set plan_cache_mode = force_generic_plan
as $$
begin
  return query
  with recursive mine as (
    select p.object_id, r.allows_viewing_children as down
    from permissions p join roles r on r.id = p.role_id
    where p.ad_element_id in (select u.ad_element_id from user_and_groups(v_user_id) u)
  ), below as (
    select m.object_id from mine m where m.down
    union
    select o.object_id from permission_objects o join below b on o.parent_id = b.object_id
  ), above as (
    select m.object_id from mine m
    union
    select o.parent_id from permission_objects o join above a on o.object_id = a.object_id where o.parent_id is not null
  )
  select b.object_id from below b union select a.object_id from above a;
end
$$;

-- Whether a user sees one object: what `visible_objects` says of all, without looking at the others.
create function sees_object(v_user_id uuid, v_object_id uuid)
returns boolean
language plpgsql stable
set search_path = public, pg_temp
set plan_cache_mode = force_generic_plan
as $$
declare
  v_above uuid[] := objects_and_parents(array[v_object_id]);
  v_mine uuid[];
  v_down boolean;
begin
  select array_agg(p.object_id), bool_or(p.object_id = v_object_id or (r.allows_viewing_children and p.object_id = any(v_above)))
  into v_mine, v_down
  from permissions p join roles r on r.id = p.role_id
  where p.ad_element_id in (select u.ad_element_id from user_and_groups(v_user_id) u);
  return coalesce(v_down or v_object_id = any(objects_and_parents(v_mine)), false);
end
$$;
