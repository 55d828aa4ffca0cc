-- What the API shows before there are hosts: data centers, clusters, networks, pools of MAC addresses, tags, bookmarks, groups,
-- labels, icons, jobs, and who may do what with them. Names and columns are upstream's where upstream has them.

create table roles_groups (
  role_id uuid not null references roles (id) on delete cascade,
  -- the number of a permit; the engine knows their names
  action_group_id integer not null,
  primary key (role_id, action_group_id)
);

create table ad_groups (
  id uuid primary key,
  name varchar(255) not null,
  domain varchar(100) not null,
  distinguishedname varchar(4000),
  external_id text not null,
  namespace varchar(2048) not null default '*',
  unique (domain, external_id)
);

-- Groups of the engine that a user belongs to; the directory says so at login.
create table user_groups (
  user_id uuid not null references users (user_id) on delete cascade,
  group_id uuid not null references ad_groups (id) on delete cascade,
  primary key (user_id, group_id)
);

create table mac_pools (
  id uuid primary key,
  name varchar(255) not null unique,
  description varchar(4000) not null default '',
  allow_duplicate_mac_addresses boolean not null default false,
  default_pool boolean not null default false
);
create unique index mac_pools_default on mac_pools (default_pool) where default_pool;

create table mac_pool_ranges (
  -- deferred: a pool and its ranges are added by one statement
  mac_pool_id uuid not null references mac_pools (id) on delete cascade deferrable initially deferred,
  from_mac varchar(17) not null,
  to_mac varchar(17) not null,
  primary key (mac_pool_id, from_mac),
  check (from_mac <= to_mac)
);

-- Replaces the ranges of a pool by those of a JSON array of objects with `from` and `to`.
create function set_mac_pool_ranges(v_pool uuid, v_ranges json)
returns void
language sql
set search_path = public, pg_temp
as $$
  delete from mac_pool_ranges where mac_pool_id = v_pool;
  insert into mac_pool_ranges (mac_pool_id, from_mac, to_mac)
  select v_pool, r."from", r."to" from json_to_recordset(v_ranges) as r ("from" varchar, "to" varchar);
$$;

create table storage_pool (
  id uuid primary key,
  name varchar(40) not null unique,
  description varchar(4000) not null default '',
  free_text_comment text not null default '',
  is_local boolean not null default false,
  -- 0 uninitialized, 1 up, 2 maintenance, 3 not operational, 4 non responsive, 5 contend
  status integer not null default 0 check (status between 0 and 5),
  compatibility_version varchar(40) not null,
  storage_pool_format_type varchar(50),
  -- 0 disabled, 1 audit, 2 enforced
  quota_enforcement_type smallint not null default 0 check (quota_enforcement_type between 0 and 2),
  _create_date timestamptz not null default now(),
  _update_date timestamptz
);

create table cluster (
  cluster_id uuid primary key,
  name varchar(40) not null unique,
  description varchar(4000) not null default '',
  free_text_comment text not null default '',
  cpu_name varchar(255),
  -- 0 undefined, 1 x86_64, 2 ppc64
  architecture integer not null default 0,
  storage_pool_id uuid references storage_pool (id),
  compatibility_version varchar(40) not null,
  mac_pool_id uuid not null references mac_pools (id),
  max_vds_memory_over_commit integer not null default 100 check (max_vds_memory_over_commit > 0),
  count_threads_as_cores boolean not null default false,
  -- 0 no, 1 yes, 2 highly available ones only
  migrate_on_error integer not null default 1 check (migrate_on_error between 0 and 2),
  virt_service boolean not null default true,
  gluster_service boolean not null default false,
  tunnel_migration boolean not null default false,
  trusted_service boolean not null default false,
  ha_reservation boolean not null default false,
  enable_balloon boolean not null default true,
  enable_ksm boolean not null default true,
  switch_type varchar(6) not null default 'LEGACY' check (switch_type in ('LEGACY', 'OVS')),
  firewall_type integer not null default 1 check (firewall_type in (0, 1)),
  bios_type integer,
  vnc_encryption_enabled boolean not null default true,
  fips_mode smallint not null default 0,
  log_max_memory_used_threshold integer not null default 95,
  log_max_memory_used_threshold_type smallint not null default 0,
  _create_date timestamptz not null default now(),
  _update_date timestamptz
);
create index cluster_pool on cluster (storage_pool_id);

create table network (
  id uuid primary key,
  name varchar(256) not null,
  vdsm_name varchar(15) not null,
  description varchar(4000) not null default '',
  free_text_comment text not null default '',
  storage_pool_id uuid not null references storage_pool (id) on delete cascade,
  vlan_id integer check (vlan_id between 0 and 4094),
  stp boolean not null default false,
  -- 0: what the host has by default
  mtu integer not null default 0 check (mtu >= 0),
  vm_network boolean not null default true,
  label text,
  port_isolation boolean not null default false,
  unique (storage_pool_id, name)
);

