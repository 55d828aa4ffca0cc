-- What the engine and its data warehouse have to do with each other: a table of dates and words between the two, and the
-- views that the warehouse reads.

create table dwh_history_timekeeping (
  var_name varchar(50) primary key,
  var_value varchar(255),
  var_datetime timestamptz
);

insert into dwh_history_timekeeping (var_name, var_value, var_datetime)
values
  -- written by the engine while it runs; a warehouse samples nothing of an engine that does not
  ('heartBeat', null, null),
  -- written by the warehouse: its last samples and copy of the configuration, and what came in between
  ('lastSampling', null, null),
  ('lastSync', null, '2000-01-01 00:00:00+00'),
  ('lastFullHostCheck', null, '2000-01-01 00:00:00+00'),
  ('lastOsinfoUpdate', null, '2000-01-01 00:00:00+00'),
  ('timesFailed', '0', null),
  ('lastErrorSent', null, null),
  -- 1 while a warehouse is connected
  ('DwhCurrentlyRunning', '0', null),
  -- which installation this engine belongs to, written by setup; no other one may start
  ('dwhHostname', null, null),
  ('dwhUuid', null, null);

insert into vdc_options (option_name, option_value, default_value)
values
  -- seconds between two heartbeats
  ('DwhHeartBeatInterval', '15', '15'),
  -- 1 asks a running warehouse to end
  ('DisconnectDwh', '0', '0'),
  -- the oldest warehouse that understands these views
  ('MinimalETLVersion', '4.5.0', '4.5.0');

-- The contract of the views. A view shows all there is now: the warehouse compares it with what it knows, and takes what
-- is missing for gone. Columns have the names that they have in the history; create_date is when the object came into
-- being, update_date when it last changed, null where that is not known. Statuses are reduced to
--   hosts              1 up, 2 maintenance (also on the way there, and while it is installed), 3 problematic
--   virtual machines   0 down, 1 up, 2 paused, 3 problematic
--   storage domains    0 unattached, 1 active, 2 inactive, 3 mixed, 4 locked, -1 unknown
-- Where the engine has no such objects yet a view is empty. The migration that brings them says `create or replace view`
-- with the same columns in the same order and of the same types, and may add columns at the end.

create view dwh_datacenter_configuration_history_view as
  select
    null::uuid as datacenter_id, null::text as datacenter_name, null::text as datacenter_description,
    null::boolean as is_local_storage, null::timestamptz as create_date, null::timestamptz as update_date
  where false;

create view dwh_datacenter_storage_map_history_view as
  select
    null::uuid as storage_domain_id, null::uuid as datacenter_id
  where false;

create view dwh_storage_domain_configuration_history_view as
  select
    null::uuid as storage_domain_id, null::text as storage_domain_name, null::smallint as storage_domain_type,
    null::smallint as storage_type, null::timestamptz as create_date, null::timestamptz as update_date
  where false;

create view dwh_storage_domain_history_view as
  select
    null::uuid as storage_domain_id, null::smallint as storage_domain_status,
    null::integer as available_disk_size_gb, null::integer as used_disk_size_gb
  where false;

create view dwh_cluster_configuration_history_view as
  select
    null::uuid as cluster_id, null::text as cluster_name, null::text as cluster_description,
    null::uuid as datacenter_id, null::text as cpu_name, null::boolean as count_threads_as_cores,
    null::text as compatibility_version, null::timestamptz as create_date, null::timestamptz as update_date
  where false;

create view dwh_host_configuration_history_view as
  select
    null::uuid as host_id, null::text as host_unique_id, null::text as host_name, null::uuid as cluster_id,
    null::smallint as host_type, null::text as fqdn_or_ip, null::bigint as memory_size_mb,
    null::bigint as swap_size_mb, null::text as cpu_model, null::integer as number_of_cores,
    null::integer as number_of_sockets, null::integer as number_of_threads, null::numeric as cpu_speed_mh,
    null::integer as threads_per_core, null::text as host_os, null::text as kernel_version,
    null::text as kvm_version, null::text as vdsm_version, null::integer as vdsm_port,
    null::text as hardware_manufacturer, null::text as hardware_product_name, null::text as hardware_version,
    null::text as hardware_serial_number, null::timestamptz as create_date, null::timestamptz as update_date
  where false;

create view dwh_host_configuration_full_check_view as
  select
    null::uuid as host_id, null::text as host_unique_id, null::text as host_name, null::uuid as cluster_id,
    null::smallint as host_type, null::text as fqdn_or_ip, null::bigint as memory_size_mb,
    null::bigint as swap_size_mb, null::text as cpu_model, null::integer as number_of_cores,
    null::integer as number_of_sockets, null::integer as number_of_threads, null::numeric as cpu_speed_mh,
    null::integer as threads_per_core, null::text as host_os, null::text as kernel_version,
    null::text as kvm_version, null::text as vdsm_version, null::integer as vdsm_port,
    null::text as hardware_manufacturer, null::text as hardware_product_name, null::text as hardware_version,
    null::text as hardware_serial_number, null::timestamptz as create_date, null::timestamptz as update_date
  where false;

