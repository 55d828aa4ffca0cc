-- What the API shows besides: attributes of clusters and networks, what users keep for themselves, and the roles that were missing.
-- Names and columns are upstream's where upstream has them.

alter table cluster
  add column fencing_enabled boolean not null default true,
  add column skip_fencing_if_sd_active boolean not null default false,
  add column skip_fencing_if_connectivity_broken boolean not null default false,
  -- percent of the hosts that cannot be reached at the same time
  add column hosts_with_broken_connectivity_threshold smallint not null default 50
    check (hosts_with_broken_connectivity_threshold between 0 and 100),
  -- null: as the whole system has it
  add column auto_converge boolean,
  add column migrate_compressed boolean,
  add column migrate_encrypted boolean,
  add column required_rng_sources text[] not null default '{urandom}';

-- Addresses of name servers that hosts are given along with the network.
alter table network add column dns_name_servers text[] not null default '{}';

create table user_profiles (
  property_id uuid primary key default gen_random_uuid(),
  user_id uuid not null references users (user_id) on delete cascade,
  property_name varchar(255) not null,
  property_type varchar(16) not null check (property_type in ('JSON', 'SSH_PUBLIC_KEY')),
  property_content text not null,
  unique (user_id, property_type, property_name)
);

insert into roles (id, name, description, is_readonly, role_type, allows_viewing_children)
values
  ('def00007-0000-0000-0000-def000000007', 'VmPoolAdmin', 'Manages pools of virtual machines', true, 1, true),
  ('def00008-0000-0000-0000-def000000008', 'TemplateAdmin', 'Manages templates', true, 1, true),
  ('def0000b-0000-0000-0000-def000000011', 'TemplateCreator', 'May make templates', true, 2, false),
  ('def0000c-0000-0000-0000-def000000012', 'TemplateOwner', 'Manages a template', true, 2, true),
  ('def0000d-0000-0000-0000-def000000013', 'VmCreator', 'May make virtual machines', true, 2, false),
  ('def0000e-0000-0000-0000-def000000014', 'DiskCreator', 'May make disks', true, 2, false),
  ('def0000f-0000-0000-0000-def000000015', 'DiskOperator', 'Manages a disk', true, 2, true),
  ('def00010-0000-0000-0000-def000000016', 'QuotaConsumer', 'May use what a quota allows', true, 2, false),
  ('def00011-0000-0000-0000-def000000017', 'CpuProfileOperator', 'May assign a profile of processors', true, 2, true),
  ('def00012-0000-0000-0000-def000000018', 'DiskProfileUser', 'May attach a profile of disks', true, 2, true),
  ('def00018-0000-0000-0000-def000000019', 'GlusterAdmin', 'Manages Gluster volumes', true, 1, true),
  ('def00019-0000-0000-0000-def000000020', 'InstanceCreator', 'May make instances', true, 2, false),
  ('def0001a-0000-0000-0000-def000000021', 'UserInstanceManager', 'Manages an instance', true, 2, true),
  ('def0001b-0000-0000-0000-def000000022', 'UserVmRunTimeManager', 'Runs a virtual machine, and changes what it is made of', true, 2, true),
  ('def0001c-0000-0000-0000-def000000023', 'UserProfileEditor', 'May change what users keep for themselves', true, 2, false),
  ('def0001d-0000-0000-0000-def000000024', 'VmImporterExporter', 'May import and export virtual machines', true, 1, true);

insert into roles_groups (role_id, action_group_id)
select r.id, p
from roles r
cross join lateral unnest(case r.name
  when 'SuperUser' then array[9, 10, 11, 12, 13, 14, 15, 16, 201, 202, 203, 204, 205, 300, 301, 302, 303, 504, 900, 901, 1000, 1001, 1002, 1003, 1004,
    1103, 1105, 1106, 1107, 1108, 1109, 1110, 1550, 1560, 1561, 1562, 1563, 1665, 1666, 1667, 1668]
  when 'ClusterAdmin' then array[9, 10, 11, 12, 13, 14, 15, 300, 301, 302, 303, 1550, 1665, 1666, 1667, 1668]
  when 'DataCenterAdmin' then array[9, 10, 11, 12, 13, 14, 15, 201, 202, 203, 204, 205, 300, 301, 302, 303, 900, 901, 1103, 1550, 1665, 1666, 1667, 1668]
  when 'StorageAdmin' then array[1103, 1107, 1108, 1109, 1560, 1561, 1562, 1563]
  when 'UserVmManager' then array[9, 10, 12, 13, 1103]
  when 'PowerUserRole' then array[13, 1103]
  when 'VmPoolAdmin' then array[4, 5, 7, 17, 18, 19, 21, 22, 300, 301, 302, 303, 502, 1300]
  when 'TemplateAdmin' then array[200, 201, 202, 203, 204, 205, 502, 1300]
  when 'TemplateCreator' then array[200, 1300]
  when 'TemplateOwner' then array[201, 202, 203, 204, 502, 1300]
  when 'VmCreator' then array[1, 1300]
  when 'DiskCreator' then array[1100, 1300]
  when 'DiskOperator' then array[502, 1101, 1102, 1103, 1104, 1108, 1300]
  when 'QuotaConsumer' then array[901, 1300]
  when 'CpuProfileOperator' then array[1300, 1668]
  when 'DiskProfileUser' then array[1300, 1563]
  when 'GlusterAdmin' then array[502, 1000, 1001, 1002, 1003, 1004, 1300]
  when 'InstanceCreator' then array[16, 1300]
  when 'UserInstanceManager' then array[2, 3, 4, 5, 7, 13, 17, 18, 19, 21, 22, 502, 1300, 1664]
  when 'UserVmRunTimeManager' then array[3, 4, 5, 7, 9, 10, 12, 17, 18, 19, 21, 22, 1300, 1664]
  when 'UserProfileEditor' then array[504]
  when 'VmImporterExporter' then array[8, 1300]
end::integer[]) as p
on conflict do nothing;

-- Everybody may change what is their own; what is somebody else's takes another permit, which the engine asks for.
insert into permissions (role_id, ad_element_id, object_id, object_type_id)
values ('def0001c-0000-0000-0000-def000000023', 'eee00000-0000-0000-0000-123456789eee', 'aaa00000-0000-0000-0000-123456789aaa', 1);