create table network_cluster (
  network_id uuid not null references network (id) on delete cascade,
  cluster_id uuid not null references cluster (cluster_id) on delete cascade,
  -- 0 non operational, 1 operational
  status integer not null default 0,
  required boolean not null default true,
  management boolean not null default false,
  is_display boolean not null default false,
  migration boolean not null default false,
  is_gluster boolean not null default false,
  default_route boolean not null default false,
  primary key (network_id, cluster_id)
);
create index network_cluster_cluster on network_cluster (cluster_id);

create table network_filter (
  filter_id uuid primary key,
  filter_name varchar(50) not null unique,
  version varchar(40) not null
);

create table vnic_profiles (
  id uuid primary key,
  name varchar(256) not null,
  description text not null default '',
  network_id uuid not null references network (id) on delete cascade,
  port_mirroring boolean not null default false,
  passthrough boolean not null default false,
  migratable boolean not null default true,
  network_filter_id uuid references network_filter (filter_id),
  unique (network_id, name)
);

create table tags (
  tag_id uuid primary key,
  tag_name varchar(50) not null unique,
  description varchar(4000) not null default '',
  parent_id uuid references tags (tag_id),
  readonly boolean not null default false
);
create table tags_user_map (
  tag_id uuid not null references tags (tag_id) on delete cascade,
  user_id uuid not null references users (user_id) on delete cascade,
  primary key (tag_id, user_id)
);
create table tags_user_group_map (
  tag_id uuid not null references tags (tag_id) on delete cascade,
  group_id uuid not null references ad_groups (id) on delete cascade,
  primary key (tag_id, group_id)
);

create table bookmarks (
  bookmark_id uuid primary key,
  bookmark_name varchar(40) not null unique,
  bookmark_value varchar(300) not null
);

create table labels (
  label_id uuid primary key,
  label_name varchar(50) not null unique,
  read_only boolean not null default false,
  has_implicit_affinity_group boolean not null default false
);

create table vm_icons (
  id uuid primary key,
  -- 'data:image/png;base64,...'
  data_url varchar(32768) not null unique
);

create table job (
  job_id uuid primary key,
  action_type varchar(50) not null,
  description text not null,
  status varchar(32) not null check (status in ('STARTED', 'FINISHED', 'FAILED', 'ABORTED', 'UNKNOWN')),
  owner_id uuid references users (user_id) on delete set null,
  visible boolean not null default true,
  start_time timestamptz not null,
  end_time timestamptz,
  last_update_time timestamptz not null,
  correlation_id varchar(50) not null,
  is_external boolean not null default false,
  is_auto_cleared boolean not null default true
);
create index job_correlation on job (correlation_id);

create table step (
  step_id uuid primary key,
  parent_step_id uuid references step (step_id) on delete cascade,
  job_id uuid not null references job (job_id) on delete cascade,
  step_type varchar(32) not null,
  description text not null,
  step_number integer not null,
  status varchar(32) not null check (status in ('STARTED', 'FINISHED', 'FAILED', 'ABORTED', 'UNKNOWN')),
  progress smallint,
  start_time timestamptz not null,
  end_time timestamptz,
  correlation_id varchar(50) not null,
  is_external boolean not null default false
);
create index step_job on step (job_id);

alter table audit_log
  add column deleted boolean not null default false,
  add column job_id uuid,
  add column storage_pool_id uuid,
  add column cluster_id uuid,
  add column custom_event_id integer not null default -1,
  add column event_flood_in_sec integer not null default 30,
  add column custom_data text not null default '';
create index audit_log_correlation on audit_log (correlation_id);

-- Every object that a permission can be given on, with the object that it lies in. A later migration adds its own kinds.
create view permission_objects (object_id, object_type_id, parent_id) as
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
  union all select id, 16, 'aaa00000-0000-0000-0000-123456789aaa' from roles;

-- An object and everything that it lies in.
create function object_and_parents(v_object_id uuid)
returns table (object_id uuid)
language sql stable
set search_path = public, pg_temp
as $$
  with recursive up as (
    select o.object_id, o.parent_id from permission_objects o where o.object_id = v_object_id
    union
    select o.object_id, o.parent_id from permission_objects o join up on o.object_id = up.parent_id
  )
  select up.object_id from up
$$;

-- Who acts when a user acts: the user, the user's groups, and everybody.
create function user_and_groups(v_user_id uuid)
returns table (ad_element_id uuid)
language sql stable
set search_path = public, pg_temp
as $$
  select v_user_id
  union select group_id from user_groups where user_id = v_user_id
  union select 'eee00000-0000-0000-0000-123456789eee'::uuid
