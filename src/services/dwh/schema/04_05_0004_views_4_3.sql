-- The views of generation 4.3, for reports that were written for it: the same without what 4.5 has added.

-- What there was: every version, and the latest one of what is still there.

create view v4_3_configuration_history_datacenters as
  select
    history_id, datacenter_id, datacenter_name, datacenter_description, is_local_storage, create_date, update_date,
    delete_date
  from datacenter_configuration;

create view v4_3_latest_configuration_datacenters as
  select * from v4_3_configuration_history_datacenters a
  where delete_date is null
    and history_id = (select max(history_id) from datacenter_configuration b where b.datacenter_id = a.datacenter_id);

create view v4_3_configuration_history_storage_domains as
  select
    history_id, storage_domain_id, storage_domain_name, storage_domain_type, storage_type, create_date,
    update_date, delete_date
  from storage_domain_configuration;

create view v4_3_latest_configuration_storage_domains as
  select * from v4_3_configuration_history_storage_domains a
  where delete_date is null
    and history_id = (select max(history_id) from storage_domain_configuration b where b.storage_domain_id = a.storage_domain_id);

create view v4_3_configuration_history_clusters as
  select
    history_id, cluster_id, cluster_name, cluster_description, datacenter_id, cpu_name, compatibility_version,
    datacenter_configuration_version, create_date, update_date, delete_date
  from cluster_configuration;

create view v4_3_latest_configuration_clusters as
  select * from v4_3_configuration_history_clusters a
  where delete_date is null
    and history_id = (select max(history_id) from cluster_configuration b where b.cluster_id = a.cluster_id);

create view v4_3_configuration_history_hosts as
  select
    history_id, host_id, host_unique_id, host_name, cluster_id, host_type, fqdn_or_ip, memory_size_mb,
    swap_size_mb, cpu_model, number_of_cores, number_of_sockets, cpu_speed_mh, threads_per_core, host_os,
    kernel_version, kvm_version, vdsm_version, vdsm_port, hardware_manufacturer, hardware_product_name,
    hardware_version, hardware_serial_number, cluster_configuration_version, create_date, update_date, delete_date
  from host_configuration;

create view v4_3_latest_configuration_hosts as
  select * from v4_3_configuration_history_hosts a
  where delete_date is null
    and history_id = (select max(history_id) from host_configuration b where b.host_id = a.host_id);

create view v4_3_configuration_history_hosts_interfaces as
  select
    history_id, host_interface_id, host_interface_name, host_id, host_interface_type, host_interface_speed_bps,
    mac_address, logical_network_name, ip_address, gateway, bond, bond_name, vlan_id, host_configuration_version,
    create_date, update_date, delete_date
  from host_interface_configuration;

create view v4_3_latest_configuration_hosts_interfaces as
  select * from v4_3_configuration_history_hosts_interfaces a
  where delete_date is null
    and history_id = (select max(history_id) from host_interface_configuration b where b.host_interface_id = a.host_interface_id);

create view v4_3_configuration_history_vms as
  select
    history_id, vm_id, vm_name, vm_description, vm_type, cluster_id, template_id, template_name, cpu_per_socket,
    number_of_sockets, memory_size_mb, operating_system, default_host, high_availability, initialized, stateless,
    fail_back, usb_policy, time_zone, vm_pool_id, vm_pool_name, created_by_user_id, cluster_configuration_version,
    default_host_configuration_version, create_date, update_date, delete_date
  from vm_configuration;

create view v4_3_latest_configuration_vms as
  select * from v4_3_configuration_history_vms a
  where delete_date is null
    and history_id = (select max(history_id) from vm_configuration b where b.vm_id = a.vm_id);

create view v4_3_configuration_history_vms_interfaces as
  select
    history_id, vm_interface_id, vm_interface_name, vm_id, vm_interface_type, vm_interface_speed_bps, mac_address,
    logical_network_name, vm_configuration_version, create_date, update_date, delete_date
  from vm_interface_configuration;

