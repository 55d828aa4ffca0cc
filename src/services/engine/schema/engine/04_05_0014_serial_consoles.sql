-- Serial consoles of virtual machines, and how people reach them with ssh.

insert into vdc_options (option_name, option_value, default_value)
values
  -- milliseconds that an envelope of the VM console proxy is taken before its beginning and after its end
  ('VMConsoleTicketTolerance', '10000', '10000')
on conflict (option_name, version) do nothing;

-- Consoles that can be connected to now: a row for each running virtual machine with a console device. The agents of hosts tell of them.
create table vm_serial_console (
  vm_id uuid primary key,
  vm_name varchar(255) not null,
  cluster_id uuid not null references cluster (cluster_id) on delete cascade,
  -- the address of the host, as the certificate of its ssh server bears it
  host_address varchar(255) not null check (host_address ~ '^[A-Za-z0-9:][A-Za-z0-9.:_-]*$')
);
create index vm_serial_console_name on vm_serial_console (vm_name);
create index vm_serial_console_cluster on vm_serial_console (cluster_id);

-- Whoever has connected shows a key, and its owner is looked for.
create index user_profiles_ssh_key on user_profiles using hash (split_part(property_content, ' ', 2)) where property_type = 'SSH_PUBLIC_KEY';

-- Virtual machines are objects as well (type 2), below their cluster. As long as only those with a console are known, they come from there.
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
  union all select vm_id, 2, cluster_id from vm_serial_console;