$$;

-- Whether a user may do something with an object.
create function has_permit(v_user_id uuid, v_permit integer, v_object_id uuid)
returns boolean
language sql stable
set search_path = public, pg_temp
as $$
  select exists (
    select from permissions p
    join roles_groups g on g.role_id = p.role_id and g.action_group_id = v_permit
    where p.ad_element_id in (select ad_element_id from user_and_groups(v_user_id))
      and p.object_id in (select object_id from object_and_parents(v_object_id))
  )
$$;

-- Objects that a user sees: those with a permission, what lies in them if the role says so, and what they lie in.
create function visible_objects(v_user_id uuid)
returns table (object_id uuid)
language sql stable
set search_path = public, pg_temp
as $$
  with recursive mine as (
    select p.object_id, r.allows_viewing_children as down
    from permissions p join roles r on r.id = p.role_id
    where p.ad_element_id in (select ad_element_id from user_and_groups(v_user_id))
  ), below as (
    select m.object_id from mine m where m.down
    union
    select o.object_id from permission_objects o join below b on o.parent_id = b.object_id
  ), above as (
    select m.object_id from mine m
    union
    select o.parent_id from permission_objects o join above a on o.object_id = a.object_id where o.parent_id is not null
  )
  select object_id from below union select object_id from above
$$;

insert into ad_groups (id, name, domain, external_id)
values ('eee00000-0000-0000-0000-123456789eee', 'Everyone', '', 'eee00000-0000-0000-0000-123456789eee');

insert into roles (id, name, description, is_readonly, role_type, allows_viewing_children)
values
  ('00000000-0000-0000-0001-000000000001', 'UserRole', 'May log in and use virtual machines', true, 2, true),
  ('00000000-0000-0000-0001-000000000002', 'PowerUserRole', 'May make virtual machines and templates', true, 2, true),
  ('def00001-0000-0000-0000-def000000001', 'ClusterAdmin', 'Manages clusters with everything in them', true, 1, true),
  ('def00002-0000-0000-0000-def000000002', 'DataCenterAdmin', 'Manages data centers with everything in them but storage', true, 1, true),
  ('def00003-0000-0000-0000-def000000003', 'StorageAdmin', 'Manages storage', true, 1, true),
  ('def00004-0000-0000-0000-def000000004', 'HostAdmin', 'Manages hosts', true, 1, true),
  ('def00005-0000-0000-0000-def000000005', 'NetworkAdmin', 'Manages networks', true, 1, true),
  ('def00006-0000-0000-0000-def000000006', 'UserVmManager', 'Manages a virtual machine', true, 2, false),
  ('def00009-0000-0000-0000-def000000009', 'UserTemplateBasedVm', 'May make virtual machines from a template', true, 2, false),
  ('def0000a-0000-0000-0000-def000000010', 'VnicProfileUser', 'May attach a vNIC profile to network interfaces', true, 2, true),
  ('def00014-0000-0000-0000-def000000005', 'TagManager', 'Manages tags', true, 1, true),
  ('def00015-0000-0000-0000-def000000005', 'BookmarkManager', 'Manages bookmarks', true, 1, true),
  ('def00016-0000-0000-0000-def000000005', 'EventNotificationManager', 'Manages subscriptions to events', true, 1, true),
  ('def00017-0000-0000-0000-def000000005', 'AuditLogManager', 'Manages events', true, 1, true),
  ('def00013-0000-0000-0000-def000000013', 'MacPoolAdmin', 'Manages pools of MAC addresses', true, 1, true),
  ('def00014-0000-0000-0000-def000000014', 'MacPoolUser', 'May use a pool of MAC addresses', true, 1, false),
  ('def00021-0000-0000-0000-def000000015', 'ReadOnlyAdmin', 'Sees everything and changes nothing', true, 1, true);