create view v4_3_latest_configuration_vms_interfaces as
  select * from v4_3_configuration_history_vms_interfaces a
  where delete_date is null
    and history_id = (select max(history_id) from vm_interface_configuration b where b.vm_interface_id = a.vm_interface_id);

create view v4_3_configuration_history_vms_disks as
  select
    history_id, vm_disk_id, vm_disk_name, vm_disk_description, storage_domain_id, vm_disk_size_mb, vm_disk_type,
    vm_disk_format, is_shared, create_date, update_date, delete_date
  from vm_disk_configuration;

create view v4_3_latest_configuration_vms_disks as
  select * from v4_3_configuration_history_vms_disks a
  where delete_date is null
    and history_id = (select max(history_id) from vm_disk_configuration b where b.vm_disk_id = a.vm_disk_id);

create view v4_3_configuration_history_vms_devices as
  select
    history_id, device_id, vm_id, type, address, is_managed, is_plugged, is_readonly, vm_configuration_version,
    create_date, update_date, delete_date
  from vm_device_history;

create view v4_3_latest_configuration_vms_devices as
  select * from v4_3_configuration_history_vms_devices a
  where delete_date is null
    and history_id = (select max(history_id) from vm_device_history b where b.device_id = a.device_id);

-- What belonged to what.

create view v4_3_map_history_datacenters_storage_domains as
  select
    history_id, storage_domain_id, datacenter_id, attach_date, detach_date
  from datacenter_storage_domain_map;

create view v4_3_latest_map_datacenters_storage_domains as
  select * from v4_3_map_history_datacenters_storage_domains where detach_date is null;

create view v4_3_tags_relations_history as
  select
    history_id, entity_id, entity_type, parent_id, attach_date, detach_date
  from tag_relations_history;

create view v4_3_latest_tags_relations as
  select * from v4_3_tags_relations_history where detach_date is null;

create view v4_3_tags_details_history as
  select
    history_id, tag_id, tag_name, tag_description, tag_path, tag_level, create_date, update_date, delete_date
  from tag_details;

create view v4_3_latest_tags_details as
  select * from v4_3_tags_details_history a
  where delete_date is null and history_id = (select max(history_id) from tag_details b where b.tag_id = a.tag_id);

create view v4_3_users_details_history as
  select
    history_id, user_id, first_name, last_name, domain, username, department, user_role_title, email, external_id,
    active, create_date, update_date, delete_date
  from users_details_history;

create view v4_3_latest_users_details as
  select * from v4_3_users_details_history a
  where delete_date is null and history_id = (select max(history_id) from users_details_history b where b.user_id = a.user_id);

-- How it was used.

create view v4_3_statistics_storage_domains_resources_usage_samples as
  select
    history_id, history_datetime, storage_domain_id, storage_domain_status, seconds_in_status,
    round(seconds_in_status / 60.0, 2) as minutes_in_status, available_disk_size_gb, used_disk_size_gb,
    storage_configuration_version
  from storage_domain_samples_history;

create view v4_3_statistics_storage_domains_resources_usage_hourly as
  select
    history_id, history_datetime, storage_domain_id, storage_domain_status,
    (minutes_in_status * 60)::integer as seconds_in_status, minutes_in_status, available_disk_size_gb,
    used_disk_size_gb, storage_configuration_version
  from storage_domain_hourly_history;

create view v4_3_statistics_storage_domains_resources_usage_daily as
  select
    history_id, history_datetime, storage_domain_id, storage_domain_status,
    (minutes_in_status * 60)::integer as seconds_in_status, minutes_in_status, available_disk_size_gb,
    used_disk_size_gb, storage_configuration_version
  from storage_domain_daily_history;

create view v4_3_statistics_hosts_resources_usage_samples as
  select
    history_id, history_datetime, host_id, host_status, seconds_in_status,
    round(seconds_in_status / 60.0, 2) as minutes_in_status, memory_usage_percent, ksm_shared_memory_mb,
    cpu_usage_percent, ksm_cpu_percent, active_vms, total_vms, total_vms_vcpus, cpu_load, system_cpu_usage_percent,
    user_cpu_usage_percent, swap_used_mb, host_configuration_version
  from host_samples_history;