create view dwh_host_history_view as
  select
    null::uuid as host_id, null::smallint as host_status, null::smallint as memory_usage_percent,
    null::bigint as ksm_shared_memory_mb, null::smallint as cpu_usage_percent, null::smallint as ksm_cpu_percent,
    null::integer as active_vms, null::integer as total_vms, null::integer as total_vms_vcpus,
    null::integer as cpu_load, null::smallint as system_cpu_usage_percent, null::smallint as user_cpu_usage_percent,
    null::bigint as swap_used_mb
  where false;

create view dwh_host_interface_configuration_history_view as
  select
    null::uuid as host_interface_id, null::text as host_interface_name, null::uuid as host_id,
    null::smallint as host_interface_type, null::bigint as host_interface_speed_bps, null::text as mac_address,
    null::text as logical_network_name, null::text as ip_address, null::text as gateway, null::boolean as bond,
    null::text as bond_name, null::integer as vlan_id, null::timestamptz as create_date,
    null::timestamptz as update_date
  where false;

create view dwh_host_interface_history_view as
  select
    null::uuid as host_interface_id, null::smallint as receive_rate_percent, null::smallint as transmit_rate_percent,
    null::bigint as received_total_byte, null::bigint as transmitted_total_byte,
    null::bigint as received_dropped_total_packets, null::bigint as transmitted_dropped_total_packets
  where false;

create view dwh_vm_configuration_history_view as
  select
    null::uuid as vm_id, null::text as vm_name, null::text as vm_description, null::smallint as vm_type,
    null::uuid as cluster_id, null::uuid as template_id, null::text as template_name,
    null::integer as cpu_per_socket, null::integer as number_of_sockets, null::bigint as memory_size_mb,
    null::integer as operating_system, null::uuid as default_host, null::boolean as high_availability,
    null::boolean as initialized, null::boolean as stateless, null::boolean as fail_back,
    null::smallint as usb_policy, null::text as time_zone, null::uuid as vm_pool_id, null::text as vm_pool_name,
    null::uuid as created_by_user_id, null::timestamptz as create_date, null::timestamptz as update_date
  where false;

create view dwh_vm_history_view as
  select
    null::uuid as vm_id, null::smallint as vm_status, null::smallint as cpu_usage_percent,
    null::smallint as memory_usage_percent, null::smallint as user_cpu_usage_percent,
    null::smallint as system_cpu_usage_percent, null::text as vm_ip, null::text as vm_client_ip,
    null::uuid as currently_running_on_host, null::uuid as current_user_id, null::boolean as user_logged_in_to_guest,
    null::text as disks_usage, null::bigint as memory_buffered_kb, null::bigint as memory_cached_kb
  where false;

create view dwh_vm_interface_configuration_history_view as
  select
    null::uuid as vm_interface_id, null::text as vm_interface_name, null::uuid as vm_id,
    null::smallint as vm_interface_type, null::bigint as vm_interface_speed_bps, null::text as mac_address,
    null::text as logical_network_name, null::timestamptz as create_date, null::timestamptz as update_date
  where false;

create view dwh_vm_interface_history_view as
  select
    null::uuid as vm_interface_id, null::smallint as receive_rate_percent, null::smallint as transmit_rate_percent,
    null::bigint as received_total_byte, null::bigint as transmitted_total_byte,
    null::bigint as received_dropped_total_packets, null::bigint as transmitted_dropped_total_packets
  where false;

create view dwh_vm_disk_configuration_history_view as
  select
    null::uuid as vm_disk_id, null::text as vm_disk_name, null::text as vm_disk_description,
    null::uuid as storage_domain_id, null::bigint as vm_disk_size_mb, null::smallint as vm_disk_type,
    null::smallint as vm_disk_format, null::boolean as is_shared, null::timestamptz as create_date,
    null::timestamptz as update_date
  where false;

create view dwh_vm_disks_history_view as
  select
    null::uuid as vm_disk_id, null::smallint as vm_disk_status, null::bigint as vm_disk_actual_size_mb,
    null::bigint as read_rate_bytes_per_second, null::bigint as read_ops_total_count,
    null::numeric as read_latency_seconds, null::bigint as write_rate_bytes_per_second,
    null::bigint as write_ops_total_count, null::numeric as write_latency_seconds,
    null::numeric as flush_latency_seconds
  where false;

create view dwh_vm_device_history_view as
  select
    null::uuid as device_id, null::uuid as vm_id, null::text as type, null::text as address,
    null::boolean as is_managed, null::boolean as is_plugged, null::boolean as is_readonly,
    null::timestamptz as create_date, null::timestamptz as update_date
  where false;

create view dwh_add_tags_relations_history_view as
  select
    null::uuid as entity_id, null::smallint as entity_type, null::uuid as parent_id,
    null::timestamptz as attach_date
  where false;

create view dwh_remove_tags_relations_history_view as
  select
    null::uuid as entity_id, null::uuid as parent_id, null::timestamptz as detach_date
  where false;

create view dwh_tags_details_history_view as
  select
    null::uuid as tag_id, null::text as tag_name, null::text as tag_description, null::text as tag_path,
    null::smallint as tag_level, null::timestamptz as create_date, null::timestamptz as update_date
  where false;

create view dwh_users_history_view as
  select
    user_id, name::text as first_name, surname::text as last_name, domain::text as domain, username::text as username,
    department::text as department, null::text as user_role_title, email::text as email, external_id,
    true as active, _create_date as create_date, null::timestamptz as update_date
  from users;