insert into roles_groups (role_id, action_group_id)
select r.id, p
from roles r
cross join lateral unnest(case r.name
  when 'UserRole' then array[4, 5, 7, 17, 18, 19, 21, 22, 1300]
  when 'PowerUserRole' then array[1, 4, 5, 7, 17, 18, 19, 21, 22, 200, 1100, 1300]
  when 'ClusterAdmin' then array[1, 2, 3, 4, 5, 6, 7, 17, 18, 19, 21, 22, 100, 101, 102, 103, 104, 400, 401, 402, 403, 404, 502, 1300, 1664]
  when 'DataCenterAdmin' then array[1, 2, 3, 4, 5, 6, 7, 8, 17, 18, 19, 21, 22, 100, 101, 102, 103, 104, 200, 400, 401, 402, 403, 404, 502, 700, 701, 702, 703, 1100, 1101, 1102, 1104, 1201, 1202, 1203, 1206, 1300, 1664]
  when 'StorageAdmin' then array[502, 600, 601, 602, 603, 1100, 1101, 1102, 1104, 1300]
  when 'HostAdmin' then array[6, 100, 101, 102, 103, 104, 1300]
  when 'NetworkAdmin' then array[104, 403, 404, 502, 703, 1200, 1201, 1202, 1203, 1206, 1300]
  when 'UserVmManager' then array[2, 3, 4, 5, 7, 17, 18, 19, 21, 22, 502, 1100, 1101, 1102, 1300, 1664]
  when 'UserTemplateBasedVm' then array[1, 1300]
  when 'VnicProfileUser' then array[1205, 1300]
  when 'TagManager' then array[1300, 1301]
  when 'BookmarkManager' then array[1300, 1302]
  when 'EventNotificationManager' then array[1300, 1303]
  when 'AuditLogManager' then array[1300, 1304]
  when 'MacPoolAdmin' then array[502, 1300, 1660, 1661, 1662, 1663]
  when 'MacPoolUser' then array[1300, 1663]
  when 'ReadOnlyAdmin' then array[1300]
end::integer[]) as p
where r.name <> 'SuperUser';

-- Everything, also what no other role has.
insert into roles_groups (role_id, action_group_id)
select '00000000-0000-0000-0000-000000000001', p
from unnest(array[1, 2, 3, 4, 5, 6, 7, 8, 17, 18, 19, 21, 22, 23, 100, 101, 102, 103, 104, 200, 400, 401, 402, 403, 404, 500, 501, 502, 503,
  600, 601, 602, 603, 700, 701, 702, 703, 800, 1100, 1101, 1102, 1104, 1200, 1201, 1202, 1203, 1205, 1206, 1300, 1301, 1302, 1303, 1304,
  1400, 1500, 1660, 1661, 1662, 1663, 1664]) as p;

-- What a first installation begins with.
insert into mac_pools (id, name, description, default_pool)
values ('58ca604b-017d-0374-0220-00000000014e', 'Default', 'Default MAC pool', true);
insert into mac_pool_ranges (mac_pool_id, from_mac, to_mac)
values ('58ca604b-017d-0374-0220-00000000014e', '56:6f:00:00:00:00', '56:6f:00:00:ff:ff');

insert into storage_pool (id, name, description, compatibility_version)
values (gen_random_uuid(), 'Default', 'The default data center', '4.8');
insert into cluster (cluster_id, name, description, storage_pool_id, compatibility_version, mac_pool_id)
select gen_random_uuid(), 'Default', 'The default server cluster', id, '4.8', '58ca604b-017d-0374-0220-00000000014e' from storage_pool;
insert into vdc_options (option_name, option_value, default_value)
select 'AutoRegistrationDefaultClusterID', cluster_id::text, null from cluster;
insert into network (id, name, vdsm_name, description, storage_pool_id)
select '00000000-0000-0000-0000-000000000009', 'ovirtmgmt', 'ovirtmgmt', 'Management Network', id from storage_pool;
insert into network_cluster (network_id, cluster_id, status, required, management, is_display, migration, default_route)
select '00000000-0000-0000-0000-000000000009', cluster_id, 1, true, true, true, true, true from cluster;
insert into network_filter (filter_id, filter_name, version)
values
  ('0000000e-000e-000e-000e-000000000146', 'vdsm-no-mac-spoofing', '3.2'),
  ('0000000f-000f-000f-000f-000000000268', 'allow-arp', '3.6'),
  ('00000010-0010-0010-0010-00000000006c', 'allow-dhcp', '3.6'),
  ('00000014-0014-0014-0014-0000000003c1', 'clean-traffic', '3.6'),
  ('0000001b-001b-001b-001b-000000000212', 'no-mac-spoofing', '3.6');
insert into vnic_profiles (id, name, network_id, network_filter_id)
values ('0000000a-000a-000a-000a-000000000398', 'ovirtmgmt', '00000000-0000-0000-0000-000000000009', '0000000e-000e-000e-000e-000000000146');

insert into tags (tag_id, tag_name, description, readonly)
values ('00000000-0000-0000-0000-000000000000', 'root', 'The root of all tags', true);

-- Whoever may log in sees the pools and profiles that everybody may use.
insert into permissions (role_id, ad_element_id, object_id, object_type_id)
values ('def0000a-0000-0000-0000-def000000010', 'eee00000-0000-0000-0000-123456789eee', '0000000a-000a-000a-000a-000000000398', 27);