create view v4_3_statistics_hosts_resources_usage_hourly as
  select
    history_id, history_datetime, host_id, host_status, (minutes_in_status * 60)::integer as seconds_in_status,
    minutes_in_status, memory_usage_percent, max_memory_usage, ksm_shared_memory_mb, max_ksm_shared_memory_mb,
    cpu_usage_percent, max_cpu_usage, ksm_cpu_percent, max_ksm_cpu_percent, active_vms, max_active_vms, total_vms,
    max_total_vms, total_vms_vcpus, max_total_vms_vcpus, cpu_load, max_cpu_load, system_cpu_usage_percent,
    max_system_cpu_usage_percent, user_cpu_usage_percent, max_user_cpu_usage_percent, swap_used_mb,
    max_swap_used_mb, host_configuration_version
  from host_hourly_history;

create view v4_3_statistics_hosts_resources_usage_daily as
  select
    history_id, history_datetime, host_id, host_status, (minutes_in_status * 60)::integer as seconds_in_status,
    minutes_in_status, memory_usage_percent, max_memory_usage, ksm_shared_memory_mb, max_ksm_shared_memory_mb,
    cpu_usage_percent, max_cpu_usage, ksm_cpu_percent, max_ksm_cpu_percent, active_vms, max_active_vms, total_vms,
    max_total_vms, total_vms_vcpus, max_total_vms_vcpus, cpu_load, max_cpu_load, system_cpu_usage_percent,
    max_system_cpu_usage_percent, user_cpu_usage_percent, max_user_cpu_usage_percent, swap_used_mb,
    max_swap_used_mb, host_configuration_version
  from host_daily_history;

create view v4_3_statistics_hosts_interfaces_resources_usage_samples as
  select
    history_id, history_datetime, host_interface_id, receive_rate_percent, transmit_rate_percent,
    received_total_byte, transmitted_total_byte, host_interface_configuration_version
  from host_interface_samples_history;

create view v4_3_statistics_hosts_interfaces_resources_usage_hourly as
  select
    history_id, history_datetime, host_interface_id, receive_rate_percent, max_receive_rate_percent,
    transmit_rate_percent, max_transmit_rate_percent, received_total_byte, transmitted_total_byte,
    host_interface_configuration_version
  from host_interface_hourly_history;

create view v4_3_statistics_hosts_interfaces_resources_usage_daily as
  select
    history_id, history_datetime, host_interface_id, receive_rate_percent, max_receive_rate_percent,
    transmit_rate_percent, max_transmit_rate_percent, received_total_byte, transmitted_total_byte,
    host_interface_configuration_version
  from host_interface_daily_history;

create view v4_3_statistics_vms_resources_usage_samples as
  select
    history_id, history_datetime, vm_id, vm_status, seconds_in_status,
    round(seconds_in_status / 60.0, 2) as minutes_in_status, cpu_usage_percent, memory_usage_percent,
    user_cpu_usage_percent, system_cpu_usage_percent, vm_ip, vm_client_ip, currently_running_on_host,
    current_user_id, user_logged_in_to_guest, disks_usage, memory_buffered_kb, memory_cached_kb,
    vm_configuration_version, current_host_configuration_version
  from vm_samples_history;

create view v4_3_statistics_vms_resources_usage_hourly as
  select
    history_id, history_datetime, vm_id, vm_status, (minutes_in_status * 60)::integer as seconds_in_status,
    minutes_in_status, cpu_usage_percent, max_cpu_usage, memory_usage_percent, max_memory_usage,
    user_cpu_usage_percent, max_user_cpu_usage_percent, system_cpu_usage_percent, max_system_cpu_usage_percent,
    vm_ip, currently_running_on_host, current_user_id, disks_usage, memory_buffered_kb, max_memory_buffered_kb,
    memory_cached_kb, max_memory_cached_kb, vm_configuration_version, current_host_configuration_version
  from vm_hourly_history;

create view v4_3_statistics_vms_resources_usage_daily as
  select
    history_id, history_datetime, vm_id, vm_status, (minutes_in_status * 60)::integer as seconds_in_status,
    minutes_in_status, cpu_usage_percent, max_cpu_usage, memory_usage_percent, max_memory_usage,
    user_cpu_usage_percent, max_user_cpu_usage_percent, system_cpu_usage_percent, max_system_cpu_usage_percent,
    vm_ip, currently_running_on_host, current_user_id, disks_usage, memory_buffered_kb, max_memory_buffered_kb,
    memory_cached_kb, max_memory_cached_kb, vm_configuration_version, current_host_configuration_version
  from vm_daily_history;

create view v4_3_statistics_vms_interfaces_resources_usage_samples as
  select
    history_id, history_datetime, vm_interface_id, receive_rate_percent, transmit_rate_percent,
    received_total_byte, transmitted_total_byte, vm_interface_configuration_version
  from vm_interface_samples_history;

create view v4_3_statistics_vms_interfaces_resources_usage_hourly as
  select
    history_id, history_datetime, vm_interface_id, receive_rate_percent, max_receive_rate_percent,
    transmit_rate_percent, max_transmit_rate_percent, received_total_byte, transmitted_total_byte,
    vm_interface_configuration_version
  from vm_interface_hourly_history;

create view v4_3_statistics_vms_interfaces_resources_usage_daily as
  select
    history_id, history_datetime, vm_interface_id, receive_rate_percent, max_receive_rate_percent,
    transmit_rate_percent, max_transmit_rate_percent, received_total_byte, transmitted_total_byte,
    vm_interface_configuration_version
  from vm_interface_daily_history;

create view v4_3_statistics_vms_disks_resources_usage_samples as
  select
    history_id, history_datetime, vm_disk_id, vm_disk_status, seconds_in_status,
    round(seconds_in_status / 60.0, 2) as minutes_in_status, vm_disk_actual_size_mb, read_rate_bytes_per_second,
    read_latency_seconds, write_rate_bytes_per_second, write_latency_seconds, flush_latency_seconds,
    vm_disk_configuration_version
  from vm_disk_samples_history;

create view v4_3_statistics_vms_disks_resources_usage_hourly as
  select
    history_id, history_datetime, vm_disk_id, vm_disk_status,
    (minutes_in_status * 60)::integer as seconds_in_status, minutes_in_status, vm_disk_actual_size_mb,
    max_vm_disk_actual_size_mb, read_rate_bytes_per_second, max_read_rate_bytes_per_second, read_latency_seconds,
    max_read_latency_seconds, write_rate_bytes_per_second, max_write_rate_bytes_per_second, write_latency_seconds,
    max_write_latency_seconds, flush_latency_seconds, max_flush_latency_seconds, vm_disk_configuration_version
  from vm_disk_hourly_history;

create view v4_3_statistics_vms_disks_resources_usage_daily as
  select
    history_id, history_datetime, vm_disk_id, vm_disk_status,
    (minutes_in_status * 60)::integer as seconds_in_status, minutes_in_status, vm_disk_actual_size_mb,
    max_vm_disk_actual_size_mb, read_rate_bytes_per_second, max_read_rate_bytes_per_second, read_latency_seconds,
    max_read_latency_seconds, write_rate_bytes_per_second, max_write_rate_bytes_per_second, write_latency_seconds,
    max_write_latency_seconds, flush_latency_seconds, max_flush_latency_seconds, vm_disk_configuration_version
  from vm_disk_daily_history;

create view v4_3_statistics_vms_users_usage_hourly as
  select
    history_id, history_datetime, user_id, vm_id, session_time_in_minutes, cpu_usage_percent, max_cpu_usage,
    memory_usage_percent, max_memory_usage, user_cpu_usage_percent, max_user_cpu_usage_percent,
    system_cpu_usage_percent, max_system_cpu_usage_percent, vm_ip, currently_running_on_host,
    vm_configuration_version, current_host_configuration_version
  from statistics_vms_users_usage_hourly;

create view v4_3_statistics_vms_users_usage_daily as
  select
    history_id, history_datetime, user_id, vm_id, session_time_in_minutes, cpu_usage_percent, max_cpu_usage,
    memory_usage_percent, max_memory_usage, user_cpu_usage_percent, max_user_cpu_usage_percent,
    system_cpu_usage_percent, max_system_cpu_usage_percent, vm_ip, currently_running_on_host,
    vm_configuration_version, current_host_configuration_version
  from statistics_vms_users_usage_daily;

-- Statistics together with the configuration that held then.

create view v4_3_fully_joined_statistics_hosts_resources_usage_samples as
  select
    s.history_id, s.history_datetime, s.host_id, s.host_status, s.seconds_in_status, s.minutes_in_status,
    s.memory_usage_percent, s.ksm_shared_memory_mb, s.cpu_usage_percent, s.ksm_cpu_percent, s.active_vms,
    s.total_vms, s.total_vms_vcpus, s.cpu_load, s.system_cpu_usage_percent, s.user_cpu_usage_percent,
    s.swap_used_mb, s.host_configuration_version, c.host_unique_id, c.host_name, c.cluster_id, c.host_type,
    c.fqdn_or_ip, c.memory_size_mb, c.swap_size_mb, c.cpu_model, c.number_of_cores, c.number_of_sockets,
    c.cpu_speed_mh, c.threads_per_core, c.host_os, c.kernel_version, c.kvm_version, c.vdsm_version, c.vdsm_port,
    c.hardware_manufacturer, c.hardware_product_name, c.hardware_version, c.hardware_serial_number,
    c.cluster_configuration_version, c.create_date, c.update_date, c.delete_date, k.cluster_name,
    k.cluster_description, k.datacenter_id, k.cpu_name, k.compatibility_version,
    k.datacenter_configuration_version, d.datacenter_name, d.datacenter_description, d.is_local_storage
  from v4_3_statistics_hosts_resources_usage_samples s
  left join v4_3_configuration_history_hosts c on c.history_id = s.host_configuration_version
  left join v4_3_configuration_history_clusters k on k.history_id = c.cluster_configuration_version
  left join v4_3_configuration_history_datacenters d on d.history_id = k.datacenter_configuration_version;

create view v4_3_fully_joined_statistics_hosts_resources_usage_hourly as
  select
    s.history_id, s.history_datetime, s.host_id, s.host_status, s.seconds_in_status, s.minutes_in_status,
    s.memory_usage_percent, s.max_memory_usage, s.ksm_shared_memory_mb, s.max_ksm_shared_memory_mb,
    s.cpu_usage_percent, s.max_cpu_usage, s.ksm_cpu_percent, s.max_ksm_cpu_percent, s.active_vms, s.max_active_vms,
    s.total_vms, s.max_total_vms, s.total_vms_vcpus, s.max_total_vms_vcpus, s.cpu_load, s.max_cpu_load,
    s.system_cpu_usage_percent, s.max_system_cpu_usage_percent, s.user_cpu_usage_percent,
    s.max_user_cpu_usage_percent, s.swap_used_mb, s.max_swap_used_mb, s.host_configuration_version,
    c.host_unique_id, c.host_name, c.cluster_id, c.host_type, c.fqdn_or_ip, c.memory_size_mb, c.swap_size_mb,
    c.cpu_model, c.number_of_cores, c.number_of_sockets, c.cpu_speed_mh, c.threads_per_core, c.host_os,
    c.kernel_version, c.kvm_version, c.vdsm_version, c.vdsm_port, c.hardware_manufacturer, c.hardware_product_name,
    c.hardware_version, c.hardware_serial_number, c.cluster_configuration_version, c.create_date, c.update_date,
    c.delete_date, k.cluster_name, k.cluster_description, k.datacenter_id, k.cpu_name, k.compatibility_version,
    k.datacenter_configuration_version, d.datacenter_name, d.datacenter_description, d.is_local_storage
  from v4_3_statistics_hosts_resources_usage_hourly s
  left join v4_3_configuration_history_hosts c on c.history_id = s.host_configuration_version
  left join v4_3_configuration_history_clusters k on k.history_id = c.cluster_configuration_version
  left join v4_3_configuration_history_datacenters d on d.history_id = k.datacenter_configuration_version;

create view v4_3_fully_joined_statistics_hosts_resources_usage_daily as
  select
    s.history_id, s.history_datetime, s.host_id, s.host_status, s.seconds_in_status, s.minutes_in_status,
    s.memory_usage_percent, s.max_memory_usage, s.ksm_shared_memory_mb, s.max_ksm_shared_memory_mb,
    s.cpu_usage_percent, s.max_cpu_usage, s.ksm_cpu_percent, s.max_ksm_cpu_percent, s.active_vms, s.max_active_vms,
    s.total_vms, s.max_total_vms, s.total_vms_vcpus, s.max_total_vms_vcpus, s.cpu_load, s.max_cpu_load,
    s.system_cpu_usage_percent, s.max_system_cpu_usage_percent, s.user_cpu_usage_percent,
    s.max_user_cpu_usage_percent, s.swap_used_mb, s.max_swap_used_mb, s.host_configuration_version,
    c.host_unique_id, c.host_name, c.cluster_id, c.host_type, c.fqdn_or_ip, c.memory_size_mb, c.swap_size_mb,
    c.cpu_model, c.number_of_cores, c.number_of_sockets, c.cpu_speed_mh, c.threads_per_core, c.host_os,
    c.kernel_version, c.kvm_version, c.vdsm_version, c.vdsm_port, c.hardware_manufacturer, c.hardware_product_name,
    c.hardware_version, c.hardware_serial_number, c.cluster_configuration_version, c.create_date, c.update_date,
    c.delete_date, k.cluster_name, k.cluster_description, k.datacenter_id, k.cpu_name, k.compatibility_version,
    k.datacenter_configuration_version, d.datacenter_name, d.datacenter_description, d.is_local_storage
  from v4_3_statistics_hosts_resources_usage_daily s
  left join v4_3_configuration_history_hosts c on c.history_id = s.host_configuration_version
  left join v4_3_configuration_history_clusters k on k.history_id = c.cluster_configuration_version
  left join v4_3_configuration_history_datacenters d on d.history_id = k.datacenter_configuration_version;

create view v4_3_fully_joined_statistics_vms_resources_usage_samples as
  select
    s.history_id, s.history_datetime, s.vm_id, s.vm_status, s.seconds_in_status, s.minutes_in_status,
    s.cpu_usage_percent, s.memory_usage_percent, s.user_cpu_usage_percent, s.system_cpu_usage_percent, s.vm_ip,
    s.vm_client_ip, s.currently_running_on_host, s.current_user_id, s.user_logged_in_to_guest, s.disks_usage,
    s.memory_buffered_kb, s.memory_cached_kb, s.vm_configuration_version, s.current_host_configuration_version,
    c.vm_name, c.vm_description, c.vm_type, c.cluster_id, c.template_id, c.template_name, c.cpu_per_socket,
    c.number_of_sockets, c.memory_size_mb, c.operating_system, c.default_host, c.high_availability, c.initialized,
    c.stateless, c.fail_back, c.usb_policy, c.time_zone, c.vm_pool_id, c.vm_pool_name, c.created_by_user_id,
    c.cluster_configuration_version, c.default_host_configuration_version, c.create_date, c.update_date,
    c.delete_date, k.cluster_name, k.cluster_description, k.datacenter_id, k.cpu_name, k.compatibility_version,
    k.datacenter_configuration_version, d.datacenter_name, d.datacenter_description, d.is_local_storage,
    r.host_name as current_host_name, r.fqdn_or_ip as current_host_fqdn_or_ip
  from v4_3_statistics_vms_resources_usage_samples s
  left join v4_3_configuration_history_vms c on c.history_id = s.vm_configuration_version
  left join v4_3_configuration_history_clusters k on k.history_id = c.cluster_configuration_version
  left join v4_3_configuration_history_datacenters d on d.history_id = k.datacenter_configuration_version
  left join v4_3_configuration_history_hosts r on r.history_id = s.current_host_configuration_version;

create view v4_3_fully_joined_statistics_vms_resources_usage_hourly as
  select
    s.history_id, s.history_datetime, s.vm_id, s.vm_status, s.seconds_in_status, s.minutes_in_status,
    s.cpu_usage_percent, s.max_cpu_usage, s.memory_usage_percent, s.max_memory_usage, s.user_cpu_usage_percent,
    s.max_user_cpu_usage_percent, s.system_cpu_usage_percent, s.max_system_cpu_usage_percent, s.vm_ip,
    s.currently_running_on_host, s.current_user_id, s.disks_usage, s.memory_buffered_kb, s.max_memory_buffered_kb,
    s.memory_cached_kb, s.max_memory_cached_kb, s.vm_configuration_version, s.current_host_configuration_version,
    c.vm_name, c.vm_description, c.vm_type, c.cluster_id, c.template_id, c.template_name, c.cpu_per_socket,
    c.number_of_sockets, c.memory_size_mb, c.operating_system, c.default_host, c.high_availability, c.initialized,
    c.stateless, c.fail_back, c.usb_policy, c.time_zone, c.vm_pool_id, c.vm_pool_name, c.created_by_user_id,
    c.cluster_configuration_version, c.default_host_configuration_version, c.create_date, c.update_date,
    c.delete_date, k.cluster_name, k.cluster_description, k.datacenter_id, k.cpu_name, k.compatibility_version,
    k.datacenter_configuration_version, d.datacenter_name, d.datacenter_description, d.is_local_storage,
    r.host_name as current_host_name, r.fqdn_or_ip as current_host_fqdn_or_ip
  from v4_3_statistics_vms_resources_usage_hourly s
  left join v4_3_configuration_history_vms c on c.history_id = s.vm_configuration_version
  left join v4_3_configuration_history_clusters k on k.history_id = c.cluster_configuration_version
  left join v4_3_configuration_history_datacenters d on d.history_id = k.datacenter_configuration_version
  left join v4_3_configuration_history_hosts r on r.history_id = s.current_host_configuration_version;

create view v4_3_fully_joined_statistics_vms_resources_usage_daily as
  select
    s.history_id, s.history_datetime, s.vm_id, s.vm_status, s.seconds_in_status, s.minutes_in_status,
    s.cpu_usage_percent, s.max_cpu_usage, s.memory_usage_percent, s.max_memory_usage, s.user_cpu_usage_percent,
    s.max_user_cpu_usage_percent, s.system_cpu_usage_percent, s.max_system_cpu_usage_percent, s.vm_ip,
    s.currently_running_on_host, s.current_user_id, s.disks_usage, s.memory_buffered_kb, s.max_memory_buffered_kb,
    s.memory_cached_kb, s.max_memory_cached_kb, s.vm_configuration_version, s.current_host_configuration_version,
    c.vm_name, c.vm_description, c.vm_type, c.cluster_id, c.template_id, c.template_name, c.cpu_per_socket,
    c.number_of_sockets, c.memory_size_mb, c.operating_system, c.default_host, c.high_availability, c.initialized,
    c.stateless, c.fail_back, c.usb_policy, c.time_zone, c.vm_pool_id, c.vm_pool_name, c.created_by_user_id,
    c.cluster_configuration_version, c.default_host_configuration_version, c.create_date, c.update_date,
    c.delete_date, k.cluster_name, k.cluster_description, k.datacenter_id, k.cpu_name, k.compatibility_version,
    k.datacenter_configuration_version, d.datacenter_name, d.datacenter_description, d.is_local_storage,
    r.host_name as current_host_name, r.fqdn_or_ip as current_host_fqdn_or_ip
  from v4_3_statistics_vms_resources_usage_daily s
  left join v4_3_configuration_history_vms c on c.history_id = s.vm_configuration_version
  left join v4_3_configuration_history_clusters k on k.history_id = c.cluster_configuration_version
  left join v4_3_configuration_history_datacenters d on d.history_id = k.datacenter_configuration_version
  left join v4_3_configuration_history_hosts r on r.history_id = s.current_host_configuration_version;
